"""Dates as printed, in all their shapes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.reading.layout import Layout, Row, Span, join
from ocr_pipeline.extraction.rules.text import LETTERS_AS_DIGITS, digits_of_lookalikes, plain

_MIN_DIGITS = re.compile(r"\d\D*\d\D*\d")
"""Text with fewer digits is not a date."""
_FIRST_YEAR, _LAST_YEAR = 1990, 2049
_TIME = re.compile(r"\d{1,2}\s?[:.]\s?\d\d")


@dataclass(frozen=True)
class Shape:
    """A way to print a date. The groups `d`, `m`, `y` of the pattern hold day, month and year.

    `trust` (0..1) says how often text of this shape is a date. `any_order`: day and month may stand the other way round.
    `any_end`: the year has two digits, so that year and day may, too.
    """

    name: str
    pattern: re.Pattern[str]
    trust: float
    any_order: bool
    any_end: bool


# Parts of the patterns below. A digit may be printed as a letter that OCR takes for it.
_PARTS = {
    "{D}": r"(?P<d>[0-9OoIl|]{1,2})",
    "{DD}": r"(?P<d>[0-3]\d)",
    "{M}": r"(?P<m>[0-9OoIl|]{1,2})",
    "{MM}": r"(?P<m>[01]\d)",
    "{NAME}": r"(?P<m>[05]?[^\W\d_]\w{1,9})\.?",
    "{YYYY}": r"(?P<y>(?:19|2[0O])\d\d)",
    "{YY}": r"(?P<y>\d\d)",
    "{TH}": r"(?:st|nd|rd|th)?[.,]?",
    "{SEP}": r"\s?[-/.,'~]?\s?",
    "{MARK}": r"\s?(?P<mark>[-/.])\s?",
    "{SAME}": r"\s?(?P=mark)\s?",
    # A date starts after anything but a digit, or after a time glued to it, and ends before anything but a digit, or
    # before a time glued to it: `18:1524/05/18`, `14/03/20185:57PM`. In `02.03.2015:59` the time begins within the year.
    "{START}": r"(?:(?<!\d)(?<!\d[.,/-])|(?<=\d:\d\d))",
    "{END}": r"(?=\D|$|\d{1,2}[:.]\d\d)(?![-/]\d|:\d\d(?![\d:]))",
}


def _shape(name: str, trust: float, pattern: str, *, any_order: bool = False, any_end: bool = False) -> Shape:
    for part, meaning in _PARTS.items():
        pattern = pattern.replace(part, meaning)
    return Shape(name, re.compile(pattern, re.IGNORECASE), trust, any_order, any_end)


SHAPES = (
    _shape("year first", 1.0, r"{START}{YYYY}{MARK}{M}{SAME}{DD}{END}"),  # 2018-02-22
    _shape("numeric", 1.0, r"{START}{D}{MARK}{M}{SAME}{YYYY}{END}", any_order=True),  # 22/02/2018
    _shape("month name", 1.0, r"(?<!\d){D}{TH}{SEP}{NAME}{SEP}{YYYY}"),  # 22 Feb 2018   22-Feb-2018
    _shape("month name first", 1.0, r"(?<!\w){NAME}{SEP}{D}{TH}\s?{YYYY}"),  # Feb 22, 2018
    _shape("marks differ", 0.7, r"{START}{D}\s?[-/.,'~]\s?{M}{SEP}{YYYY}{END}", any_order=True),  # 22/02,2018
    _shape("spaced", 0.7, r"{START}{DD}\s{MM}\s{YYYY}{END}", any_order=True),  # 22 02 2018
    _shape("month name, short year", 0.9, r"(?<!\d){D}{SEP}{NAME}{SEP}{YY}(?![\d.,:/])"),  # 22 Feb 18
    _shape("short year", 0.8, r"{START}{D}{MARK}{M}{SAME}{YY}{END}", any_order=True, any_end=True),  # 22/02/18
    _shape(
        "short year, marks differ", 0.5, r"{START}{DD}[-/.~ ]{MM}[-/.~]{YY}(?![\d.,])", any_order=True, any_end=True
    ),  # 22~02-18
    _shape("compact", 0.4, r"(?<![\w/-])(?P<y>20\d\d){MM}{DD}(?![\w-])"),  # 20180222
    _shape("compact, year last", 0.4, r"(?<![\w/-]){DD}{MM}(?P<y>20\d\d)(?![\w-])"),  # 22022018
)
"""All shapes, the most reliable first. Text matched by one shape is not matched by later ones."""


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
    start: int
    end: int
    repair: str | None


def find(layout: Layout, *, day_first: bool) -> tuple[PrintedDate, ...]:
    """All dates of a document. `day_first` applies only if no date of the document settles the order."""
    matches = [(row, match) for row in layout.rows for match in _in_row(row.text)]
    day_first = _order([match for _, match in matches], default=day_first)
    printed = (_printed(row, match, day_first) for row, match in matches)
    return tuple(entry for entry in printed if entry is not None)


def _in_row(text: str) -> list[_Match]:
    if not _MIN_DIGITS.search(text):
        return []
    matches: list[_Match] = []
    for shape in SHAPES:
        for text_match in shape.pattern.finditer(text):
            free = all(text_match.end() <= other.start or text_match.start() >= other.end for other in matches)
            match = _match(shape, text_match) if free else None
            if match is not None:
                matches.append(match)
    return sorted(matches, key=lambda match: match.start)


def _match(shape: Shape, text_match: re.Match[str]) -> _Match | None:
    month = _month(text_match["m"])
    day, year = digits_of_lookalikes(text_match["d"]), digits_of_lookalikes(text_match["y"])
    if month is None or not day.isdecimal() or not year.isdecimal():
        return None
    as_printed = (text_match["d"] + text_match["y"]).isdecimal() and (
        text_match["m"].isdecimal() or text_match["m"].isalpha()
    )
    repair = None if as_printed else LETTERS_AS_DIGITS
    return _Match(shape, int(day), month, int(year), text_match.start(), text_match.end(), repair)


_LETTERS = str.maketrans("0158", "olsb")


def _month(text: str) -> int | None:
    """The month of a number or a name: whole, cut after three letters or more, with slips like `0ct` and `5ep`."""
    digits = digits_of_lookalikes(text)
    if digits.isdecimal() and len(digits) <= 2:
        return int(digits)
    months = lexicon.load().months
    name = plain(text).translate(_LETTERS)
    cut = (month for known, month in months.items() if len(name) > 2 and known.startswith(name))
    return months.get(name) or next(cut, None) or (months.get(name[:3]) if len(name) == 4 else None)


def _order(matches: list[_Match], default: bool) -> bool:
    """Whether numeric dates have the day first, judged by dates that are valid in one order only."""
    sure = [match for match in matches if match.shape.name in ("numeric", "short year")]
    day_first = sum(31 >= match.day > 12 >= match.month for match in sure)
    month_first = sum(31 >= match.month > 12 >= match.day for match in sure)
    return default if day_first == month_first else day_first > month_first


def _printed(row: Row, match: _Match, day_first: bool) -> PrintedDate | None:
    day, month, year = match.day, match.month, match.year
    orders = [(year, month, day)]
    if match.shape.any_order:
        orders.insert(1 if day_first else 0, (year, day, month))
    if match.shape.any_end:
        orders.append((day, month, year))
    values = list(dict.fromkeys(value for order in orders if (value := _date(*order)) is not None))
    if not values:
        return None
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


def _date(year: int, month: int, day: int) -> date | None:
    try:
        value = date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None
    return value if _FIRST_YEAR <= value.year <= _LAST_YEAR else None


def _words(row: Row, start: int, end: int) -> tuple[int, int]:
    """Positions of the first and the last word that hold the characters `start` to `end` of the row's text."""
    positions = [position for position, (a, b) in enumerate(_extents(row)) if a < end and b > start]
    return positions[0], positions[-1]


def _extents(row: Row) -> Iterator[tuple[int, int]]:
    at = 0
    for word in row.words:
        yield at, at + len(word.text)
        at += len(word.text) + 1
