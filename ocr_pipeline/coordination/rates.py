"""Rates and slots of model providers, for all machines together. Time is that of the server."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ocr_pipeline.coordination.locks import PostgresLocks

POLL_SECONDS = 0.05


class SharedRates:
    """The limits of one provider.

    Args:
        provider: what they are counted for: server and account.
        slots: calls at once.
    """

    def __init__(self, locks: PostgresLocks, provider: str, slots: int) -> None:
        self._locks, self._session = locks, locks.session
        self._provider = provider
        self._slots = [f"slot:{provider}:{number}" for number in range(slots)]

    @contextmanager
    def slot(self, stopped: Callable[[], bool]) -> Iterator[None]:
        """One of the concurrent slots. `stopped`: whether to wait no longer, and go on without one."""
        taken = None
        while taken is None and not stopped():
            taken = next(filter(self._locks.try_take, random.sample(self._slots, len(self._slots))), None)
            if taken is None:
                time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            if taken is not None:
                self._locks.drop(taken)

    def take(self, what: str, amount: float, per_minute: float) -> float:
        """Take from a token bucket (see `TokenBucket`); the seconds to wait."""
        per_second = per_minute / 60
        size = max(1.0, per_second)
        [(content,)] = self._session.rows(
            "INSERT INTO coordination_rates AS r VALUES (%(rate)s, %(size)s - %(amount)s, clock_timestamp(), NULL)"
            " ON CONFLICT (rate) DO UPDATE SET at = clock_timestamp(), content = least(%(size)s, r.content"
            " + extract(epoch FROM clock_timestamp() - r.at) * %(per_second)s) - %(amount)s RETURNING content",
            {"rate": f"{what}:{self._provider}", "size": size, "amount": amount, "per_second": per_second},
        )
        return max(0.0, -float(content) / per_second)

    def hold(self, seconds: float) -> None:
        """No machine starts a call for this long."""
        self._session.rows(
            "INSERT INTO coordination_rates AS r VALUES (%(rate)s, 0, now(), now() + %(wait)s * interval '1 second')"
            " ON CONFLICT (rate) DO UPDATE SET not_before = greatest(r.not_before, excluded.not_before)",
            {"rate": f"hold:{self._provider}", "wait": seconds},
        )

    def held(self) -> float:
        """For how many more seconds no call may start."""
        found = self._session.rows(
            "SELECT extract(epoch FROM not_before - clock_timestamp()) FROM coordination_rates WHERE rate = %s",
            [f"hold:{self._provider}"],
        )
        return max(0.0, float(found[0][0])) if found else 0.0
