"""Budgets that several machines spend from."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from ocr_pipeline.coordination.locks import PostgresLocks


class SharedLedger:
    """As `Ledger`, in PostgreSQL: what runs have spent together, and what those that live have reserved.

    Args:
        locks: tell which runs live. What a killed one had reserved counts as spent: its calls may have been paid.
        budget: the name of the budget.
        from_now: do not count what was spent before: the limit is for this run and those that work beside it.
        limit: of this run, in US dollars, if the others are to keep it, too.
    """

    def __init__(self, locks: PostgresLocks, budget: str, *, from_now: bool, limit: float | None = None) -> None:
        self._locks, self._session = locks, locks.session
        self._budget = budget
        self._owner = f"budget:{uuid4()}"
        locks.take(self._owner)
        self._session.rows("INSERT INTO coordination_budgets VALUES (%s, 0) ON CONFLICT (budget) DO NOTHING", [budget])
        self._before = 0.0
        if from_now:
            with self.locked():
                self._settle()
                self._before = self._spent()
                if limit is not None:
                    self._session.rows(
                        "INSERT INTO coordination_limits VALUES (%s, %s, %s, %s)",
                        [budget, self._owner, self._before, limit],
                    )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps others out."""
        with self._session.transaction():
            self._session.rows("SELECT spent FROM coordination_budgets WHERE budget = %s FOR UPDATE", [self._budget])
            yield

    @property
    def usd(self) -> float:
        """Spent and reserved. The caller holds the lock."""
        reserved = self._settle()
        return self._spent() - self._before + reserved

    @property
    def beside(self) -> list[tuple[float, float]]:
        """The limits of other runs that live, which this one must keep, too, as it spends what counts for them: (limit, what
        is spent and reserved since its run began). The caller holds the lock."""
        reserved = self._settle()
        spent = self._spent()
        rows = self._session.rows(
            "SELECT owner, began, usd FROM coordination_limits WHERE budget = %s AND owner <> %s",
            [self._budget, self._owner],
        )
        found = []
        for owner, began, usd in rows:
            if self._locks.holder(owner):
                found.append((float(usd), spent - float(began) + reserved))
            else:
                self._session.rows("DELETE FROM coordination_limits WHERE owner = %s", [owner])
        return found

    def _settle(self) -> float:
        """What runs that live have reserved; what others had becomes spent."""
        reserved = 0.0
        for owner, usd in self._session.rows(
            "SELECT owner, usd FROM coordination_reservations WHERE budget = %s", [self._budget]
        ):
            if owner == self._owner or self._locks.holder(owner):
                reserved += usd
            else:
                self._session.rows("DELETE FROM coordination_reservations WHERE owner = %s", [owner])
                self.add(usd)
        return reserved

    def add(self, usd: float) -> None:
        """Add what was spent. The caller holds the lock."""
        self._session.rows("UPDATE coordination_budgets SET spent = spent + %s WHERE budget = %s", [usd, self._budget])

    def reserve(self, usd: float) -> None:
        """Change what this run has reserved. The caller holds the lock."""
        self._session.rows(
            "INSERT INTO coordination_reservations AS r VALUES (%s, %s, %s)"
            " ON CONFLICT (budget, owner) DO UPDATE SET usd = r.usd + excluded.usd",
            [self._budget, self._owner, usd],
        )

    def close(self) -> None:
        """This run spends nothing any more."""
        for table in ("reservations", "limits"):
            self._session.rows(f"DELETE FROM coordination_{table} WHERE owner = %s", [self._owner])  # noqa: S608
        self._locks.drop(self._owner)

    def _spent(self) -> float:
        [(spent,)] = self._session.rows("SELECT spent FROM coordination_budgets WHERE budget = %s", [self._budget])
        return float(spent)
