"""Asking models: every reply is stored before it is read, and nothing that was paid for is asked again.

A call is known by the hash of all that went into it (server, model, instructions, text, media by hash, schema, settings).
Its reply is in the result store under `calls/`, written the moment it arrives. A lock per call keeps two threads or
processes from paying for the same one; a process that is killed loses only what was on its way.
"""

import hashlib
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Generic, NoReturn, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel

from ocr_pipeline.errors import BudgetError, ConfigurationError, DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.models import gemini, openai
from ocr_pipeline.models.failures import Failure, broken_answer
from ocr_pipeline.models.limits import Clock, Limiter
from ocr_pipeline.models.prices import expected_cost
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import CallFacts, ModelReply, ModelRequest, Purpose
from ocr_pipeline.store import ResultStore

CALLS = "calls"
REPLACED = "calls-replaced"
"""Replies that were asked for again on purpose."""
REFUSED = "calls-refused"
"""What a server said when it refused a request."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts, where the server does not say: doubled each time, with jitter."""


class StoredCall(BaseModel):
    """A call as it is kept. `raw` is the body of the answer; what it says is read from it each time.

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

    def reply(self) -> ModelReply:
        return parse_reply(self.kind, self.raw)


def parse_reply(kind: str, raw: str) -> ModelReply:
    """What the body of an answer says. Raises ValueError where it is none of this protocol."""
    parse = gemini.parse_reply if kind == "gemini" else openai.parse_reply
    try:
        return parse(json.loads(raw))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError(f"no answer of {kind}: {type(error).__name__}") from None


Value = TypeVar("Value")


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """What an attempt gave. `seconds` is the last attempt alone."""

    value: Value
    asked_at: datetime
    seconds: float
    attempts: int


def call_key(provider: Provider, request: ModelRequest) -> str:
    """The address of a call: hash of the server and of the whole request. Not of the key, and not of the limits."""
    parts = [provider.type, provider.endpoint, request.description()]
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def call_cost(provider: Provider, call: StoredCall) -> float | None:
    """US dollars at the prices of the day of the call, or None where price or usage are not known."""
    usage = call.reply().usage
    rates = provider.rates(call.request["model"], call.asked_at.date())
    return rates.cost(usage, batch=call.batch) if rates and usage else None


class ModelCalls:
    """Makes, stores and prices model calls; one object per run, for all its threads.

    Args:
        store: where replies are kept.
        keys: API keys by provider, where they do not come from the environment.
        fresh_since: ask again what was asked before this moment; the old reply is kept beside the new one.
        max_cost_usd: stop before this is exceeded.
        clock: what waits and measures.
    """

    def __init__(
        self,
        store: ResultStore,
        *,
        keys: Mapping[str, str] | None = None,
        fresh_since: datetime | None = None,
        max_cost_usd: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.store = store
        self.fresh_since = fresh_since
        self.max_cost_usd = max_cost_usd
        self.clock = clock or Clock()
        self.spent_usd = 0.0
        self._keys = dict(keys or {})
        self._reserved = 0.0
        self._asked_keys: set[str] = set()
        self._unclaimed: set[str] = set()
        self._clients: dict[str, Any] = {}
        self._limiters: dict[str, Limiter] = {}
        self._closed: dict[tuple[str, str], OcrPipelineError] = {}
        self._reached: dict[str, float] = {}
        self._lock = threading.Lock()

    def for_document(self) -> "DocumentCalls":
        """The calls of one document: the same, with a record of what they took."""
        return DocumentCalls(self)

    def stored(self, provider: Provider, request: ModelRequest) -> StoredCall | None:
        """The kept call, unless it is to be asked afresh."""
        key = call_key(provider, request)
        call = self.store.load(CALLS, key, StoredCall)
        return None if call is None or self._is_outdated(key, call) else call

    def ask(self, provider: Provider, request: ModelRequest) -> StoredCall:
        """The call, from the store where it is there.

        Raises:
            DocumentError: the server refuses this document.
            ProviderError: it failed for now, after all attempts.
            ConfigurationError: it can never work, or `max_cost_usd` is reached.
        """
        if stored := self.stored(provider, request):
            return stored
        key = call_key(provider, request)
        with self._alone(provider, key):
            if stored := self.stored(provider, request):  # another thread or process was faster
                return stored
            with self.budget(provider, [request], batch=False) as expected:
                call = self._ask(provider, request, key)
                self.keep(key, call)
                cost = self.cost(provider, call)
                self.count(expected if cost is None else cost)  # a server may not say what it used
            return call

    def keep(self, key: str, call: StoredCall) -> None:
        """Store a reply; one that it replaces stays, under another name."""
        old = self.store.load(CALLS, key, StoredCall) if self.fresh_since else None
        if old and self._is_outdated(key, old):
            self.store.put(REPLACED, f"{key}.{old.asked_at:%Y%m%dT%H%M%S%f}", old.model_dump_json())
        self.store.put(CALLS, key, call.model_dump_json())
        with self._lock:
            self._asked_keys.add(key)
            self._unclaimed.add(key)

    def claim(self, key: str) -> bool:
        """Whether this run asked the call, and nobody claimed it: of two documents with one call, the first paid."""
        with self._lock:
            claimed = key in self._unclaimed
            self._unclaimed.discard(key)
        return claimed

    def cost(self, provider: Provider, call: StoredCall) -> float | None:
        """As `call_cost`."""
        return call_cost(provider, call)

    def count(self, cost_usd: float) -> None:
        """Note what a call cost, for `max_cost_usd`."""
        with self._lock:
            self.spent_usd += cost_usd

    def stop(self) -> None:
        """End all waiting between attempts; calls that are on their way are still stored."""
        self.clock.stop()

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def client(self, provider: Provider) -> Any:
        """The client of a provider, made once: its connections are used again. Raises ConfigurationError."""
        with self._lock:
            if provider.name not in self._clients:
                key = self._keys.get(provider.name) or provider.key()
                if problem := provider.unavailable(key):
                    raise ConfigurationError(f"{problem}.")
                _quiet_sdk_logs()
                make = gemini.GeminiClient if provider.type == "gemini" else openai.OpenAiClient
                self._clients[provider.name] = make(provider, key)
            return self._clients[provider.name]

    def refuse(self, provider: Provider, failure: Failure, key: str) -> NoReturn:
        """Raise the error of a failure, with a word on where the server's own words are."""
        error = failure.error
        if failure.answer:
            secret = self._keys.get(provider.name) or provider.key()
            answer = failure.answer.replace(secret, "***") if secret else failure.answer
            self.store.put(REFUSED, key, json.dumps({"error": str(error), "answer": answer}, ensure_ascii=False))
            if not isinstance(error, ProviderError):
                note = f"{error} Its answer is kept in {REFUSED}/{key[:2]}/{key}.json of the result store."
                error = DocumentError(error.reason, note) if isinstance(error, DocumentError) else type(error)(note)
        raise error

    def _is_outdated(self, key: str, call: StoredCall) -> bool:
        # What a batch answers may have been asked before, in a run that was killed.
        return self.fresh_since is not None and call.asked_at < self.fresh_since and key not in self._asked_keys

    def _ask(self, provider: Provider, request: ModelRequest, key: str) -> StoredCall:
        client = self.client(provider)

        def send(timeout: float) -> str:
            raw: str = client.send(request, timeout)
            try:
                parse_reply(provider.type, raw)
            except ValueError:
                broken = broken_answer(provider)
            else:
                return raw
            raise broken

        try:
            answer = self.attempt(provider, request.model, send, request.estimated_input_tokens)
        except Failure as error:
            failure = error
        else:
            return StoredCall(
                provider=provider.name,
                kind=provider.type,
                endpoint=provider.endpoint,
                request=request.description(),
                raw=answer.value,
                asked_at=answer.asked_at,
                seconds=answer.seconds,
                attempts=answer.attempts,
            )
        # Not inside the `except`: an exception remembers the one it was raised in, and the SDK's holds the key.
        self.refuse(provider, failure, key)

    def attempt(
        self, provider: Provider, model: str, send: Callable[[float], Value], tokens: int = 0
    ) -> "Answer[Value]":
        """Call `send(timeout)` until there is an answer, the attempts or the time are used up, or there will be none.

        Raises:
            Failure: the last one.
        """
        limiter, clock = self._limiter(provider), self.clock
        began, deadline, failure = clock.now(), float("inf"), None
        for attempt in count(1):
            with limiter.place(tokens):
                if closed := self._closed.get((provider.name, model)):
                    raise Failure(closed)
                if clock.stopped:
                    raise Failure(ProviderError("The run was stopped."))
                asked_at, started = datetime.now(UTC), clock.now()
                if failure is None:
                    deadline = started + provider.deadline  # its turn may come late, where the rate is low
                elif started >= deadline:
                    break
                try:
                    value = send(min(provider.timeout, deadline - started))
                    self._reached[provider.name] = clock.now()
                    return Answer(value, asked_at, clock.now() - started, attempt)
                except Failure as error:
                    failure = error
            if not failure.unreachable:
                self._reached[provider.name] = clock.now()
            if failure.everyone or isinstance(failure.error, ConfigurationError):
                self._closed[provider.name, model] = failure.error  # a thousand others need not hear it for themselves
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)  # noqa: S311
            if failure.wait is not None:
                pause = failure.wait * random.uniform(1.0, 1.1)  # noqa: S311
            if not failure.retry or attempt > provider.retries or clock.now() + pause > deadline:
                if failure.unreachable and self._reached.get(provider.name, float("-inf")) < began:
                    self._closed[provider.name, model] = failure.error  # in all that time, nobody has reached it
                break
            if failure.wait is not None:
                limiter.hold(pause)
            clock.wait(pause)
        assert failure is not None
        raise failure

    def _limiter(self, provider: Provider) -> Limiter:
        with self._lock:
            if provider.name not in self._limiters:
                self._limiters[provider.name] = Limiter(provider, self.clock)
            return self._limiters[provider.name]

    @contextmanager
    def _alone(self, provider: Provider, key: str) -> Iterator[None]:
        path = self.store.root / CALLS / key[:2] / f"{key}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=2 * provider.deadline)
        except Timeout:
            raise ProviderError(f"Another process has been asking {provider.name} the same for too long.") from None
        try:
            yield
            path.unlink(missing_ok=True)  # whoever waits on the file that goes now finds the reply when it has the lock
        finally:
            lock.release()

    @contextmanager
    def budget(self, provider: Provider, requests: Sequence[ModelRequest], *, batch: bool) -> Iterator[float]:
        """Room for calls below `max_cost_usd`, reserved while they are on their way: the US dollars they may cost.

        Raises:
            ConfigurationError: there is no room (BudgetError), or no price to tell.
        """
        today = datetime.now(UTC).date()
        expected = 0.0
        for request in requests:
            rates = provider.rates(request.model, today)
            cost = expected_cost(rates, request.estimated_input_tokens, batch=batch)
            if self.max_cost_usd is not None and cost is None:
                raise ConfigurationError(no_price(provider, request.model))
            expected += cost or 0
        with self._lock:
            if self.max_cost_usd is not None and self.spent_usd + self._reserved + expected > self.max_cost_usd:
                raise BudgetError(
                    f"The maximum cost of {self.max_cost_usd:g} USD is reached: {self.spent_usd:.4f} USD are spent. "
                    "What was done is kept; run again with a higher one to go on."
                )
            self._reserved += expected
        try:
            yield expected
        finally:
            with self._lock:
                self._reserved -= expected


