"""How hard a provider may be used: so many calls at once, so many requests and tokens a minute."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocr_pipeline.models.provider import Provider


class Clock:
    """Seconds that pass, and waits that end at once when the run is stopped."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def stop(self) -> None:
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()


class TokenBucket:
    """A bucket that fills evenly, so that no minute takes more than `per_minute` and what one second brings.

    `take` never refuses: it says how long to wait, and whoever comes next waits longer.
    """

    def __init__(self, per_minute: float, now: Callable[[], float]) -> None:
        self._per_second = per_minute / 60
        self._size = max(1.0, self._per_second)
        self._content = self._size
        self._now = now
        self._at = now()
        self._lock = threading.Lock()

    def take(self, amount: float) -> float:
        """Take `amount` and return the seconds to wait before it may be used."""
        with self._lock:
            now = self._now()
            self._content = min(self._size, self._content + (now - self._at) * self._per_second)
            self._at = now
            self._content -= amount
            return max(0.0, -self._content / self._per_second)


class Limiter:
    """The limits of one provider, for all threads of this process."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        rates = (provider.requests_per_minute, provider.tokens_per_minute)
        self._places = threading.BoundedSemaphore(provider.concurrency)
        self._requests, self._tokens = (TokenBucket(rate, clock.now) if rate else None for rate in rates)
        self._not_before = 0.0
        self._clock = clock

    @contextmanager
    def place(self, tokens: int) -> Iterator[None]:
        """One of the places, after the waits that the rates ask for. `tokens` is what the request is thought to have."""
        with self._places:
            wait = self._requests.take(1) if self._requests else 0.0
            wait = max(wait, self._tokens.take(tokens) if self._tokens else 0.0)
            begin = self._clock.now() + wait
            # Another call may be told to hold while this one waits.
            while (left := max(begin, self._not_before) - self._clock.now()) > 0 and not self._clock.stopped:
                self._clock.wait(left)
            yield

    def hold(self, seconds: float) -> None:
        """Begin no call for so long: the server asked for a pause, and it means all of us."""
        self._not_before = max(self._not_before, self._clock.now() + seconds)
