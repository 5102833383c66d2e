"""Asking models: every reply is stored before it is parsed, and no call is paid for twice.

A reply is stored under `calls/` the moment it arrives. A lock per call keeps two threads or processes from paying for the same
one; a process that is killed loses only the calls in flight.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from filelock import Timeout

from ocr_pipeline.coordination.budgets import SharedLedger
from ocr_pipeline.coordination.locks import PostgresLocks
from ocr_pipeline.errors import ConfigurationError, DocumentError, ProviderError
from ocr_pipeline.models.budget import Budget, Ledger
from ocr_pipeline.models.clients import Client, Clients
from ocr_pipeline.models.failures import Failure, unreadable_answer
from ocr_pipeline.models.limits import Clock
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.retrying import Answer, Attempts, Value
from ocr_pipeline.models.scrubbing import scrub
from ocr_pipeline.models.stored import CALLS, REFUSED, CallStore, StoredCall, call_cost, call_key, unreadable
from ocr_pipeline.models.types import CallFacts, ModelReply, ModelRequest, Purpose
from ocr_pipeline.store import ResultStore


class ModelCalls:
    """Makes, stores and prices model calls; one object per run, for all its threads.

    Args:
        store: where replies are kept.
        keys: API keys by provider that do not come from the environment.
        fresh_since: repeat calls made before this moment; the old reply is kept beside the new one.
        max_cost_usd: stop before this is exceeded.
        ledger: what other runs spend on the same budget.
        locks: of all machines of the project, which keep the limits of providers together.
        needs_prices: with a limit, refuse calls whose price is unknown.
        clock: what waits and measures.
    """

    def __init__(
        self,
        store: ResultStore,
        *,
        keys: Mapping[str, str] | None = None,
        fresh_since: datetime | None = None,
        max_cost_usd: float | None = None,
        ledger: Ledger | SharedLedger | None = None,
        locks: PostgresLocks | None = None,
        needs_prices: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self.store = store
        self.fresh_since = fresh_since
        self.clock = clock or Clock()
        self._calls = CallStore(store, fresh_since)
        self._ledger = ledger
        self._budget = Budget(max_cost_usd, ledger, needs_prices=needs_prices)
        self._clients = Clients(keys, self.clock)
        self._attempts = Attempts(self.clock, locks)
        self.keep, self.claim = self._calls.keep, self._calls.claim
        self.count = self._budget.count

    @property
    def spent_usd(self) -> float:
        return self._budget.spent_usd

    def for_document(self, repeat: int = 1) -> "DocumentCalls":
        """The calls of one document: the same, with a record of each. `repeat`: which time it is asked about, from 1."""
        return DocumentCalls(self, repeat)

    def stored(self, provider: Provider, request: ModelRequest) -> StoredCall | None:
        """The stored call, unless it is to be made again."""
        return self._calls.find(call_key(provider, request))

    def ask(self, provider: Provider, request: ModelRequest) -> StoredCall:
        """The stored call, or a new one.

        Raises:
            DocumentError: the server refuses this document.
            ProviderError: it failed temporarily, after all attempts.
            ConfigurationError: it can never work, or `max_cost_usd` is reached.
        """
        if stored := self.stored(provider, request):
            return stored
        key = call_key(provider, request)
        with self._locked(provider, key):
            if stored := self.stored(provider, request):  # another thread or process was faster
                return stored
            with self.budget(provider, [request], batch=False) as expected:
                call = self._ask(provider, request, key, expected)
                self.keep(key, call)
                cost = self.cost(provider, call)
                self.count(expected if cost is None else cost)  # a server may not say what it used
            return call

    def cost(self, provider: Provider, call: StoredCall) -> float | None:
        """As `call_cost`."""
        return call_cost(provider, call)

    def budget(
        self, provider: Provider, requests: Sequence[ModelRequest], *, batch: bool
    ) -> AbstractContextManager[float]:
        """As `Budget.reserve`."""
        return self._budget.reserve(provider, requests, batch=batch)

    def attempt(self, provider: Provider, model: str, send: Callable[[float], Value], tokens: int = 0) -> Answer[Value]:
        """As `Attempts.run`."""
        return self._attempts.run(provider, model, send, tokens)

    def client(self, provider: Provider) -> Client:
        """As `Clients.of`."""
        return self._clients.of(provider)

    def stop(self) -> None:
        """End all waiting between attempts; calls in flight are still stored."""
        self.clock.stop()

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()
        if self._ledger:
            self._ledger.close()

    def refuse(self, provider: Provider, failure: Failure, key: str) -> NoReturn:
        """Raise the error of a failure, with a note on where the server's own words are kept."""
        error = failure.error
        if failure.answer:
            if not failure.unreadable:  # such an answer is kept when it arrives
                self._keep_refused(provider, failure, key)
            if failure.unreadable or not isinstance(error, ProviderError):
                note = f"{error} Its answer is kept in {REFUSED}/{key[:2]}/{key}.json of the result store."
                error = DocumentError(error.reason, note) if isinstance(error, DocumentError) else type(error)(note)
        raise error

    def scrubbed(self, provider: Provider, text: str) -> str:
        """What a server said, without the key that was sent to it."""
        return scrub(text, self._clients.key(provider))

    def _keep_refused(self, provider: Provider, failure: Failure, key: str) -> None:
        answer = self.scrubbed(provider, failure.answer or "")
        self.store.put(REFUSED, key, json.dumps({"error": str(failure.error), "answer": answer}, ensure_ascii=False))

    def _ask(self, provider: Provider, request: ModelRequest, key: str, expected: float) -> StoredCall:
        client = self.client(provider)

        def send(timeout: float) -> str:
            try:
                raw = self.scrubbed(provider, client.send(request, timeout))
                if (problem := unreadable(provider.type, raw)) is None:
                    return raw
                failure = unreadable_answer(provider, f"sent an answer that {problem}", raw)
            except Failure as error:
                failure = error
            if failure.unreadable:  # kept first, and counted: the server may have
                self._keep_refused(provider, failure, key)
                self.count(expected)
            raise failure

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

    @contextmanager
    def _locked(self, provider: Provider, key: str) -> Iterator[None]:
        try:
            with self.store.locked(CALLS, key, timeout=2 * provider.deadline):
                yield
        except Timeout:
            raise ProviderError(
                f"{provider.name}: another process has been making the same call for too long."
            ) from None


