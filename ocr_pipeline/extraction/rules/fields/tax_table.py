"""Reads tax rates with their net and tax amounts: rows with a rate whose amounts fit it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import permutations

from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span
from ocr_pipeline.extraction.rules.reading.numbers import Number

_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,2})?)\s?%")
_MAX_RATE = 30
_TOLERANCE = Decimal("0.02")


@dataclass(frozen=True)
class TaxRow:
    """One rate of the tax summary, in percent, with the places of its parts."""

    rate: Decimal
    rate_span: Span
    net: Number | None
    tax: Number

    @property
    def is_complete(self) -> bool:
        return self.net is not None


def find(reading: Reading, amounts: Sequence[LabelledAmount]) -> list[TaxRow]:
    """One row per rate, the most complete one where a rate is printed more than once."""
    by_rate: dict[Decimal, TaxRow] = {}
    for row in reading.rows:
        in_row = [amount for amount in amounts if amount.number.row == row.index] if "%" in row.text else []
        for rate, span in _rates(row) if in_row else ():
            tax_row = _tax_row(rate, span, in_row)
            if tax_row and (rate not in by_rate or tax_row.is_complete > by_rate[rate].is_complete):
                by_rate[rate] = tax_row
    return [row if row.is_complete else replace(row, net=_net_elsewhere(row, amounts)) for row in by_rate.values()]


def _net_elsewhere(row: TaxRow, amounts: Sequence[LabelledAmount]) -> Number | None:
    """The net amount that fits a tax whose row does not give it: `Net 185.80`, below it `VAT 20% 37.16`."""
    nets = (amount for amount in amounts if amount.says("net", "net_total", "subtotal", "excl"))
    return next((net.number for net in nets if _fit(net, row.rate, row.tax.value)), None)


def _fit(net: LabelledAmount, rate: Decimal, tax: Decimal) -> bool:
    return abs(net.value * rate / 100 - tax) <= _TOLERANCE and abs(tax) <= abs(net.value)


def _rates(row: Row) -> Iterator[tuple[Decimal, Span]]:
    for match in _RATE.finditer(row.text):
        rate = Decimal(match[1].replace(",", "."))
        if rate <= _MAX_RATE:
            word = next((word for word in row.words if match[1] in word.text), row.span)
            yield (rate.to_integral_value() if rate == rate.to_integral_value() else rate), word


def _tax_row(rate: Decimal, span: Span, in_row: Sequence[LabelledAmount]) -> TaxRow | None:
    for net, tax in permutations(in_row, 2):
        if _fit(net, rate, tax.value) and (rate or net.value):
            return TaxRow(rate, span, net.number, tax.number)
    if len(in_row) == 1 and in_row[0].says("tax"):
        return TaxRow(rate, span, None, in_row[0].number)
    return None
