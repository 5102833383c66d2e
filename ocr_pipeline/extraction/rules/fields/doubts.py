"""What a page leaves open about an amount, whatever its label says, limits the confidence in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from ocr_pipeline.extraction.rules.candidates import Choice, T
from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.values import currencies

SCALE_OPEN = "thousands or decimals"
"""How a value is marked that was read from `14.875` where nothing decides between 14875 and 14.875."""

LIMITS: Mapping[str, float] = {
    "open_scale": 0.45,
    "other_scale": 0.45,
    "in_brackets": 0.75,
    "whole_among_cents": 0.75,
    "three_decimals": 0.75,
    "negative": 0.75,
}
"""Feature of a chosen candidate -> the highest confidence in it."""
UNSUPPORTED = 0.75
_PROOFS = (
    "net_plus_tax", "cash_less_change", "sum_of_column", "sum_of_totals", "sum_of_items", "after_rounding", "total_of_sum",
    "tax_of_sum", "tax_of_other", "total_less_net", "sum_of_taxes", "zero_total", "corrected", "corrected_tax",
    "computed_tax",
)  # fmt: skip
_SUPPORTS = (
    *_PROOFS, "left_grand_total", "left_total", "left_net_total", "left_due", "left_incl", "above_grand_total", "above_total",
    "left_card", "left_net", "corrected_by_items",
)  # fmt: skip
_SMALL_TAX = 0.02


def features(places: Sequence[LabelledAmount], *, page_has_cents: bool) -> dict[str, float]:
    """What is open about a value that is printed in these places."""
    numbers = [place.number for place in places]
    return {
        "open_scale": float(all(number.open for number in numbers)),
        "three_decimals": float(all(_has_three_decimals(number) for number in numbers)),
        "in_brackets": float(all(number.bracketed and number.value > 0 for number in numbers)),
        "whole_among_cents": float(
            page_has_cents and all(not number.decimals and not number.whole for number in numbers)
        ),
    }


def _is_unsupported(field: str, held: Mapping[str, float]) -> bool:
    """Whether neither label nor arithmetic speaks for a total, or no arithmetic for a tax as small as a rate: `8.25`."""
    if field == "total_amount":
        return not any(held.get(name) for name in _SUPPORTS)
    is_small = 0 < held.get("share_of_largest", 1.0) < _SMALL_TAX
    return field == "total_tax_amount" and is_small and not any(held.get(name) for name in _PROOFS)


def _has_three_decimals(number: Number) -> bool:
    """Whether a number is printed with three decimals in a currency that has two."""
    codes = currencies.codes_of(number.sign) if number.sign else ()
    return number.decimals == 3 and not number.whole and not any(currencies.decimals(code) == 3 for code in codes)


def other_readings(amounts: Sequence[LabelledAmount]) -> dict[Decimal, list[LabelledAmount]]:
    """The second readings of numbers whose scale is open -> their places."""
    others: dict[Decimal, list[LabelledAmount]] = {}
    for amount in amounts:
        if amount.number.open and amount.number.other is not None:
            others.setdefault(amount.number.other, []).append(amount)
    return others


def limited(field: str, choice: Choice[T]) -> Choice[T]:
    """The choice for a field, its confidence not above what its doubts allow."""
    if choice.chosen is None:
        return choice
    held = choice.chosen.candidate.features
    limit = min((most for name, most in LIMITS.items() if held.get(name)), default=1.0)
    if _is_unsupported(field, held):
        limit = min(limit, UNSUPPORTED)
    return replace(choice, sure=limit) if choice.confidence > limit else choice
