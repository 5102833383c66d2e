"""The values that may be chosen for each field, with the line of text that the model is asked about.

They come from the candidate stages of the rules, in the order of the page, before anything is weighed: no score, no
ranking and no keyword of the rules gets to the model.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_pipeline.extraction.rules.fields import currency, suppliers
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join

TOP_ROWS = 8
"""The supplier's name stands in one of so many rows."""
MOST_NAME_ROWS = 2
"""A name that runs over more rows is not asked about: on 71 receipts none was right, and each question takes time."""
MOST_AMOUNT_LINES = 40
"""Of more lines with amounts the last ones are asked about: totals stand at the end. Bounds the time for a document."""
MOST_DATE_LINES = 20
"""Of more dates the first ones: a document says when it was written before it lists what was delivered when."""
LONGEST_LINE = 160
"""Characters of a line that the model sees."""

AMOUNTS = ("net_amount", "total_tax_amount", "total_amount")


@dataclass(frozen=True)
class Option:
    """A value that stands on the page, and the text that the model says the meaning of."""

    value: Any
    span: Span
    line: str
    correction: str | None = None


def options(reading: Reading) -> Mapping[str, Sequence[Option]]:
    """By field; a field without any is left out."""
    amounts = _amounts(reading)
    found = {
        "supplier_name": _suppliers(reading),
        "invoice_date": _dates(reading),
        "currency": _currencies(reading),
        **dict.fromkeys(AMOUNTS, amounts),
    }
    return {field: entries for field, entries in found.items() if entries}


def _line(text: str) -> str:
    """One line, whatever the words hold."""
    return " ".join(text.split())[:LONGEST_LINE]


def _suppliers(reading: Reading) -> list[Option]:
    row_of = {word: row.index for row in reading.rows[:TOP_ROWS] for word in row.span.words}
    return [
        Option(candidate.value, candidate.span, _line(candidate.span.text), candidate.correction)
        for candidate in suppliers.candidates(reading)
        if row_of.keys() >= set(candidate.span.words)
        and len({row_of[word] for word in candidate.span.words}) <= MOST_NAME_ROWS
    ]


def _dates(reading: Reading) -> list[Option]:
    """Each date with what stands before it in its row, from the date before on."""
    found = []
    end: dict[int, int] = {}
    for printed in reading.dates:
        words = reading.rows[printed.row].words[end.get(printed.row, 0) : printed.last + 1]
        end[printed.row] = printed.last + 1
        found.append(Option(printed.value, printed.span, _line(join(words).text), printed.repair))
    return found[:MOST_DATE_LINES]


def _amounts(reading: Reading) -> list[Option]:
    """The last amount of each line: before it stand quantity and price, or the net amount before the tax."""
    last = {number.row: number for number in reading.numbers if number.is_money}
    return [
        Option(number.value, number.span, _line(reading.rows[row].text), number.repair)
        for row, number in sorted(last.items())[-MOST_AMOUNT_LINES:]
    ]


def _currencies(reading: Reading) -> list[Option]:
    """One per currency, with the first line that shows it."""
    return [
        Option(candidate.value, candidate.span, _line(_row_of(reading.rows, candidate.span).text))
        for candidate in currency.candidates(reading)
    ]


def _row_of(rows: Iterable[Row], span: Span) -> Row:
    return next(row for row in rows if set(span.words) <= set(row.span.words))
