"""Amounts that are no amounts of the document: tips that a receipt proposes, and conversions into another currency."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.values import currencies

_MAX_SUGGESTIONS = 8
"""Rows below the words "suggested tip" that may be suggestions."""
_MIN_SUGGESTIONS = 2
"""Rows with a percentage and a tip that are suggestions without saying so."""


def suggested_rows(reading: Reading) -> frozenset[int]:
    """Rows that propose a tip: below such a heading as long as rows have percentages, or several percentages of tips."""
    rows: set[int] = set()
    tips: list[int] = []
    for row in reading.rows:
        classes = reading.keywords.classes(row.index)
        if "tip_suggestion" in classes:
            rows.update(_below(reading, row.index))
        elif "tip" in classes and _has_percentage(reading, row.index):
            tips.append(row.index)
    return frozenset(rows | set(tips if len(tips) >= _MIN_SUGGESTIONS else ()))


def _below(reading: Reading, heading: int) -> Iterable[int]:
    yield heading
    for row in range(heading + 1, min(heading + _MAX_SUGGESTIONS, len(reading.rows))):
        if reading.has_money(row) and not _has_percentage(reading, row):
            return
        yield row


def _has_percentage(reading: Reading, row: int) -> bool:
    return any(number.percent for number in reading.numbers_in(row))


class _Amount(Protocol):
    @property
    def number(self) -> Number: ...


def other_currency(amounts: Iterable[_Amount]) -> Callable[[Number], bool]:
    """Tells the amounts whose sign or code cannot mean the currency that most amounts of the page are in."""
    counts: Counter[frozenset[str]] = Counter()
    for amount in amounts:
        codes = _codes(amount.number)
        if codes:
            counts[codes] += 1
    if len(counts) < 2:
        return lambda number: False
    (home, most), (_, second) = counts.most_common(2)
    if most == second:
        return lambda number: False
    return lambda number: bool(codes := _codes(number)) and codes.isdisjoint(home)


def _codes(number: Number) -> frozenset[str]:
    return frozenset(currencies.codes_of(number.sign)) if number.sign else frozenset()
