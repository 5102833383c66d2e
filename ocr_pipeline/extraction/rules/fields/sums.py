"""Net amount, tax and total that belong together, proven by rates and sums: the strongest evidence on an invoice.

Some of them are printed nowhere: the tax of two taxes (CGST and SGST), the net amount of several rates, the tax of a gross
price with its rate. These become candidates, too.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, combinations, combinations_with_replacement, product
from typing import Literal

from ocr_pipeline.extraction.rules.fields.labelled_amounts import (
    MAX_ROUNDING,
    TOTALS,
    LabelledAmount,
    printed_rates,
    says_only_total,
)
from ocr_pipeline.extraction.rules.reading import Reading

Part = Literal["net", "tax", "total"]

_NOTHING = Decimal(0)
_CENT, _ONE = Decimal("0.01"), Decimal(1)
_SLACK = Decimal("0.02")
"""The error of a sum of amounts that were each rounded to the cent."""
_MAX_VALUES = 60
"""Amounts that are combined, the last ones of the page; this and the limits below bound the time."""
_MAX_RATES, _MAX_TAXES, _MAX_CHARGES, _MAX_TOTALS = 6, 5, 4, 6
_CHARGES = ("service_charge", "surcharge", "rounding", "discount", "tip", "withholding")
_NETS = ("net", "subtotal", "excl", "net_total")
_CLEARLY = 0.5


@dataclass(frozen=True)
class Sum:
    """Amounts with net + tax (+ charges) = total. `how` says what a part that is not printed was computed from."""

    net: Decimal
    tax: Decimal
    total: Decimal
    how: str

    def part(self, name: Part) -> Decimal:
        return {"net": self.net, "tax": self.tax, "total": self.total}[name]


@dataclass(frozen=True)
class Computed:
    """A net amount or tax that is printed nowhere: what it was computed from, and where that is."""

    value: Decimal
    role: Part
    correction: str
    place: LabelledAmount


def find(amounts: Sequence[LabelledAmount], reading: Reading, rates: set[Decimal]) -> list[Sum]:
    """The sums of a document; of those that rates prove without labels only the ones with the largest total."""
    printed = list(printed_rates(reading))[:_MAX_RATES]
    unpaid = [amount for amount in amounts if not amount.says("cash", "card", "change", "saving")]
    by_rate = [proven for proven in by_rates(unpaid, printed) if _may_be_total(proven.total, amounts)]
    most = max((abs(proven.total) for proven in by_rate), default=_NOTHING)
    sums = [proven for proven in by_rate if abs(proven.total) == most]
    sums += _of_tax_rows(amounts)
    sums += _of_labels(amounts)
    if not sums:
        sums += _of_subtotal(amounts, reading, printed)
    if not sums:
        sums += _contained(amounts, reading, printed or rates)
    return list(dict.fromkeys(sums))


def computed(sums: Iterable[Sum], amounts: Sequence[LabelledAmount]) -> Iterator[Computed]:
    """The parts of sums that are printed nowhere, at the place of their total."""
    printed = {amount.value for amount in amounts}
    for proven in sums:
        place = next((amount for amount in reversed(amounts) if amount.value == proven.total), None)
        for role in ("net", "tax"):
            if place is not None and proven.part(role) not in printed:
                yield Computed(proven.part(role), role, proven.how, place)


def charges(amounts: Sequence[LabelledAmount]) -> frozenset[Decimal]:
    """What may stand between net + tax and the total: sums of charges, tips, roundings, discounts and taxes withheld, and
    nothing."""
    values = _values(amounts, *_CHARGES)[:_MAX_CHARGES]
    taken_off = _values(amounts, "discount", "withholding")
    signed = [-abs(value) if value in taken_off else value for value in values]
    return frozenset(sum(terms, _NOTHING) for terms in _subsets(signed, len(signed)))


def _may_be_total(value: Decimal, amounts: Sequence[LabelledAmount]) -> bool:
    """Whether a value is labelled as a total, up to its rounding, or nothing is: small amounts fit a rate by chance."""
    totals = [total for total in _totals(amounts) if total]
    return not totals or any(abs(value - total) <= MAX_ROUNDING for total in totals)


def _subsets(values: Sequence[Decimal], most: int) -> Iterator[tuple[Decimal, ...]]:
    return chain.from_iterable(combinations(values, size) for size in range(most + 1))


def _values(amounts: Sequence[LabelledAmount], *classes: str) -> list[Decimal]:
    return list(dict.fromkeys(amount.value for amount in amounts if amount.says(*classes)))


def _step(amounts: Sequence[LabelledAmount]) -> Decimal:
    """The smallest amount in which taxes are printed."""
    return _CENT if any(amount.number.decimals for amount in amounts) else _ONE


# ---- proven by rates -------------------------------------------------------------------------------------------------


def by_rates(amounts: Sequence[LabelledAmount], rates: Sequence[Decimal]) -> Iterator[Sum]:
    """Amounts with a printed rate or two of them: net * rate = tax and net + taxes = total, all of them printed."""
    step = _step(amounts)
    values = list(dict.fromkeys(amount.value for amount in amounts[-_MAX_VALUES:] if amount.value))
    known = set(values)
    for net, rate in product(values, rates):
        for tax in _near(net * rate / 100, step, known):
            if net + tax in known:
                yield Sum(net, tax, net + tax, "total - tax")
    for net, (first, second) in product(values, combinations_with_replacement(rates, 2)):
        taxes = _near(net * first / 100, step, known), _near(net * second / 100, step, known)
        for one, other in product(*taxes):
            if net + one + other in known:
                yield Sum(net, one + other, net + one + other, "sum of taxes")


def _near(value: Decimal, step: Decimal, known: set[Decimal]) -> list[Decimal]:
    """The printed amounts that a computed one may have been rounded to."""
    rounded = value.quantize(step)
    return [near for near in (rounded, rounded - step, rounded + step) if near and near in known]


def _of_tax_rows(amounts: Sequence[LabelledAmount]) -> list[Sum]:
    """The sums of the net and tax amounts of a tax summary with several rates, if they make a printed amount."""
    nets = {amount.value for amount in amounts if amount.is_of_tax_row("net")}
    taxes = {amount.value for amount in amounts if amount.is_of_tax_row("tax")}
    all_nets, all_taxes = sum(nets, _NOTHING), sum(taxes, _NOTHING)
    total = all_nets + all_taxes
    if len(nets) < 2 or not any(amount.value == total for amount in amounts):
        return []
    return [Sum(all_nets, all_taxes, total, "sum of tax rates")]


# ---- proven by labels ------------------------------------------------------------------------------------------------


def _of_labels(amounts: Sequence[LabelledAmount]) -> list[Sum]:
    """Labelled net amounts, taxes and charges that make a labelled total."""
    nets, totals = _values(amounts, *_NETS)[:_MAX_TOTALS], _totals(amounts)
    taxes = [a.value for a in amounts if a.says("tax") and not a.says("excl") and a.value][-_MAX_TAXES:]
    sums_of_taxes = {sum(terms, _NOTHING): len(terms) for terms in reversed(list(_subsets(taxes, 3))) if terms}
    between = charges(amounts)
    return [
        Sum(net, tax, total, "sum of taxes" if count > 1 else "total - tax")
        for net, total in product(nets, totals)
        for tax, count in sums_of_taxes.items()
        if abs(tax) < abs(net) and any(abs(net + tax + extra - total) < _SLACK for extra in between)
    ]


def _totals(amounts: Sequence[LabelledAmount]) -> list[Decimal]:
    clear = (a.value for a in amounts if a.says(*TOTALS, "due", "incl") and _is_a_total(a))
    return list(dict.fromkeys(clear))[-_MAX_TOTALS:]


def _is_a_total(amount: LabelledAmount) -> bool:
    return says_only_total(amount.labels.left) >= _CLEARLY or amount.says("due")


def _of_subtotal(amounts: Sequence[LabelledAmount], reading: Reading, rates: Sequence[Decimal]) -> list[Sum]:
    """A subtotal without a printed tax: the total itself if the tax is zero, or the total less the printed rate of a tax."""
    if any(amount.says("tax") and amount.value for amount in amounts):
        return []
    nets, totals = _values(amounts, *_NETS), _totals(amounts)
    untaxed = _values(amounts, "tax") == [_NOTHING] or _says(reading, "reverse_charge")
    same = [Sum(total, _NOTHING, total, "no tax") for total in totals if total and untaxed]
    about_tax = [rate for rate in rates if _is_about_tax(reading, rate)]
    with_rate = [
        Sum(net, total - net, total, "total - net")
        for net, total, rate in product(nets, totals, about_tax)
        if net and abs(net * rate / 100 - (total - net)) < _SLACK
    ]
    return same + with_rate


def _contained(amounts: Sequence[LabelledAmount], reading: Reading, rates: Iterable[Decimal]) -> list[Sum]:
    """A gross total whose tax, or only whose rate is printed."""
    totals = [value for value in _totals(amounts) if value]
    if _values(amounts, *_NETS) or not totals:
        return []
    taxes = [value for value in _values(amounts, "tax") if value and value not in totals]
    step, known_values = _step(amounts), {amount.value for amount in amounts}
    known = [
        Sum(total - tax, tax, total, "total - tax")
        for total, rate in product(totals, rates)
        for tax in _near(total * rate / (100 + rate), step, known_values)
        if tax in taxes or (not taxes and _is_about_tax(reading, rate))
    ]
    about_tax = [rate for rate in rates if _is_about_tax(reading, rate)]
    if known or taxes or len(about_tax) != 1 or len(set(map(abs, totals))) != 1:
        return known
    tax = (totals[0] * about_tax[0] / (100 + about_tax[0])).quantize(step)
    return [Sum(totals[0] - tax, tax, totals[0], "rate contained in total")]


def _is_about_tax(reading: Reading, rate: Decimal) -> bool:
    """Whether a percentage is printed in a row that names a tax."""
    return any("tax" in reading.keywords.classes(row) for row in printed_rates(reading).get(rate, ()))


def _says(reading: Reading, keyword_class: str) -> bool:
    return any(keyword_class in reading.keywords.classes(row.index) for row in reading.rows)