def no_price(provider: Provider, model: str) -> str:
    """Why a maximum cost cannot be kept."""
    return (
        f"There is no price for {model} of {provider.name}: name it under the provider's `prices` in backends.yaml, "
        "or run without a maximum cost."
    )


class DocumentCalls:
    """What an extractor asks models with while it works on one document. Remembers what each call took."""

    def __init__(self, calls: ModelCalls) -> None:
        self._calls = calls
        self.facts: list[CallFacts] = []
        self.seconds = 0.0  # in which the extractor waited: for answers, and for its turn

    def keep_local(self, call: StoredCall) -> None:
        """Store what a model in this process answered, like any other call. It costs nothing and is not looked up."""
        reply = call.reply()
        canonical = json.dumps([call.kind, call.endpoint, call.request], sort_keys=True, separators=(",", ":"))
        key = hashlib.sha256(canonical.encode()).hexdigest()
        self._calls.store.put(CALLS, key, call.model_dump_json())
        self.seconds += call.seconds
        self.facts.append(
            CallFacts(
                call_key=key,
                purpose="extract",
                provider=call.provider,
                model=call.request["model"],
                model_version=reply.model_version,
                finish=reply.finish,
                asked_at=call.asked_at,
                seconds=call.seconds,
                attempts=call.attempts,
                batch=False,
                from_store=False,
                usage=reply.usage,
                cost_usd=0.0,
            )
        )

    def ask(
        self, provider: Provider, request: ModelRequest, *, purpose: Purpose = "extract", only_stored: bool = False
    ) -> ModelReply:
        """The reply, from the store where it is there.

        Args:
            only_stored: do not ask; for the replies of a batch.

        Raises:
            OcrPipelineError: as `ModelCalls.ask`.
        """
        started = time.monotonic()
        try:
            if only_stored:
                stored = self._calls.stored(provider, request)
                if stored is None:
                    raise ProviderError(f"The batch of {provider.name} has no answer for this document yet.")
                call = stored
            else:
                call = self._calls.ask(provider, request)
        finally:
            self.seconds += time.monotonic() - started
        reply, key = call.reply(), call_key(provider, request)
        self.facts.append(
            CallFacts(
                call_key=key,
                purpose=purpose,
                provider=provider.name,
                model=request.model,
                model_version=reply.model_version,
                finish=reply.finish,
                asked_at=call.asked_at,
                seconds=call.seconds,
                attempts=call.attempts,
                batch=call.batch,
                from_store=not self._calls.claim(key),
                usage=reply.usage,
                cost_usd=self._calls.cost(provider, call),
            )
        )
        return reply


def _quiet_sdk_logs() -> None:
    """The openai SDK logs whole requests at DEBUG: what stands on a document is nothing for a log."""
    for name in ("openai", "google_genai", "httpx", "httpx2", "httpcore", "httpcore2"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
