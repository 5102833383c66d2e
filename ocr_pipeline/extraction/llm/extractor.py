"""The extractors `gemini` and `openai`: one request per document, a validated reply, at most one repair."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator

from ocr_pipeline.components import Capabilities
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, ModelExtractor
from ocr_pipeline.extraction.llm import boxes, files, own_schema
from ocr_pipeline.extraction.llm.evidence import find_evidence
from ocr_pipeline.extraction.llm.layout import text_with_layout
from ocr_pipeline.extraction.llm.logprobs import value_logprobs
from ocr_pipeline.extraction.llm.media import media_of
from ocr_pipeline.extraction.llm.reply import ReplyError, read_reply
from ocr_pipeline.extraction.llm.scale import settle
from ocr_pipeline.extraction.scale import scale_suspects
from ocr_pipeline.models.asking import DocumentCalls
from ocr_pipeline.models.provider import Provider, ProviderType
from ocr_pipeline.models.types import ModelReply, ModelRequest, Part, Purpose, Repair, estimate_tokens
from ocr_pipeline.schemas import Extraction, Fields, OcrText

VERSION = 3
"""Raise it with every code change that can change a result: the request, parsing of replies, evidence."""


class LlmExtractor(BaseModel, ModelExtractor):
    """Asks a model of `provider` about the words of the backend's engine or, without an engine, about the pages.

    Options that are None are not sent, so the model's default applies. `prompt` and `json_schema` are about invoices; for a
    schema of the project both are made from it (`own_schema`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    speaks: ClassVar[ProviderType]

    provider: Provider
    model: str
    prompt: str = "invoice-1"
    json_schema: str = Field(default="invoice-1", alias="schema")
    max_output_tokens: PositiveInt = 8192
    repair: bool = Field(default=True, description="Ask again with the error if a reply violates the schema.")
    temperature: float | None = None
    logprobs: bool = Field(default=False, description="Request log probabilities of tokens, as evidence of confidence.")
    boxes: bool = Field(
        default=False, description="Without an engine: ask where each value is printed, as evidence that is scored."
    )
    mode: Literal["interactive", "batch"] = "interactive"

    @field_validator("provider")
    @classmethod
    def _of_the_right_type(cls, value: Provider) -> Provider:
        if value.type != cls.speaks:
            raise ValueError(f"{value.name} is of type {value.type}, not {cls.speaks}")
        return value

    @field_validator("prompt")
    @classmethod
    def _prompt_exists(cls, value: str) -> str:
        return _checked(files.prompt, value)

    @field_validator("json_schema")
    @classmethod
    def _schema_exists(cls, value: str) -> str:
        return _checked(files.schema, value)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            asks=self.provider, batch=self.mode == "batch", concurrency=self.provider.concurrency, schemas="any"
        )

    def unavailable(self) -> str | None:
        return self.provider.unavailable()

    def fingerprint(self) -> dict[str, object]:
        """Limits of the provider and `mode` do not change results and are left out; the server does."""
        return {
            "version": VERSION,
            "server": self.provider.endpoint,
            "model": self.model,
            "prompt": files.digest(self._instructions),
            "schema": files.digest(self._json_schema),
            "max_output_tokens": self.max_output_tokens,
            "repair": self.repair,
            **({"boxes": files.digest(boxes.ASKING)} if self.boxes else {}),
            **self.settings(),
        }

    def settings(self) -> dict[str, object]:
        """Provider-specific settings, as sent."""
        return {} if self.temperature is None else {"temperature": self.temperature}

    def request(self, document: ExtractionInput) -> ModelRequest:
        """The request about a document. Raises DocumentError."""
        parts: tuple[Part, ...]
        if document.text is None:
            parts = tuple(media_of(document.open(), pdf=self.speaks == "gemini"))
        else:
            words = _words_of(document.text, document.schema)[0]
            parts = (f"<document>\n{text_with_layout(words)}\n</document>",)
        is_invoice = document.schema.is_invoice
        instructions = self._instructions if is_invoice else own_schema.instructions(document.schema)
        json_schema = self._json_schema if is_invoice else own_schema.json_schema(document.schema)
        if self._asks_for_boxes(document):
            instructions, json_schema = instructions + boxes.ASKING, boxes.with_places(json_schema)
        return ModelRequest(
            model=self.model,
            instructions=instructions,
            parts=parts,
            json_schema=json_schema,
            max_output_tokens=self.max_output_tokens,
            options=self.settings(),
            schema_name=document.schema.name,
        )

    def _asks_for_boxes(self, document: ExtractionInput) -> bool:
        """A model that gets words cannot see where they are."""
        return self.boxes and document.text is None

    def schema_key(self, schema: DocumentSchema) -> str:
        """The prompt and the response schema that are made from it, and what becomes of the reply."""
        return own_schema.asking_fingerprint(schema)

    def expected_tokens(self, pages: int, characters: int | None) -> int:
        """Estimated input tokens of a document. `characters` is None for a backend without an engine."""
        sent = len(self._instructions) + len(str(self._json_schema)) + (characters or 0)
        return estimate_tokens(sent, pages if characters is None else 0)

    def extract(self, document: ExtractionInput) -> Extraction:
        if document.models is None:
            raise ConfigurationError("This extractor asks a model: give the stage `models`.")
        request = self.request(document)
        reply, text = self._ask(document.models, request, "extract")
        try:
            values = _read(text, document.schema)
        except ReplyError as error:
            if not self.repair or self.mode == "batch":
                raise DocumentError("invalid_reply", str(error)) from None
            complaint = f"{error} Reply again, with the whole document, so that it fits."
            again = replace(request, repairs=(Repair(reply=text, complaint=complaint),))
            reply, text = self._ask(document.models, again, "repair")
            try:
                values = _read(text, document.schema)
            except ReplyError as second:
                raise DocumentError("invalid_reply", f"After one repair: {second}") from None
        words, warnings = _words_of(document.text, document.schema) if document.text else (None, [])
        settled = settle(values, words)
        spellings = own_schema.spellings(document.schema)
        evidence = settled.limited(find_evidence(settled.invoice, words, spellings)) if words else {}
        if self._asks_for_boxes(document):
            evidence = boxes.evidence_of(text, settled.invoice)
        return Extraction(
            invoice=settled.invoice,
            evidence=evidence,
            logprobs=value_logprobs(text, reply.tokens, values.KINDS),
            warnings=[*warnings, *settled.doubts.values(), *_off_by_powers_of_ten(settled.invoice, words, evidence)],
        )

    def _ask(self, models: DocumentCalls, request: ModelRequest, purpose: Purpose) -> tuple[ModelReply, str]:
        reply = models.ask(self.provider, request, purpose=purpose, only_stored=self.mode == "batch")
        return reply, _text(reply, self.max_output_tokens)

    @cached_property
    def _instructions(self) -> str:
        return files.prompt(self.prompt)

    @cached_property
    def _json_schema(self) -> dict[str, object]:
        return files.schema(self.json_schema)


