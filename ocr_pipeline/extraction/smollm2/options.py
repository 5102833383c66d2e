"""The values that may be chosen for each field, with the line of text that the model is asked about.

They are the unranked candidates of the rules in page order: no score, ranking or keyword of the rules reaches the model.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_pipeline.extraction.rules.candidates import rank
from ocr_pipeline.extraction.rules.fields import currency, suppliers
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join

TOP_ROWS = 8
"""The supplier's name is in one of the first rows."""
MAX_NAME_ROWS = 2
"""Names over more rows are skipped: on 71 receipts none was right, and each question takes time."""
MAX_AMOUNT_LINES = 40
"""The last lines with amounts are used, because totals are at the end. Bounds the time per document."""
MAX_DATE_LINES = 20
"""The first dates are used: the document's own date precedes delivery dates."""
MAX_LINE_LENGTH = 160
"""Characters of a line that the model sees."""

AMOUNTS = ("net_amount", "total_tax_amount", "total_amount")


@dataclass(frozen=True)
class Option:
    """A value on the page, and the line of text that the model labels."""

    value: Any
    span: Span
    line: str
    correction: str | None = None


def options(reading: Reading) -> Mapping[str, Sequence[Option]]:
    """Options by field; fields without any are left out."""
    amounts = _amounts(reading)
    by_field = {
        "supplier_name": _suppliers(reading),
        "invoice_date": _dates(reading),
        "currency": _currencies(reading),
        **dict.fromkeys(AMOUNTS, amounts),
    }
    return {field: entries for field, entries in by_field.items() if entries}


def _line(text: str) -> str:
    """The text on one line, cut to the maximum length."""
    return " ".join(text.split())[:MAX_LINE_LENGTH]


def _suppliers(reading: Reading) -> list[Option]:
    row_of = {word: row.index for row in reading.rows[:TOP_ROWS] for word in row.span.words}
    return [
        Option(candidate.value, candidate.span, _line(candidate.span.text), candidate.correction)
        for candidate in suppliers.candidates(reading)
        if row_of.keys() >= set(candidate.span.words)
        and len({row_of[word] for word in candidate.span.words}) <= MAX_NAME_ROWS
    ]


def _dates(reading: Reading) -> list[Option]:
    """Each date with the text before it in its row, after the previous date."""
    dates = []
    end: dict[int, int] = {}
    for printed in reading.dates:
        words = reading.rows[printed.row].words[end.get(printed.row, 0) : printed.last + 1]
        end[printed.row] = printed.last + 1
        dates.append(Option(printed.value, printed.span, _line(join(words).text), printed.repair))
    return dates[:MAX_DATE_LINES]


def _amounts(reading: Reading) -> list[Option]:
    """The last amount of each line: quantity and price, or the net amount before tax, come before it."""
    last = {number.row: number for number in reading.numbers if number.is_money}
    return [
        Option(number.value, number.span, _line(reading.rows[row].text), number.repair)
        for row, number in sorted(last.items())[-MAX_AMOUNT_LINES:]
    ]


def _currencies(reading: Reading) -> list[Option]:
    """One option per currency that a sign or the origin of the document speaks for, with its first line."""
    likely = [
        entry for entry in rank(currency.candidates(reading), currency.WEIGHTS) if entry.score >= currency.AT_LEAST
    ]
    return [
        Option(entry.value, entry.candidate.span, _line(_row_of(reading.rows, entry.candidate.span).text))
        for entry in likely
    ]


def _row_of(rows: Iterable[Row], span: Span) -> Row:
    return next(row for row in rows if set(span.words) <= set(row.span.words))
