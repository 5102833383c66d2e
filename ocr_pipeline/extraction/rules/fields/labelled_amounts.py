"""Every amount of money on the page with what the keywords around it say about it."""

from dataclasses import dataclass
from decimal import Decimal

from ocr_pipeline.extraction.rules.reading import Labels, Reading
from ocr_pipeline.extraction.rules.reading.numbers import Number

LARGEST_ROUNDING = Decimal("0.10")
"""Rounding to the smallest coin changes a total by less than this."""
_HIGHEST_TAX_RATE = 30
_TAX_ROUNDING = Decimal("0.02")
_CLEARLY = 0.5
_WEAKER = 0.3


@dataclass(frozen=True)
class LabelledAmount:
    """An amount and its labels."""

    number: Number
    labels: Labels

    @property
    def value(self) -> Decimal:
        return self.number.value

    def says(self, *classes: str) -> bool:
        """Whether a keyword of one of the classes stands clearly beside the amount."""
        return any(self.labels.left.get(name, 0) >= _CLEARLY for name in classes)

    def is_of_tax_row(self, role: str) -> bool:
        """Whether this is the `net` or `tax` amount of one rate in a tax summary."""
        return self.labels.left.keys() == {role, "tax_summary"}


def labelled(reading: Reading) -> list[LabelledAmount]:
    """All amounts of money of a document, in reading order."""
    rates = tax_rates(reading)
    found = []
    for row in reading.rows:
        numbers = reading.numbers_in(row.index)
        money = [number for number in numbers if number.is_money]
        zero_rated = any(number.percent and number.value == 0 for number in numbers)
        roles = _tax_row_roles([number.value for number in money], {Decimal(0)} if zero_rated else rates)
        for position, number in enumerate(money):
            labels = _settled(reading.labels(row.index, number.first, number.span), number.value)
            if position in roles:
                labels = Labels({roles[position]: 0.8, "tax_summary": 1.0}, labels.above, labels.first)
            found.append(LabelledAmount(number, labels))
    return found


def tax_rates(reading: Reading) -> set[Decimal]:
    """Printed percentages that may be tax rates, and the usual ones of the region."""
    printed = {number.value for number in reading.numbers if number.percent and 0 < number.value <= _HIGHEST_TAX_RATE}
    return printed | (reading.region.tax_rates if reading.region else frozenset())


def _tax_row_roles(values: list[Decimal], rates: set[Decimal]) -> dict[int, str]:
    """Position in a row -> what it is, for a row of a tax summary: net and tax at one of the rates.

    Such a row may begin with `Total`, but its net amount is not the total. A gross amount in it keeps its labels.
    """
    for tax, tax_value in enumerate(values):
        for net, net_value in enumerate(values[:tax]):
            fits = any(abs(net_value * rate / 100 - tax_value) < _TAX_ROUNDING for rate in rates)
            if fits and abs(tax_value) < abs(net_value) and (tax_value or rates == {Decimal(0)}):
                return {net: "net", tax: "tax"}
    return {}


def _settled(labels: Labels, value: Decimal) -> Labels:
    """Labels with the words that only explain another word weakened.

    In `Total incl. GST` the row is about the total, in `GST included in total` about the tax. An amount behind
    `Rounding` that is no small change is the rounded total.
    """
    left = dict(labels.left)
    if left.keys() & {"incl", "excl"}:
        for name in ("total", "grand_total", "incl") if "tax" in labels.first else ("tax",):
            left[name] = _WEAKER * left.get(name, 0.0)
    if "rounding" in left and abs(value) > LARGEST_ROUNDING:
        left["grand_total"] = left.pop("rounding")
    return Labels(left, labels.above, labels.first)
