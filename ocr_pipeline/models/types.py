"""Requests to models, their replies, and the record of a call."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Finish = Literal["complete", "truncated", "blocked", "empty"]
"""How a reply ended; `empty`: no text and none of the other reasons."""

Purpose = Literal["extract", "repair"]

TOKENS_PER_PAGE = 1120
"""For estimates: what Gemini 3 counts for an image at its default resolution. Costs are computed from the usage."""
CHARACTERS_PER_TOKEN = 3.0
"""For estimates. Invoices are digits and abbreviations: fewer characters per token than prose."""


@dataclass(frozen=True)
class Media:
    """An image, or a PDF of `pages` pages, as sent."""

    content: bytes = field(repr=False)
    media_type: str
    pages: int = 1

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


Part = str | Media


@dataclass(frozen=True, kw_only=True)
class Repair:
    """An invalid reply and what is wrong with it."""

    reply: str = field(repr=False)
    complaint: str


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One request to a model, the same for every provider.

    `options`: settings specific to the provider, e.g. `thinking_level`. `repairs`: earlier rounds, oldest first.
    `schema_name`: what OpenAI wants as a name of the response schema; no part of the address of a call. `repeat`: 2 asks the
    same for the second time. It is not sent; it gives the reply an address of its own.
    """

    model: str
    instructions: str
    parts: tuple[Part, ...] = field(repr=False)
    json_schema: Mapping[str, object] = field(repr=False)
    max_output_tokens: int
    options: Mapping[str, object] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    schema_name: str = "invoice"
    repeat: int = 1

    def description(self) -> dict[str, object]:
        """The request as JSON, media by hash: what is stored and what a call is addressed by."""
        parts: list[dict[str, object]] = []
        for part in self.parts:
            if isinstance(part, Media):
                parts.append({"sha256": part.sha256, "media_type": part.media_type, "bytes": len(part.content)})
            else:
                parts.append({"text": part})
        return {
            "model": self.model,
            "instructions": self.instructions,
            "parts": parts,
            "json_schema": self.json_schema,
            "max_output_tokens": self.max_output_tokens,
            "options": dict(self.options),
            "repairs": [{"reply": repair.reply, "complaint": repair.complaint} for repair in self.repairs],
            **({"repeat": self.repeat} if self.repeat > 1 else {}),
        }

    @property
    def estimated_input_tokens(self) -> int:
        """An estimate before anything is sent, for token limits and costs."""
        pages = sum(part.pages for part in self.parts if isinstance(part, Media))
        characters = len(self.instructions) + len(str(self.json_schema))
        characters += sum(len(part) for part in self.parts if isinstance(part, str))
        characters += sum(len(repair.reply) + len(repair.complaint) for repair in self.repairs)
        return estimate_tokens(characters, pages)


def estimate_tokens(characters: int, pages: int) -> int:
    """Estimated input tokens of this many characters and page images."""
    return math.ceil(characters / CHARACTERS_PER_TOKEN) + pages * TOKENS_PER_PAGE


MAX_TOKENS = 1_000_000_000
"""A count beyond this is no count: no model reads or writes as much, and no database takes every integer."""

TokenCount = Annotated[int, Field(ge=0, le=MAX_TOKENS)]


class Usage(BaseModel):
    """Tokens as the server counts them. `input` includes `cached`; `thoughts` come on top of `output`."""

    model_config = ConfigDict(frozen=True)

    input: TokenCount
    cached: TokenCount = 0
    output: TokenCount
    thoughts: TokenCount = 0

    @classmethod
    def counted(cls, **counts: Any) -> "Usage | None":
        """What a server says it counted; None (unknown) if one of the numbers can be none."""
        try:
            return cls(**counts)
        except ValidationError:
            return None


def well_formed(value: Any) -> Any:
    """Text without lone surrogates: JSON can hold them (`\\ud83d`), files and databases cannot."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value


class Token(BaseModel):
    """A token of the reply and the natural logarithm of its probability."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(repr=False)
    logprob: float


class ModelReply(BaseModel):
    """The reply of a model. `detail`: the server's own word for how it ended, e.g. SAFETY, length. `tokens`: if requested."""

    model_config = ConfigDict(frozen=True)

    text: Annotated[str | None, BeforeValidator(well_formed)] = Field(repr=False)
    finish: Finish
    detail: str | None
    usage: Usage | None
    model_version: str | None
    tokens: tuple[Token, ...] = Field(default=(), repr=False)


class CallFacts(BaseModel):
    """The record of one call, for the tables. `cost_usd` is None if the price or the usage is unknown. `repeat`: which time
    the document was asked about, from 1."""

    model_config = ConfigDict(frozen=True)

    call_key: str
    purpose: Purpose
    repeat: int = 1
    provider: str
    model: str
    model_version: str | None
    finish: Finish
    asked_at: datetime
    seconds: float
    attempts: int
    batch: bool
    from_store: bool
    usage: Usage | None
    cost_usd: float | None
