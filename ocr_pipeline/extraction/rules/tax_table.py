"""Reads tax rates with their net and tax amounts: rows with a rate whose amounts fit it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import permutations

from ocr_pipeline.extraction.rules.amounts import LabelledAmount
from ocr_pipeline.extraction.rules.layout import Row, Span
from ocr_pipeline.extraction.rules.numbers import Number
from ocr_pipeline.extraction.rules.reading import Reading

_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,2})?)\s?%")
_HIGHEST_RATE = 30
_TOLERANCE = Decimal("0.02")


@dataclass(frozen=True)
class TaxRow:
    """One rate of the tax summary with the places of its parts."""

    rate: Decimal
    rate_span: Span
    net: Number | None
    tax: Number | None


def find(reading: Reading, amounts: list[LabelledAmount]) -> list[TaxRow]:
    """One row per rate, the most complete one where a rate is printed more than once."""
    by_rate: dict[Decimal, TaxRow] = {}
    for row in reading.rows:
        in_row = [amount for amount in amounts if amount.number.row == row.index]
        for rate, span in _rates(row):
            found = _tax_row(rate, span, in_row)
            if found and (rate not in by_rate or _completeness(found) > _completeness(by_rate[rate])):
                by_rate[rate] = found
    return list(by_rate.values())


def _rates(row: Row) -> list[tuple[Decimal, Span]]:
    if "%" not in row.text:
        return []
    rates = []
    for match in _RATE.finditer(row.text):
        rate = Decimal(match[1].replace(",", "."))
        if rate <= _HIGHEST_RATE:
            word = next((word for word in row.words if match[1] in word.text), row.span)
            rates.append((rate.normalize() + 0, word))
    return rates


def _tax_row(rate: Decimal, span: Span, in_row: list[LabelledAmount]) -> TaxRow | None:
    for net, tax in permutations(in_row, 2):
        if abs(tax.value) <= abs(net.value) and abs(net.value * rate / 100 - tax.value) <= _TOLERANCE:
            if rate or net.value:
                return TaxRow(rate, span, net.number, tax.number)
    labelled = [amount for amount in in_row if amount.says("tax")]
    if len(in_row) == 1 and labelled:
        return TaxRow(rate, span, None, labelled[0].number)
    return None


def _completeness(row: TaxRow) -> int:
    return (row.net is not None) + (row.tax is not None)
