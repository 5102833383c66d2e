"""Every amount of money on the page with the keywords around it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import product

from ocr_pipeline.extraction.rules.fields.set_aside import other_currency, suggested_rows
from ocr_pipeline.extraction.rules.reading import Labels, Reading
from ocr_pipeline.extraction.rules.reading.layout import Row
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.extraction.rules.text import digits_of_lookalikes

MAX_ROUNDING = Decimal("0.10")
"""Rounding to the smallest coin changes a total by less than this."""
_MAX_TAX_RATE = 30
_GLUED_RATE = re.compile(r"(?<=[^\W\d]|[@(:=])(\d{1,2}(?:[.,]\d{1,3})?)%")
_TAX_ROUNDING = Decimal("0.02")
_CLEARLY = 0.5
_WEAKER = 0.3
TOTALS = ("total", "grand_total", "net_total")
_NO_TOTAL = (
    "excl", "tax", "change", "rounding", "discount", "saving", "subtotal", "prepaid", "service_charge", "surcharge",
    "net", "quantity", "count", "tax_summary", "cash", "carried", "withholding", "previous_balance", "tip",
)  # fmt: skip
"""Words that turn a total in the same label into a smaller amount."""
_WRONG_MARK = re.compile(r"(?P<whole>[0-9OoQDIl|!SsBZzG]{1,5})[^\w\s](?P<cents>[0-9OoQDIl|!SsBZzG]{2})")
"""The shape of an amount whose decimal mark was misread: `52-00`, `52:O0`."""
_LOST_MARK = re.compile(r"(?:RM|[$€£])?(?P<number>\d{1,5}\.\d?|\d{3,7})", re.IGNORECASE)
"""The shape of a total that lost its decimal mark or its cents: `5000`, `25.`, `25.0`."""
_MIN_CENTS = 100
MARK_MISREAD = "decimal mark misread"


@dataclass(frozen=True)
class LabelledAmount:
    """An amount and its labels.

    `suggested`: one of the tips that a receipt proposes.
    `other_currency`: the page has more amounts in another currency.
    """

    number: Number
    labels: Labels
    suggested: bool = False
    other_currency: bool = False

    @property
    def value(self) -> Decimal:
        return self.number.value

    def says(self, *classes: str) -> bool:
        """Whether a keyword of one of the classes is clearly beside the amount."""
        return not self._clearly.isdisjoint(classes)

    @cached_property
    def _clearly(self) -> frozenset[str]:
        return frozenset(name for name, strength in self.labels.left.items() if strength >= _CLEARLY)

    def is_of_tax_row(self, role: str) -> bool:
        """Whether this is the `net` or `tax` amount of one rate in a tax summary."""
        return self.labels.left.keys() == {role, "tax_summary"}


def labelled(reading: Reading) -> list[LabelledAmount]:
    """All amounts of money of a document, in reading order."""
    rates = tax_rates(reading)
    amounts: list[LabelledAmount] = []
    suggestions = suggested_rows(reading)
    for row in reading.rows:
        numbers = reading.numbers_in(row.index)
        money = [number for number in numbers if number.is_money]
        zero_rated = any(number.percent and number.value == 0 for number in numbers)
        roles = _tax_row_roles([number.value for number in money], {Decimal(0)} if zero_rated else rates)
        for position, number in enumerate(money):
            labels = _settled(reading.labels(row.index, number.first, number.span), number.value)
            if position in roles:
                labels = Labels({roles[position]: 0.8, "tax_summary": 1.0}, labels.above, labels.first)
            amounts.append(LabelledAmount(number, labels, suggested=row.index in suggestions))
        guess = None if money else _with_wrong_mark(reading, row)
        if guess is not None:
            amounts.append(guess)
    amounts = _with_lost_marks(reading, amounts)
    foreign = other_currency(amounts)
    return [replace(amount, other_currency=True) if foreign(amount.number) else amount for amount in amounts]


def _with_wrong_mark(reading: Reading, row: Row) -> LabelledAmount | None:
    """The last word of a row that is labelled as a total, if only its decimal mark keeps it from being an amount."""
    last = len(row.words) - 1
    match = _WRONG_MARK.fullmatch(row.words[last].text)
    if match is None:
        return None
    labels = reading.labels(row.index, last, row.words[last])
    whole, cents = map(digits_of_lookalikes, match.groups())
    if says_only_total(labels.left) < _CLEARLY or not (whole + cents).isdecimal():
        return None
    return _amount(row, last, Decimal(f"{whole}.{cents}"), labels)


def _with_lost_marks(reading: Reading, amounts: list[LabelledAmount]) -> list[LabelledAmount]:
    """The amounts, with those that lost their decimal mark or their cents read as the amount that they must be.

    `RM 5000` is 50.00 if that is printed, too; the total `1142`, `11.` or `11.4` is 11.42 if that is printed elsewhere, or is
    cash less change.
    """
    cents = {amount.value for amount in amounts if amount.number.decimals == 2}
    if not cents:
        return amounts
    whole = [_with_cents(amount, cents) for amount in amounts]
    cash, change = ([a.value for a in whole if a.says(name)] for name in ("cash", "change"))
    expected = cents | {paid - back for paid, back in product(cash, change) if paid > back}
    with_money = {amount.number.row for amount in amounts}
    guesses = (_lost_total(reading, row, expected) for row in reading.rows if row.index not in with_money)
    found = [guess for guess in guesses if guess is not None]
    return sorted([*whole, *found], key=lambda amount: (amount.number.row, amount.number.first)) if found else whole


def _with_cents(amount: LabelledAmount, cents: set[Decimal]) -> LabelledAmount:
    number, value = amount.number, amount.value / 100
    if number.decimals or number.group or abs(amount.value) < _MIN_CENTS or value not in cents or amount.value in cents:
        return amount
    return replace(amount, number=replace(number, value=value, decimals=2, repair=MARK_MISREAD, whole=False))


def _lost_total(reading: Reading, row: Row, expected: set[Decimal]) -> LabelledAmount | None:
    """The last word with a digit of a row that is labelled as a total, if it can be one of the expected amounts only."""
    last = max(
        (at for at, word in enumerate(row.words) if word.text[-1:].isdigit() or word.text[-2:-1].isdigit()), default=0
    )
    match = _LOST_MARK.fullmatch(row.words[last].text) if last else None
    labels = reading.labels(row.index, last, row.words[last]) if match else None
    if match is None or labels is None or says_only_total(labels.left) < _CLEARLY:
        return None
    shown = match["number"]
    fits = [v for v in expected if (f"{v:.2f}".startswith(shown) if "." in shown else f"{v * 100:.0f}" == shown)]
    return _amount(row, last, fits[0], labels) if len(fits) == 1 else None


def _amount(row: Row, position: int, value: Decimal, labels: Labels) -> LabelledAmount:
    """An amount whose decimal mark was misread."""
    span = row.words[position]
    number = Number(
        value=value, decimals=2, sign=None, percent=False, measure=False, repair=MARK_MISREAD, row=row.index,
        first=position, last=position, span=span,
    )  # fmt: skip
    return LabelledAmount(number, labels)


def says_only_total(left: Mapping[str, float]) -> float:
    """How clearly a label says total and nothing that would make it smaller, 0..1."""
    total = max(left.get(name, 0.0) for name in TOTALS)
    return 0.0 if any(left.get(name, 0.0) >= _CLEARLY for name in _NO_TOTAL) else total


def tax_rates(reading: Reading) -> set[Decimal]:
    """Printed percentages that may be tax rates, and the usual ones of the region."""
    return {*printed_rates(reading), *(reading.region.tax_rates if reading.region else ())}


def printed_rates(reading: Reading) -> dict[Decimal, list[int]]:
    """Percentages that may be tax rates -> their rows, in reading order; also those glued to a word, as in `GST@6%`."""
    rates: dict[Decimal, list[int]] = {}
    for number in reading.numbers:
        if number.percent and 0 < number.value <= _MAX_TAX_RATE:
            rates.setdefault(number.value, []).append(number.row)
    for row in reading.rows:
        for match in _GLUED_RATE.finditer(row.text) if "%" in row.text else ():
            rate = Decimal(match[1].replace(",", "."))
            if 0 < rate <= _MAX_TAX_RATE:
                rates.setdefault(rate, []).append(row.index)
    return rates


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
    `Rounding` that is not small change is the rounded total.
    """
    left = dict(labels.left)
    if {"incl", "net"} <= left.keys() and "excl" not in left and "discount" not in left:  # Netto inkl. MWST
        left["grand_total"] = left.pop("net")
    if left.keys() & {"incl", "excl"}:
        for name in ("total", "grand_total", "incl") if "tax" in labels.first else ("tax",):
            left[name] = _WEAKER * left.get(name, 0.0)
    if "rounding" in left and abs(value) > MAX_ROUNDING:
        left["grand_total"] = left.pop("rounding")
    return Labels(left, labels.above, labels.first)
