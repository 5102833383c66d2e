"""The spending limit of a run: room is reserved before a call and released after it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from ocr_pipeline.errors import BudgetError, ConfigurationError
from ocr_pipeline.models.prices import expected_cost
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import ModelRequest


class Budget:
    """US dollars spent and reserved by all threads of a run. `max_cost_usd` None: no limit."""

    def __init__(self, max_cost_usd: float | None) -> None:
        self.spent_usd = 0.0
        self._max_cost_usd = max_cost_usd
        self._reserved = 0.0
        self._lock = threading.Lock()

    def count(self, cost_usd: float) -> None:
        """Add what a call cost."""
        with self._lock:
            self.spent_usd += cost_usd

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
            if self._max_cost_usd is not None and cost is None:
                raise ConfigurationError(no_price(provider, request.model))
            expected += cost or 0
        with self._lock:
            if self._max_cost_usd is not None and self.spent_usd + self._reserved + expected > self._max_cost_usd:
                raise BudgetError(
                    f"Spending limit of {self._max_cost_usd:g} USD reached: {self.spent_usd:.4f} USD spent. Results are kept; "
                    "run again with a higher limit to continue."
                )
            self._reserved += expected
        try:
            yield expected
        finally:
            with self._lock:
                self._reserved -= expected


def no_price(provider: Provider, model: str) -> str:
    """Why a spending limit cannot be enforced."""
    return (
        f"Unknown price for {model} of {provider.name}: set it under the provider's `prices` in backends.yaml, "
        "or run without a spending limit."
    )
