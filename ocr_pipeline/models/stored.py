"""Stored calls: what is kept of a model call, and how it is found again.

A call is addressed by the hash of all that goes into it: server, model, instructions, text, media by hash, schema, settings.
"""

import hashlib
import json
import threading
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from ocr_pipeline.models import gemini, openai
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import ModelReply, ModelRequest
from ocr_pipeline.store import ResultStore

CALLS = "calls"
REPLACED = "calls-replaced"
"""Replies that `--fresh` replaced."""
REFUSED = "calls-refused"
"""The server's own words when it refused a request."""


class StoredCall(BaseModel):
    """A call as it is kept. `raw` is the body of the answer, parsed each time it is used.

    `kind` is the protocol of the server, or `local` for a model in this process, whose answers look like OpenAI's.
    """

    provider: str
    kind: str
    endpoint: str
    request: dict[str, Any]
    raw: str
    asked_at: datetime
    seconds: float
    attempts: int
    batch: bool = False

    @property
    def model(self) -> str:
        return str(self.request["model"])

    def reply(self) -> ModelReply:
        return parse_reply(self.kind, self.raw)


def parse_reply(kind: str, raw: str) -> ModelReply:
    """Parse the body of an answer. Raises ValueError if it does not follow this protocol."""
    parse = gemini.parse_reply if kind == "gemini" else openai.parse_reply
    try:
        return parse(json.loads(raw))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError(f"not an answer of {kind}: {type(error).__name__}") from None


def unreadable(kind: str, raw: str) -> str | None:
    """What is wrong with the body of an answer, as the rest of a sentence; None if it can be parsed."""
    try:
        parse_reply(kind, raw)
    except ValueError:
        return "does not follow this protocol" if raw.lstrip().startswith("{") else "is not valid JSON"
    return None


def call_key(provider: Provider, request: ModelRequest) -> str:
    """The address of a call: hash of the server and of the whole request, without the API key and the limits."""
    parts = [provider.type, provider.endpoint, request.description()]
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def call_cost(provider: Provider, call: StoredCall) -> float | None:
    """US dollars at the prices of the day of the call; None if price or usage is unknown."""
    usage = call.reply().usage
    rates = provider.rates(call.model, call.asked_at.date())
    return rates.cost(usage, batch=call.batch) if rates and usage else None


class CallStore:
    """The calls in the result store, and which of them this run made.

    Args:
        store: where replies are kept.
        fresh_since: ignore calls made before this moment; a replaced reply is kept beside the new one.
    """

    def __init__(self, store: ResultStore, fresh_since: datetime | None) -> None:
        self._store = store
        self._fresh_since = fresh_since
        self._made: set[str] = set()
        self._unclaimed: set[str] = set()
        self._lock = threading.Lock()

    def find(self, key: str) -> StoredCall | None:
        """The stored call, unless it is to be made again."""
        call = self._store.load(CALLS, key, StoredCall)
        return None if call is None or self._is_outdated(key, call) else call

    def keep(self, key: str, call: StoredCall) -> None:
        """Store a reply; the one it replaces is kept under another name."""
        old = self._store.load(CALLS, key, StoredCall) if self._fresh_since else None
        if old and self._is_outdated(key, old):
            self._store.put(REPLACED, f"{key}.{old.asked_at:%Y%m%dT%H%M%S%f}", old.model_dump_json())
        self._store.put(CALLS, key, call.model_dump_json())
        with self._lock:
            self._made.add(key)
            self._unclaimed.add(key)

    def claim(self, key: str) -> bool:
        """Whether this run made the call and no document has claimed it: if two share a call, the first one pays."""
        with self._lock:
            claimed = key in self._unclaimed
            self._unclaimed.discard(key)
        return claimed

    def _is_outdated(self, key: str, call: StoredCall) -> bool:
        # What a batch answers may have been asked before, in a run that was killed.
        return self._fresh_since is not None and call.asked_at < self._fresh_since and key not in self._made