class GeminiExtractor(LlmExtractor):
    """Gemini. It gets PDFs unchanged."""

    id: ClassVar[str] = "gemini"
    speaks = "gemini"

    model: str = "gemini-3.5-flash-lite"
    thinking_level: Literal["minimal", "low", "medium", "high"] | None = None

    def settings(self) -> dict[str, object]:
        level: dict[str, object] = {} if self.thinking_level is None else {"thinking_level": self.thinking_level}
        return {**super().settings(), **level, **({"response_logprobs": True} if self.logprobs else {})}


class OpenAiExtractor(LlmExtractor):
    """Any server that speaks OpenAI's chat completions. It gets PDFs as page images."""

    id: ClassVar[str] = "openai"
    speaks = "openai"

    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    mode: Literal["interactive"] = "interactive"

    def settings(self) -> dict[str, object]:
        effort: dict[str, object] = {} if self.reasoning_effort is None else {"reasoning_effort": self.reasoning_effort}
        return {**super().settings(), **effort, **({"logprobs": True} if self.logprobs else {})}


def _read(text: str, schema: DocumentSchema) -> Fields:
    return read_reply(text) if schema.is_invoice else read_reply(text, own_schema.reply_model(schema), schema.model)


def _off_by_powers_of_ten(values: Fields, text: OcrText | None, evidence: Collection[str]) -> list[str]:
    """A sentence for each amount that is not on the page, while a power of ten times it is."""
    amounts = [name for name, kind in values.KINDS.items() if kind == "money" and name not in evidence]
    given = [(name, value) for name in amounts if (value := getattr(values, name))]
    return [f"{suspect.sentence}." for suspect in scale_suspects(given, text)] if text and given else []


def _words_of(text: OcrText, schema: DocumentSchema) -> tuple[OcrText, list[str]]:
    """The words that are asked about: of a file with several invoices only those of the first, with a warning."""
    return _first_invoice(text) if schema.is_invoice else (text, [])


def _first_invoice(text: OcrText) -> tuple[OcrText, list[str]]:
    """The words of the first invoice of a document, and a warning if there are more."""
    if len(text.pages) < 2:
        return text, []
    from ocr_pipeline.extraction.rules.parts import first_invoice

    first = first_invoice(text)
    return first.text, [first.warning] if first.warning else []


def _text(reply: ModelReply, limit: int) -> str:
    why = f" ({reply.detail})" if reply.detail else ""
    if reply.finish == "blocked":
        raise DocumentError("blocked", f"The provider's filter for content stopped the model{why}.")
    if reply.finish == "truncated":
        raise DocumentError("truncated", f"The reply is longer than max_output_tokens, which is {limit:,}{why}.")
    if reply.text is None:
        raise DocumentError("invalid_reply", f"The model gave no text{why}.")
    return reply.text


def _checked(read: Callable[[str], object], name: str) -> str:
    try:
        read(name)
    except ConfigurationError as error:
        raise ValueError(str(error).rstrip(".")) from None
    return name
