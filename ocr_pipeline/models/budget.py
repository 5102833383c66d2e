"""The spending limit of a run: room is reserved before a call and released after it."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from ocr_pipeline.coordination.budgets import SharedLedger
from ocr_pipeline.coordination.locks import shared_locks
from ocr_pipeline.errors import BudgetError, ConfigurationError
from ocr_pipeline.models.prices import expected_cost
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import ModelRequest
from ocr_pipeline.project import Project
from ocr_pipeline.store import write_durably

BUDGETS = "budgets"
"""The folder of ledgers in the result store."""


class Ledger:
    """A file with what several runs spent together, like those of one backfill, and what they have reserved.

    A process that is killed leaves what it had reserved: its calls may have been paid.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path.with_suffix(".lock"))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes out."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            yield

    @property
    def usd(self) -> float:
        """The sum; 0 if nothing was spent yet."""
        try:
            return float(json.loads(self._path.read_bytes())["usd"])
        except FileNotFoundError:
            return 0.0
        except (ValueError, KeyError, TypeError):
            raise ConfigurationError(f"{self._path} is damaged: delete it to begin the budget anew.") from None

    def add(self, usd: float) -> None:
        """Add what was spent. The caller holds the lock."""
        write_durably(self._path, json.dumps({"usd": self.usd + usd}))

    def reserve(self, usd: float) -> None:
        """Change what is reserved. The caller holds the lock."""
        self.add(usd)

    @property
    def beside(self) -> list[tuple[float, float]]:
        """As in `SharedLedger`: here all have the same limit."""
        return []

    def close(self) -> None:
        """Nothing is left to do."""


def run_ledger(project: Project, max_cost_usd: float | None) -> SharedLedger | None:
    """What a run spends together with those on other machines, from now on; None on one machine."""
    locks = shared_locks(project)
    return SharedLedger(locks, "runs", from_now=True, limit=max_cost_usd) if locks else None


def named_ledger(project: Project, name: str) -> Ledger | SharedLedger:
    """What several runs spend together, like those of one backfill."""
    locks = shared_locks(project)
    return SharedLedger(locks, name, from_now=False) if locks else Ledger(project.results / BUDGETS / f"{name}.json")


class Budget:
    """US dollars spent and reserved by all threads of a run.

    Args:
        max_cost_usd: None: no limit.
        ledger: of several runs.
        needs_prices: refuse calls whose price is unknown, as the limit cannot be enforced on them.
    """

    def __init__(
        self, max_cost_usd: float | None, ledger: "Ledger | SharedLedger | None" = None, *, needs_prices: bool = True
    ) -> None:
        self._needs_prices = needs_prices and max_cost_usd is not None
        self.spent_usd = 0.0
        self._max_cost_usd = max_cost_usd
        self._ledger = ledger
        self._reserved = 0.0
        self._lock = threading.Lock()

    def count(self, cost_usd: float) -> None:
        """Add what a call cost."""
        with self._locked():
            self.spent_usd += cost_usd
            if self._ledger and cost_usd:
                self._ledger.add(cost_usd)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock, self._ledger.locked() if self._ledger else nullcontext():
            yield

    def _share(self, usd: float) -> None:
        if self._ledger and usd:
            self._ledger.reserve(usd)

    @contextmanager
    def reserve(self, provider: Provider, requests: Sequence[ModelRequest], *, batch: bool) -> Iterator[float]:
        """Reserve the expected cost of calls while they run; gives it in US dollars.

        Raises:
            ConfigurationError: the limit would be exceeded (BudgetError), or a price is unknown.
        """
        today = datetime.now(UTC).date()
        expected = 0.0
        for request in requests:
            rates = provider.rates(request.model, today)
            cost = expected_cost(rates, request.estimated_input_tokens, batch=batch)
            if self._needs_prices and cost is None:
                raise ConfigurationError(no_price(provider, request.model))
            expected += cost or 0
        with self._locked():
            spent = self._ledger.usd if self._ledger else self.spent_usd + self._reserved
            if self._max_cost_usd is not None and spent + expected > self._max_cost_usd:
                raise BudgetError(
                    f"Spending limit of {self._max_cost_usd:g} USD reached: {spent - self._reserved:.4f} USD spent. Results "
                    "are kept; run again with a higher limit to continue."
                )
            if self._max_cost_usd is not None and self._ledger:  # whoever has no limit keeps none
                self._check_beside(self._ledger, expected)
            self._reserved += expected
            self._share(expected)
        try:
            yield expected
        finally:
            with self._locked():
                self._reserved -= expected
                self._share(-expected)

    def _check_beside(self, ledger: "Ledger | SharedLedger", expected: float) -> None:
        for limit, spent in ledger.beside:
            if spent + expected > limit:
                raise BudgetError(
                    f"Spending limit of {limit:g} USD of another run reached, which counts what all runs spend: "
                    f"{spent - self._reserved:.4f} USD spent since it began. Results are kept; run again when it has ended."
                )


def no_price(provider: Provider, model: str) -> str:
    """Why a spending limit cannot be enforced."""
    return (
        f"Unknown price for {model} of {provider.name}: set it under the provider's `prices` in backends.yaml (`price: 0` for "
        "a server of your own), or run without a spending limit."
    )
