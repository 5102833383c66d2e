"""Attempts: limits, retries with backoff, deadlines, and providers that are given up for the rest of the run."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Generic, TypeVar

from ocr_pipeline.coordination.locks import PostgresLocks
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError, ProviderError
from ocr_pipeline.models.failures import Failure
from ocr_pipeline.models.limits import Clock, Limiter
from ocr_pipeline.models.provider import Provider

FIRST_PAUSE, MAX_PAUSE = 1.0, 60.0
"""Seconds between attempts if the server does not say: doubled each time, with jitter."""

MAX_UNREADABLE = 2
"""Answers that cannot be read, per call and run: each of them may be paid for."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """The result of the successful attempt. `seconds`: of that attempt alone."""

    value: Value
    asked_at: datetime
    seconds: float
    attempts: int


class Attempts:
    """Makes attempts for all threads of a run. A model that fails for everyone is closed: later calls fail at once."""

    def __init__(self, clock: Clock, locks: PostgresLocks | None = None) -> None:
        self._clock, self._locks = clock, locks
        self._limiters: dict[str, Limiter] = {}
        self._closed: dict[tuple[str, str], OcrPipelineError] = {}
        self._reached: dict[str, float] = {}
        self._lock = threading.Lock()

    def run(self, provider: Provider, model: str, send: Callable[[float], Value], tokens: int = 0) -> Answer[Value]:
        """Call `send(timeout)` until it succeeds, attempts or time run out, or another attempt cannot help.

        Raises:
            Failure: the last one.
        """
        limiter, clock = self._limiter(provider), self._clock
        began, deadline, failure, unreadable = clock.now(), float("inf"), None, 0
        for attempt in count(1):
            with limiter.place(tokens):
                if closed := self._closed.get((provider.name, model)):
                    raise Failure(closed)
                if clock.stopped:
                    raise Failure(ProviderError("The run was stopped."))
                asked_at, started = datetime.now(UTC), clock.now()
                if failure is None:
                    deadline = started + provider.deadline  # its turn may come late if the rate is low
                elif started >= deadline:
                    break
                try:
                    value = send(min(provider.timeout, deadline - started))
                    self._reached[provider.name] = clock.now()
                    return Answer(value, asked_at, clock.now() - started, attempt)
                except Failure as error:
                    failure = error
            self._note(provider, model, failure)
            unreadable += failure.unreadable
            pause = _pause(failure, attempt)
            if (
                unreadable == MAX_UNREADABLE
                or not failure.retry
                or attempt > provider.retries
                or clock.now() + pause > deadline
            ):
                if failure.unreachable and self._reached.get(provider.name, float("-inf")) < began:
                    self._closed[provider.name, model] = failure.error  # no thread has reached it in all that time
                break
            if failure.wait is not None:
                limiter.hold(pause)
            clock.wait(pause)
        assert failure is not None
        raise failure

    def _note(self, provider: Provider, model: str, failure: Failure) -> None:
        if not failure.unreachable:
            self._reached[provider.name] = self._clock.now()
        if failure.everyone or isinstance(failure.error, ConfigurationError):
            self._closed[provider.name, model] = failure.error

    def _limiter(self, provider: Provider) -> Limiter:
        with self._lock:
            if provider.name not in self._limiters:
                self._limiters[provider.name] = Limiter(provider, self._clock, self._locks)
            return self._limiters[provider.name]


def _pause(failure: Failure, attempt: int) -> float:
    """Seconds before the next attempt."""
    if failure.wait is not None:
        return failure.wait * random.uniform(1.0, 1.1)  # noqa: S311
    return min(MAX_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.5)  # noqa: S311
