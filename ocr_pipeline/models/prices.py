"""Token prices: a table with effective dates (`prices.yaml`) and the arithmetic. An unknown price is None, never 0."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ocr_pipeline.models.types import Usage

PerMillion = Annotated[Decimal, Field(ge=0, le=1_000_000)]

EXPECTED_OUTPUT_TOKENS = 800
"""Assumed for an estimate: an invoice with its line items as JSON, and a little thinking."""


class Rates(BaseModel):
    """US dollars per million tokens. `cached_input` defaults to `input`; thoughts are priced as output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: PerMillion
    output: PerMillion
    cached_input: PerMillion | None = None
    batch_input: PerMillion | None = None
    batch_output: PerMillion | None = None

    def cost(self, usage: Usage, *, batch: bool) -> float | None:
        """US dollars; None if there is no batch price."""
        rate_in, rate_out = (self.batch_input, self.batch_output) if batch else (self.input, self.output)
        if rate_in is None or rate_out is None:
            return None
        # No provider documents that the two discounts add up, so cached tokens in a batch cost the batch rate.
        cached = rate_in if batch or self.cached_input is None else self.cached_input
        tokens_out = usage.output + usage.thoughts
        dollars = (usage.input - usage.cached) * rate_in + usage.cached * cached + tokens_out * rate_out
        return float(dollars / 1_000_000)


FREE = Rates(input=Decimal(0), output=Decimal(0), batch_input=Decimal(0), batch_output=Decimal(0))


class _Period(Rates):
    since: date


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: str
    checked_on: date
    periods: list[_Period]


@cache
def price_table() -> Mapping[str, Mapping[str, _Entry]]:
    """The bundled prices by type of provider and model."""
    import yaml

    text = (files("ocr_pipeline.models") / "prices.yaml").read_text("utf-8")
    return {
        kind: {model: _Entry.model_validate(entry) for model, entry in models.items()}
        for kind, models in yaml.safe_load(text).items()
    }


def bundled_rates(kind: str, model: str, day: date) -> Rates | None:
    """The rates of a model on a day; None if the table has none."""
    entry = price_table().get(kind, {}).get(model)
    periods: Sequence[_Period] = entry.periods if entry else ()
    return next((period for period in reversed(periods) if period.since <= day), None)


def expected_cost(rates: Rates | None, input_tokens: int, *, batch: bool) -> float | None:
    """Expected cost in US dollars of a call with this many input tokens."""
    return rates.cost(Usage(input=input_tokens, output=EXPECTED_OUTPUT_TOKENS), batch=batch) if rates else None
