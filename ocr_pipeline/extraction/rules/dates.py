"""Dates as printed, in all their shapes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.layout import Layout, Row, Span, join
from ocr_pipeline.extraction.rules.text import digits_of_lookalikes, plain

_FIRST_YEAR, _LAST_YEAR = 1990, 2049


@dataclass(frozen=True)
class Shape:
    """A way to print a date. The groups `d`, `m`, `y` of the pattern hold day, month and year."""

    name: str
    pattern: re.Pattern[str]
    trust: float
    """How often text of this shape is a date, 0..1."""


# Parts of the patterns below. A digit may be printed as a letter that OCR takes for it.
_PARTS = {
    "{D}": r"(?P<d>[0-9OoIl|]{1,2})",
    "{DD}": r"(?P<d>[0-3]\d)",
    "{M}": r"(?P<m>[0-9OoIl|]{1,2})",
    "{MM}": r"(?P<m>[01]\d)",
    "{NAME}": r"(?P<m>[^\W\d_][\w0-9]{2,9})\.?",
    "{YYYY}": r"(?P<y>(?:19|2[0O])\d\d)",
    "{YY}": r"(?P<y>\d\d)",
    "{TH}": r"(?:st|nd|rd|th)?[.,]?",
    "{SEP}": r"\s?[-/.,'~]?\s?",
    # A date starts after anything but a digit, or after a time glued to it, and ends before anything but a digit, or
    # before a time glued to it: `18:1524/05/18`, `14/03/20185:57PM`.
    "{START}": r"(?:(?<![\d.,/-])|(?<=\d:\d\d))",
    "{END}": r"(?=\D|$|\d{1,2}[:.]\d\d)(?![-/]\d)",
}


def _shape(name: str, trust: float, pattern: str) -> Shape:
    for part, meaning in _PARTS.items():
        pattern = pattern.replace(part, meaning)
    return Shape(name, re.compile(pattern, re.IGNORECASE), trust)


SHAPES = (
    _shape("year first", 1.0, r"{START}{YYYY}\s?(?P<mark>[-/.])\s?{M}\s?(?P=mark)\s?{DD}{END}"),  # 2018-02-22
    _shape("numeric", 1.0, r"{START}{D}\s?(?P<mark>[-/.])\s?{M}\s?(?P=mark)\s?{YYYY}{END}"),  # 22/02/2018
    _shape("month name", 1.0, r"(?<!\d){D}{TH}{SEP}{NAME}{SEP}{YYYY}"),  # 22 Feb 2018   22-Feb-2018
    _shape("month name first", 1.0, r"(?<!\w){NAME}{SEP}{D}{TH}\s?{YYYY}"),  # Feb 22, 2018
    _shape("numeric, marks differ", 0.7, r"{START}{D}\s?[-/.,'~]\s?{M}{SEP}{YYYY}{END}"),  # 22/02,2018
    _shape("spaced", 0.7, r"{START}{DD}\s{MM}\s{YYYY}{END}"),  # 22 02 2018
    _shape("month name, short year", 0.9, r"(?<!\d){D}{SEP}{NAME}{SEP}{YY}(?![\d.,:/])"),  # 22 Feb 18
    _shape("short year", 0.8, r"{START}{D}\s?(?P<mark>[-/.])\s?{M}\s?(?P=mark)\s?{YY}{END}"),  # 22/02/18
    _shape("short year, marks differ", 0.5, r"{START}{DD}[-/.~ ]{MM}[-/.~]{YY}(?![\d.,])"),  # 22~02-18
    _shape("compact", 0.4, r"(?<!\d)(?P<y>20\d\d){MM}{DD}(?!\d)"),  # 20180222
    _shape("compact, year last", 0.4, r"(?<!\d){DD}{MM}(?P<y>20\d\d)(?!\d)"),  # 22022018
)
"""All shapes, the surest first. Text that one shape has taken is not read again by a later one."""


@dataclass(frozen=True)
class PrintedDate:
    """A date on the page: words `first` to `last` of row `row`, read in the order that the document uses."""

    value: date
    other_reading: date | None
    """The same digits with day and month (or, for a short year, year and day) exchanged, where that is a date too."""
    shape: Shape
    row: int
    first: int
    last: int
    span: Span
    has_time: bool


def find(layout: Layout, *, day_first: bool) -> tuple[PrintedDate, ...]:
    """All dates of a document. `day_first` counts only where no date of the document settles the order."""
    found = [(row, match) for row in layout.rows for match in _in_row(row)]
    day_first = _order([match for _, match in found], default=day_first)
    printed = (_printed(row, match, day_first) for row, match in found)
    return tuple(entry for entry in printed if entry is not None)


@dataclass(frozen=True)
class _Match:
    shape: Shape
    day: int
    month: int
    year: int
    start: int
    end: int


def _in_row(row: Row) -> list[_Match]:
    text = row.text
    if not any(c.isdigit() for c in text):
        return []
    matches: list[_Match] = []
    for shape in SHAPES:
        for found in shape.pattern.finditer(text):
            if all(found.end() <= other.start or found.start() >= other.end for other in matches):
                match = _parts(shape, found)
                if match is not None:
                    matches.append(match)
    return matches


def _parts(shape: Shape, found: re.Match[str]) -> _Match | None:
    month = _month(found["m"])
    day, year = digits_of_lookalikes(found["d"]), digits_of_lookalikes(found["y"])
    if month is None or not day.isdigit() or not year.isdigit():
        return None
    return _Match(shape, int(day), month, int(year), found.start(), found.end())


def _month(text: str) -> int | None:
    """Month of a number or name; a name may have OCR slips in its digits (`0ct`, `5ep`) or be cut to three letters."""
    digits = digits_of_lookalikes(text)
    if digits.isdigit() and len(digits) <= 2:
        return int(digits)
    months = lexicon.load().months
    name = plain(text).translate(str.maketrans("0158", "olsb"))
    if name in months:
        return months[name]
    # A longer word must be a month's name up to its end: `march` yes, `marketing` no.
    full = [month for month in months if len(month) > 3 and (month.startswith(name) if len(name) > 3 else False)]
    if full:
        return months[full[0]]
    return months.get(name[:3]) if len(name) in (3, 4) else None


def _order(matches: list[_Match], default: bool) -> bool:
    """Whether numeric dates print the day first, judged by those where only one order makes a date."""
    numeric = [match for match in matches if match.shape.name in ("numeric", "short year")]
    day_first = sum(match.day > 12 >= match.month for match in numeric)
    month_first = sum(match.month > 12 >= match.day for match in numeric)
    return default if day_first == month_first else day_first > month_first


def _printed(row: Row, match: _Match, day_first: bool) -> PrintedDate | None:
    day, month = match.day, match.month
    swappable = match.shape.name.startswith(("numeric", "short year", "spaced"))
    readings = [_date(match.year, month, day)]
    if swappable:
        swapped = _date(match.year, day, month)
        readings = [readings[0], swapped] if day_first else [swapped, readings[0]]
    if match.shape.name.startswith("short year"):
        readings.append(_date(day, month, match.year))
    possible = [reading for reading in readings if reading is not None]
    if not possible:
        return None
    first, last = _words(row, match.start, match.end)
    rest = row.text[match.end :] + " " + row.text[: match.start]
    return PrintedDate(
        value=possible[0],
        other_reading=next((reading for reading in possible[1:] if reading != possible[0]), None),
        shape=match.shape,
        row=row.index,
        first=first,
        last=last,
        span=replace(join(row.words[first : last + 1]), text=row.text[match.start : match.end]),
        has_time=re.search(r"\d{1,2}\s?[:.]\s?\d\d", rest) is not None,
    )


def _date(year: int, month: int, day: int) -> date | None:
    try:
        value = date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None
    return value if _FIRST_YEAR <= value.year <= _LAST_YEAR else None


def _words(row: Row, start: int, end: int) -> tuple[int, int]:
    """Positions of the words that hold the characters `start` to `end` of the row's text."""
    positions = [position for position, (a, b) in enumerate(_extents(row)) if a < end and b > start]
    return positions[0], positions[-1]


def _extents(row: Row) -> Iterator[tuple[int, int]]:
    at = 0
    for word in row.words:
        yield at, at + len(word.text)
        at += len(word.text) + 1