class DocumentCalls:
    """The model calls of an extractor for one document, with a record of each in `facts`."""

    def __init__(self, calls: ModelCalls, repeat: int = 1) -> None:
        self._calls = calls
        self._repeat = repeat
        self.facts: list[CallFacts] = []
        self.seconds = 0.0  # spent waiting: for answers, and for its turn

    def keep_local(self, call: StoredCall) -> None:
        """Store the answer of a model in this process like any other call. It costs nothing and is never looked up."""
        canonical = json.dumps([call.kind, call.endpoint, call.request], sort_keys=True, separators=(",", ":"))
        key = hashlib.sha256(canonical.encode()).hexdigest()
        self._calls.store.put(CALLS, key, call.model_dump_json())
        self.seconds += call.seconds
        self._record(key, call, call.reply(), call.provider, "extract", from_store=False, cost_usd=0.0)

    def ask(
        self, provider: Provider, request: ModelRequest, *, purpose: Purpose = "extract", only_stored: bool = False
    ) -> ModelReply:
        """The reply, from the store if it is there.

        Args:
            only_stored: make no call; for the replies of a batch.

        Raises:
            OcrPipelineError: as `ModelCalls.ask`.
        """
        request = replace(request, repeat=self._repeat)
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
        from_store, cost = not self._calls.claim(key), self._calls.cost(provider, call)
        self._record(key, call, reply, provider.name, purpose, from_store=from_store, cost_usd=cost)
        return reply

    def _record(
        self,
        key: str,
        call: StoredCall,
        reply: ModelReply,
        provider: str,
        purpose: Purpose,
        *,
        from_store: bool,
        cost_usd: float | None,
    ) -> None:
        self.facts.append(
            CallFacts(
                call_key=key,
                purpose=purpose,
                repeat=self._repeat,
                provider=provider,
                model=call.model,
                model_version=reply.model_version,
                finish=reply.finish,
                asked_at=call.asked_at,
                seconds=call.seconds,
                attempts=call.attempts,
                batch=call.batch,
                from_store=from_store,
                usage=reply.usage,
                cost_usd=cost_usd,
            )
        )


class LocalCalls(DocumentCalls):
    """In a worker process: the calls of a model on this machine, to be recorded by the process that started the worker."""

    def __init__(self) -> None:
        self.kept: list[StoredCall] = []

    def keep_local(self, call: StoredCall) -> None:
        self.kept.append(call)

    def ask(
        self, provider: Provider, request: ModelRequest, *, purpose: Purpose = "extract", only_stored: bool = False
    ) -> ModelReply:
        raise ConfigurationError("An extractor that asks a model must declare `asks` in its capabilities.")
