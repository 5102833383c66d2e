"""Brackets as a minus, as bookkeepers print it. On other pages they enclose a remark or the price of one piece."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocr_pipeline.extraction.rules.reading.keywords import Keywords
from ocr_pipeline.extraction.rules.reading.layout import Layout
from ocr_pipeline.extraction.rules.reading.numbers import Number

_CREDIT = "credit_note_title"
_MIN_BRACKETED = 3
"""So many bracketed amounts, if they are most of the page's, are negative without a title that says so."""


def apply(numbers: Sequence[Number], layout: Layout, keywords: Keywords) -> Iterator[Number]:
    """The numbers, bracketed amounts negative on credit notes and where most amounts stand in brackets."""
    money = [number for number in numbers if number.is_money]
    bracketed = [number for number in money if number.bracketed]
    negative = bool(bracketed) and (
        (len(bracketed) >= _MIN_BRACKETED and 2 * len(bracketed) > len(money))
        or any(_CREDIT in hit.classes for row in layout.rows for hit in keywords.in_row(row.index))
    )
    for number in numbers:
        turns = negative and number.bracketed and number.is_money and number.value > 0
        yield replace(number, value=-number.value, other=number.other and -number.other) if turns else number
