"""What tokens cost. The expected sums are written out by hand from the price lists."""

from datetime import date

import pytest

from ocr_pipeline.models.prices import Rates, bundled_rates, expected_cost, price_table
from ocr_pipeline.models.types import Usage

USAGE = Usage(input=1_000_000, cached=400_000, output=200_000, thoughts=100_000)
SOON, LATER = date(2026, 12, 31), date(2027, 1, 1)


def cost(kind: str, model: str, day: date, *, batch: bool = False) -> float | None:
    rates = bundled_rates(kind, model, day)
    return rates.cost(USAGE, batch=batch) if rates else None


@pytest.mark.parametrize(
    ("model", "day", "batch", "usd"),
    [
        # 600,000 new and 400,000 cached tokens in, 300,000 with thoughts out
        ("gemini-3.5-flash-lite", SOON, False, 0.6 * 0.30 + 0.4 * 0.03 + 0.3 * 2.50),
        ("gemini-3.5-flash-lite", SOON, True, 1.0 * 0.15 + 0.3 * 1.25),  # half; the discounts do not add up
        ("gemini-3.8-flash", SOON, False, 0.6 * 0.75 + 0.4 * 0.075 + 0.3 * 3.75),
        ("gemini-3.8-flash", LATER, False, 0.6 * 1.50 + 0.4 * 0.15 + 0.3 * 7.50),
        ("gemini-3.8-flash", LATER, True, 1.0 * 0.75 + 0.3 * 3.75),
    ],
)
def test_cost_by_day_and_mode(model: str, day: date, batch: bool, usd: float) -> None:
    assert cost("gemini", model, day, batch=batch) == pytest.approx(usd)


def test_what_is_not_known_costs_none_and_never_nothing() -> None:
    assert cost("gemini", "gemini-99", SOON) is None
    assert cost("openai", "gemini-3.5-flash-lite", SOON) is None
    assert cost("gemini", "gemini-3.5-flash-lite", date(2025, 12, 31)) is None, "before the first period"
    assert cost("openai", "gpt-5-mini", SOON, batch=True) is None, "the table has no price for a batch of it"
    assert expected_cost(None, 1000, batch=False) is None


def test_without_a_price_for_cached_tokens_they_cost_what_others_do() -> None:
    assert Rates.model_validate({"input": 2, "output": 0}).cost(USAGE, batch=False) == pytest.approx(2.0)


def test_a_price_of_nothing_is_a_price() -> None:
    assert Rates.model_validate({"input": 0, "output": 0}).cost(USAGE, batch=False) == 0.0


def test_the_table_is_in_order_and_says_where_it_is_from() -> None:
    for models in price_table().values():
        for model, entry in models.items():
            days = [period.since for period in entry.periods]
            assert days == sorted(set(days)), model
            assert entry.source.count("https://") == 1, model
            assert date(2026, 1, 1) < entry.checked_on, model
            for period in entry.periods:
                if period.batch_input is not None:
                    assert (period.batch_input * 2, (period.batch_output or 0) * 2) == (period.input, period.output), (
                        model
                    )


def test_the_default_model_has_a_price() -> None:
    from ocr_pipeline.extraction.llm.extractor import GeminiExtractor

    assert bundled_rates("gemini", GeminiExtractor.model_fields["model"].default, SOON) is not None
