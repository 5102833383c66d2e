"""Printed dates."""

import re
import unicodedata
from datetime import date

from ocr_pipeline.values.text import MAX_LENGTH, plain_text
from ocr_pipeline.values.vocabulary import MONTHS, WEEKDAYS

_FILLERS = frozenset(["st", "nd", "rd", "th", "er", "o", "a", "de", "del", "of", "the", "den", "le", "il"])
"""Ordinal endings (1st, 1er, 1º) and articles (15 de enero de 2019)."""

_TIME = re.compile(
    r"(?:(?<=\d)t)?(?<![\d.:/-])"
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:[ap]\.? ?m\b\.?|uhr|hrs?|h|z))?(?:[+-]\d{2}:?\d{2}(?!\d))?"
    r"|\d{1,2}[.h]\d{2} ?uhr|\d{1,2}h\d{2})(?!\d)"
)
_PART = re.compile(r"\d+|[^\W\d_]+")


def parse_date(text: str, *, day_first: bool) -> date | None:
    """Parse a printed date: `24/03/2018`, `24-3-18`, `24 MAR 2018`, `Oct 3, 2016`, `20180324`, `1er février 2019`.

    `day_first` is the order of numeric dates: True for `day month year`, False for `month day year`. It comes from the
    data set or the document and has no default, because a silent month-first default would shift dates unnoticed. Text
    that is impossible in this order (`03/25/2018` with day first) gives None; the order is never swapped. It does not
    affect a leading four-digit year (year month day) or a month name (English, German, French, Spanish, Italian, Malay).

    A two-digit year comes last and means 1969..2068, as in POSIX strptime %y; a four-digit year is 1900..2099. A
    weekday, a time and brackets around the date are ignored. Eight digits alone are year month day if that is a date,
    else in the given order: within 1900..2099 no text is both.
    """
    parts = _parts(text) if len(text) <= MAX_LENGTH else []
    if len(parts) == 1 and re.fullmatch(r"\d{8}", parts[0]):
        digits = parts[0]
        year_first = _date(digits[:4], digits[4:6], digits[6:])
        return year_first or _ordered_date(digits[:2], digits[2:4], digits[4:], day_first=day_first)
    if len(parts) != 3:
        return None
    first, second, third = parts
    if len(first) == 4 and first.isdecimal():
        return _date(first, second, third)
    if first.isdecimal() and second.isdecimal():
        return _ordered_date(first, second, third, day_first=day_first)
    return _date(third, first, second) if first in MONTHS else _date(third, second, first)


def _parts(text: str) -> list[str]:
    """Numbers and words of a date, without weekday, time and fillers. Empty if anything else is in the text."""
    decomposed = unicodedata.normalize("NFKD", plain_text(text))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    plain = _TIME.sub(" ", plain)
    if re.search(r"[^ ./,'()\[\]°-]", _PART.sub("", plain)):
        return []
    parts = [part for part in _PART.findall(plain) if part not in _FILLERS]
    parts = [part for part in parts if part not in WEEKDAYS or part in MONTHS]
    if len(parts) == 4 and parts[0] in WEEKDAYS:
        return parts[1:]  # "mar 12 mars 2019": a Tuesday, not a second month
    return parts


def _ordered_date(first: str, second: str, year: str, *, day_first: bool) -> date | None:
    return _date(year, second, first) if day_first else _date(year, first, second)


def _date(year: str, month: str, day: str) -> date | None:
    month_number = MONTHS.get(month) or (int(month) if month.isdecimal() and len(month) <= 2 else 0)
    if not (year.isdecimal() and day.isdecimal() and len(day) <= 2):
        return None
    year_number = int(year)
    if len(year) == 2:
        year_number += 2000 if year_number <= 68 else 1900
    elif len(year) != 4 or not 1900 <= year_number <= 2099:
        return None
    try:
        return date(year_number, month_number, int(day))
    except ValueError:
        return None
