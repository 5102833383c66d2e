"""Per-provider limits: concurrency, requests and tokens per minute."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from ocr_pipeline.coordination.locks import PostgresLocks
from ocr_pipeline.coordination.rates import SharedRates
from ocr_pipeline.models.provider import Provider


class Clock:
    """A monotonic clock whose waits end at once when the run is stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds since an arbitrary moment; never decreases."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def stop(self) -> None:
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()


class TokenBucket:
    """A token bucket: at most `per_minute` plus one second's share in any minute.

    `take` never refuses: it returns how long to wait, and the next caller waits longer.
    """

    def __init__(self, per_minute: float, now: Callable[[], float]) -> None:
        self._per_second = per_minute / 60
        self._size = max(1.0, self._per_second)
        self._content = self._size
        self._now = now
        self._at = now()
        self._lock = threading.Lock()

    def take(self, amount: float) -> float:
        """Take `amount` and return the seconds to wait before using it."""
        with self._lock:
            now = self._now()
            self._content = min(self._size, self._content + (now - self._at) * self._per_second)
            self._at = now
            self._content -= amount
            return max(0.0, -self._content / self._per_second)


class Limiter:
    """The limits of one provider, for all threads of this process.

    Args:
        locks: of all machines of the project, which keep the limits together.
    """

    def __init__(self, provider: Provider, clock: Clock, locks: PostgresLocks | None = None) -> None:
        self._shared = (
            SharedRates(locks, f"{provider.type} {provider.endpoint}", provider.concurrency) if locks else None
        )
        self._per_minute = {"requests": provider.requests_per_minute, "tokens": provider.tokens_per_minute}
        rates = (provider.requests_per_minute, provider.tokens_per_minute)
        self._places = threading.BoundedSemaphore(provider.concurrency)
        self._requests, self._tokens = (TokenBucket(rate, clock.now) if rate else None for rate in rates)
        self._not_before = 0.0
        self._clock = clock

    @contextmanager
    def place(self, tokens: int) -> Iterator[None]:
        """Take one of the concurrent slots after the waits that the rates require. `tokens`: estimate for the request."""
        with self._places, self._shared.slot(lambda: self._clock.stopped) if self._shared else nullcontext():
            begin = self._clock.now() + max(self._wait("requests", 1), self._wait("tokens", tokens))
            # Another call may be told to hold while this one waits.
            while (left := max(begin - self._clock.now(), self._held())) > 0 and not self._clock.stopped:
                self._clock.wait(left)
            yield

    def hold(self, seconds: float) -> None:
        """Start no call for this long: the server asked for a pause, which applies to all threads."""
        self._not_before = max(self._not_before, self._clock.now() + seconds)
        if self._shared:
            self._shared.hold(seconds)

    def _wait(self, what: str, amount: float) -> float:
        """Take a call's share of a rate; the seconds to wait before it is used."""
        per_minute = self._per_minute[what]
        if self._shared:
            return self._shared.take(what, amount, per_minute) if per_minute else 0.0
        bucket = self._requests if what == "requests" else self._tokens
        return bucket.take(amount) if bucket else 0.0

    def _held(self) -> float:
        """For how many more seconds no call may start."""
        here = self._not_before - self._clock.now()
        return max(here, self._shared.held()) if self._shared else here
