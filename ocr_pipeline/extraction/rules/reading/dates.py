"""Dates as printed, in all their shapes."""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from ocr_pipeline.extraction.rules.reading.date_shapes import SHAPES, Shape, date_of, month_number
from ocr_pipeline.extraction.rules.reading.layout import Layout, Row, Span, join
from ocr_pipeline.extraction.rules.text import LETTERS_AS_DIGITS, digits_of_lookalikes
from ocr_pipeline.values.numerals import plain_marks

_MIN_DIGITS = re.compile(r"\d\D*\d\D*\d")
"""Text with fewer digits is not a date."""
_TIME = re.compile(r"\d{1,2}\s?[:.]\s?\d\d")
_SCRIPTS = {"han": "\u3041-\u9fff", "thai": "\u0e01-\u0e5b", "arabic": "\u0621-\u06d3"}
_SCRIPT_OF = {script: re.compile(f"[{characters}]") for script, characters in _SCRIPTS.items()}
_BUDDHIST_YEAR = re.compile(r"(?<!\d)25[5-9]\d(?!\d)")
_YEAR = re.compile(r"(?<!\d)20[0-4]\d(?!\d)")
_WIDE = 5.0
"""Gaps between columns are wider than this many text heights."""
_COLUMN = "\0"
_OLD = 2010
"""Of two readings of a short date, one before this year is the less likely one."""


@dataclass(frozen=True)
class PrintedDate:
    """A date on the page: words `first` to `last` of row `row`, read in the order that the document uses.

    `other_values` are the dates that the same digits give in another order. `has_time`: a time of day stands beside it.
    `repair` says which slip of the OCR was undone to read it.
    """

    value: date
    other_values: tuple[date, ...]
    shape: Shape
    row: int
    first: int
    last: int
    span: Span
    has_time: bool
    repair: str | None


@dataclass(frozen=True)
class _Match:
    """Day, month and year as printed in the characters `start` to `end` of a row's text; not always a date."""

    shape: Shape
    day: int
    month: int
    year: int
    era: str
    start: int
    end: int
    repair: str | None


@dataclass(frozen=True)
class _Page:
    """What decides how the dates of a document are read. `scripts`: those on it that have calendars of their own; `years`:
    the years printed anywhere on it."""

    scripts: frozenset[str]
    years: frozenset[int]
    day_first: bool = True


def find(layout: Layout, *, day_first: bool) -> tuple[PrintedDate, ...]:
    """All dates of a document. `day_first` applies only if no date of the document settles the order."""
    page = _page(layout)
    matches = [(row, match) for row in layout.rows for match in _in_row(_text_of(row), page.scripts)]
    page = replace(page, day_first=_order([match for _, match in matches], default=day_first))
    printed = (_printed(row, match, page) for row, match in matches)
    return tuple(entry for entry in printed if entry is not None)


def _text_of(row: Row) -> str:
    """The row's text with a mark in place of the blank where a wide gap divides columns: no date runs across it."""
    if not _MIN_DIGITS.search(row.text):
        return ""
    text = row.words[0].text
    for before, word in pairwise(row.words):
        text += (_COLUMN if word.x0 - before.x1 > _WIDE * word.height else " ") + word.text
    return text


def _page(layout: Layout) -> _Page:
    texts = [row.text for row in layout.rows]
    foreign = " ".join(text for text in texts if not text.isascii())
    scripts = {script for script, characters in _SCRIPT_OF.items() if characters.search(foreign)}
    everything = " ".join(text for text in texts if "2" in text)
    if _BUDDHIST_YEAR.search(everything) and any(
        match for text in texts if "25" in text for match in _in_row(text, scripts)
    ):
        scripts.add("thai")
    return _Page(frozenset(scripts), frozenset(map(int, _YEAR.findall(everything))))


def _in_row(text: str, scripts: Set[str]) -> list[_Match]:
    if not _MIN_DIGITS.search(text):
        return []
    text = text if text.isascii() else plain_marks(text)
    characters = frozenset(text)
    matches: list[_Match] = []
    for shape in SHAPES:
        if (shape.script and shape.script not in scripts) or (shape.literal and characters.isdisjoint(shape.literal)):
            continue
        for text_match in shape.pattern.finditer(text):
            free = all(text_match.end() <= other.start or text_match.start() >= other.end for other in matches)
            match = _match(shape, text_match) if free else None
            if match is not None:
                matches.append(match)
    return sorted(matches, key=lambda match: match.start)


def _match(shape: Shape, text_match: re.Match[str]) -> _Match | None:
    parts = text_match.groupdict()
    month = month_number(parts["m"], shape.name)
    day, year = digits_of_lookalikes(parts["d"]), "1" if parts["y"] == "元" else digits_of_lookalikes(parts["y"])
    if month is None or not day.isdecimal() or not year.isdecimal():
        return None
    as_printed = (parts["d"] + parts["y"]).isdecimal() and (
        parts["m"].isdecimal() or not any(map(str.isdigit, parts["m"]))
    )
    repair = None if as_printed or shape.calendar != "gregorian" else LETTERS_AS_DIGITS
    era = parts.get("era") or ""
    return _Match(shape, int(day), month, int(year), era, text_match.start(), text_match.end(), repair)


def _order(matches: list[_Match], default: bool) -> bool:
    """Whether numeric dates have the day first, judged by dates that are valid in one order only."""
    sure = [match for match in matches if match.shape.name in ("numeric", "short year")]
    day_first = sum(31 >= match.day > 12 >= match.month for match in sure)
    month_first = sum(31 >= match.month > 12 >= match.day for match in sure)
    return default if day_first == month_first else day_first > month_first


def _printed(row: Row, match: _Match, page: _Page) -> PrintedDate | None:
    day, month, year = match.day, match.month, match.year
    orders = [(year, month, day)]
    if match.shape.any_order:
        orders.insert(1 if page.day_first else 0, (year, day, month))
    if match.shape.any_end:
        orders.append((day, month, year))
    dates = (
        date_of(*order, calendar=match.shape.calendar, era=match.era, thai="thai" in page.scripts) for order in orders
    )
    values = list(dict.fromkeys(value for value in dates if value is not None))
    if not values:
        return None
    if match.shape.any_end:
        values = _likelier_year_first(values, date_of(*orders[-1]), page.years)
    first, last = _words(row, match.start, match.end)
    return PrintedDate(
        value=values[0],
        other_values=tuple(values[1:]),
        shape=match.shape,
        row=row.index,
        first=first,
        last=last,
        span=join(row.words[first : last + 1])._replace(text=row.text[match.start : match.end]),
        repair=match.repair,
        has_time=_TIME.search(row.text[: match.start] + "|" + row.text[match.end :]) is not None,
    )


def _likelier_year_first(values: list[date], year_first: date | None, years: frozenset[int]) -> list[date]:
    """The readings of a short date, `24-03-05`, with the year at its start before those with it at its end if the page
    prints that year elsewhere, or if the others are long ago."""
    usual = values[0]
    if year_first is None or year_first == usual or usual.year in years or year_first.year < _OLD:
        return values
    if year_first.year in years or usual.year < _OLD:
        return [year_first, *(value for value in values if value != year_first)]
    return values


def _words(row: Row, start: int, end: int) -> tuple[int, int]:
    """Positions of the first and the last word that hold the characters `start` to `end` of the row's text."""
    positions = [position for position, (a, b) in enumerate(_extents(row)) if a < end and b > start]
    return positions[0], positions[-1]


def _extents(row: Row) -> Iterator[tuple[int, int]]:
    at = 0
    for word in row.words:
        yield at, at + len(word.text)
        at += len(word.text) + 1
