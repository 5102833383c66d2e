"""Printed dates."""

import re
import unicodedata
from datetime import date

from ocr_pipeline.values import calendars
from ocr_pipeline.values.months import FILLERS, HIJRI_MONTHS, ROMAN, THAI_ABBREVIATIONS, fold, month_of, weekdays
from ocr_pipeline.values.numerals import plain_marks
from ocr_pipeline.values.text import MAX_LENGTH, plain_text

_TIME = re.compile(
    r"(?:(?<=\d)t)?(?:(?<![\d.:/-])|(?<=[./-](?:19|20)\d\d))"
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:[ap]\.? ?m\b\.?|uhr|hrs?|h|z))?(?:[+-]\d{2}:?\d{2}(?!\d))?"
    r"|\d{1,2}[.h]\d{2} ?uhr|\d{1,2}h\d{2})(?!\d)"
)
"""A time of day; it may be glued to the year, 14/03/201815:57."""
_PART = re.compile(r"\d+|[^\W\d_]+")
_CJK = re.compile(
    r"(?P<era>令和|平成|昭和|大正|中華民國|中华民国|民國|民国)? ?"
    r"(?P<y>\d{1,4}|元) ?[年년] ?(?P<m>\d{1,2}) ?[月월] ?(?P<d>\d{1,2}) ?[日號号일]?"
)
_ERA_INITIAL = re.compile(r"(?P<era>[rhs]|令和|平成|昭和) ?(?P<y>\d{1,2})[./-](?P<m>\d{1,2})[./-](?P<d>\d{1,2})")
_MINGUO = ("中華民國", "中华民国", "民國", "民国")
_MONTH_NUMBER = re.compile(r"\b(?:tháng|thg) ?(\d{1,2})\b")
"""Vietnamese: ngày 5 tháng 3 năm 2024."""
_THAI = re.compile(r"[\u0e01-\u0e4e]")
_THAI_MONTH = re.compile(r"[\u0e01-\u0e4e]{1,3}\.[\u0e01-\u0e4e]{1,2}")
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MIN_BUDDHIST_SHORT = 50
_HIJRI_MARK = re.compile(r"\bah\b|هـ|ه\b")


def parse_date(text: str, *, day_first: bool) -> date | None:
    """Parse a printed date: `24/03/2018`, `24-3-18`, `24 MAR 2018`, `Oct 3, 2016`, `20180324`, `1er février 2019`.

    `day_first` is the order of numeric dates: True for `day month year`, False for `month day year`. It comes from the
    data set or the document and has no default, because a silent month-first default would shift dates unnoticed. Text
    that is impossible in this order (`03/25/2018` with day first) gives None; the order is never swapped. It does not
    affect a leading four-digit year (year month day), a month name (in any language of CLDR) or a Roman month (05.III.2024).

    A two-digit year comes last and means 1969..2068, as in POSIX strptime %y; a four-digit year is 1900..2099,
    or a Buddhist one (2567 is 2024). Years of Japanese eras (令和6年), of the Republic of China (民國113年) and of
    the Islamic calendar (with its month or `AH`, by the tabular rule) are turned into Gregorian ones. A
    weekday, a time and brackets around the date are ignored. Eight digits alone are year month day if that is a
    date, else in the given order: within 1900..2099 no text is both.
    """
    if len(text) <= MAX_LENGTH:
        other = _east_asian(plain_marks(plain_text(text)))
        if other is not None:
            return other
    parts = _parts(text) if len(text) <= MAX_LENGTH else []
    if len(parts) == 1 and re.fullmatch(r"\d{8}", parts[0]):
        digits = parts[0]
        year_first = _date(digits[:4], digits[4:6], digits[6:])
        return year_first or _ordered_date(digits[:2], digits[2:4], digits[4:], day_first=day_first)
    if len(parts) != 3:
        return None
    if _THAI.search(text) and len(parts[2]) == 2 and parts[2].isdecimal() and int(parts[2]) >= _MIN_BUDDHIST_SHORT:
        parts[2] = str(calendars.buddhist_short_year(int(parts[2])))
    if _HIJRI_MARK.search(plain_text(text)) or any(part in HIJRI_MONTHS for part in parts):
        return _hijri(parts)
    first, second, third = parts
    if len(first) == 4 and first.isdecimal():
        return _date(first, second, third)
    if first.isdecimal() and second.isdecimal():
        return _ordered_date(first, second, third, day_first=day_first)
    return _date(third, first, second) if month_of(first) else _date(third, second, first)


def _east_asian(text: str) -> date | None:
    """A date with 年 月 日, its Korean counterparts or a Japanese era, with or without a weekday and a time behind it."""
    match = _CJK.match(text) or _ERA_INITIAL.match(text)
    if match is None or any(character.isdigit() for character in _TIME.sub("", text[match.end() :])):
        return None
    digits, era = match["y"], match["era"]
    year = 1 if digits == "元" else int(digits)
    if era and era not in _MINGUO:
        full = calendars.era_year(era, year)
    else:
        full = calendars.minguo_year(year) if era or 90 <= year < 200 else year
    return _date(str(full), match["m"], match["d"])


def _hijri(parts: list[str]) -> date | None:
    """Year first or last, the month a name or a number."""
    first, second, third = parts if len(parts[0]) <= 2 else reversed(parts)
    month = HIJRI_MONTHS.get(second) or (int(second) if second.isdecimal() else 0)
    if not (first.isdecimal() and third.isdecimal() and len(third) == 4):
        return None
    try:
        return calendars.hijri_date(int(third), month, int(first))
    except ValueError:
        return None


def _parts(text: str) -> list[str]:
    """Numbers and folded words of a date, without weekday, time and fillers. Empty if anything else is in the text."""
    plain = _TIME.sub(" ", plain_marks(plain_text(text)))
    plain = _THAI_MONTH.sub(_in_english, _MONTH_NUMBER.sub(r" \1 ", plain))
    decomposed = unicodedata.normalize("NFKD", plain)
    plain = "".join(character for character in decomposed if unicodedata.category(character)[0] not in "MC")
    if re.search(r"[^ ./,'’()\[\]°-]", _PART.sub("", plain)):
        return []
    parts = [fold(part) for part in _PART.findall(plain)]
    parts = [part for part in parts if part not in FILLERS and part not in ("ah", "ه", "هـ")]
    parts = [part for part in parts if part not in weekdays() or month_of(part) or part.isdecimal()]
    if len(parts) == 4 and parts[0] in weekdays():
        return parts[1:]  # "mar 12 mars 2019": a Tuesday, not a second month
    if len(parts) == 4 and parts[3] in weekdays():
        return parts[:3]
    return parts


def _in_english(abbreviation: re.Match[str]) -> str:
    number = THAI_ABBREVIATIONS.get(abbreviation[0])
    return f" {_ENGLISH[number - 1]} " if number else abbreviation[0]


def _ordered_date(first: str, second: str, year: str, *, day_first: bool) -> date | None:
    return _date(year, second, first) if day_first else _date(year, first, second)


def _date(year: str, month: str, day: str) -> date | None:
    month_number = month_of(month) or ROMAN.get(month) or (int(month) if month.isdecimal() and len(month) <= 2 else 0)
    if not (year.isdecimal() and day.isdecimal() and len(day) <= 2):
        return None
    year_number = int(year)
    if len(year) == 2:
        year_number += 2000 if year_number <= 68 else 1900
    else:
        year_number = calendars.gregorian_year(year_number)
        if len(year) != 4 or not 1900 <= year_number <= 2099:
            return None
    try:
        return date(year_number, month_number, int(day))
    except ValueError:
        return None
