"""The shapes in which dates are printed, and the numbers that their parts mean."""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.text import digits_of_lookalikes, plain
from ocr_pipeline.values import calendars
from ocr_pipeline.values.months import HIJRI_MONTHS, ROMAN, fold, month_of

_FIRST_YEAR, _LAST_YEAR = 1990, 2049
_MIN_BUDDHIST_SHORT = 50
"""Two digits of a year from here on are no year of this century, but may be those of a Buddhist one."""
_FOREIGN = "\u0300-\u036f\u064b-\u0670\u0900-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd\u1000-\u109f\u17b4-\u17d3"
"""Accents and vowel signs that stand as characters of their own."""


_THAI_NAME = "[\u0e01-\u0e4e]{1,3}\\.[\u0e01-\u0e4e]{1,2}"


@dataclass(frozen=True)
class Shape:
    """A way to print a date. The groups `d`, `m`, `y` of the pattern hold day, month and year, `era` a Japanese era.

    `trust` (0..1) says how often text of this shape is a date. `any_order`: day and month may stand the other way round.
    `any_end`: the year has two digits, so that year and day may, too. `script`: only on pages with characters of it.
    `literal`: one of these characters is in every text of this shape.
    """

    name: str
    pattern: re.Pattern[str]
    trust: float
    any_order: bool = False
    any_end: bool = False
    script: str = ""
    literal: str = ""
    calendar: str = "gregorian"


# Parts of the patterns below. A digit may be printed as a letter that OCR takes for it.
_PARTS = {
    "{D}": r"(?P<d>[0-9OoIl|]{1,2}|Z\d)",
    "{DD}": r"(?P<d>[0-3]\d)",
    "{M}": r"(?P<m>[0-9OoIl|]{1,2}|[0O]S)",
    "{MM}": r"(?P<m>[01]\d)",
    "{NAME}": rf"(?P<m>{_THAI_NAME}|[05]?[^\W\d_](?:[^\W\d{_FOREIGN}]|[{_FOREIGN}]|[0158](?!\d)){{1,14}})\.?",
    "{ROMAN}": r"(?P<m>I{1,3}|IV|VI{0,3}|IX|XI{0,2})",
    "{YYYY}": r"(?P<y>(?:19|2[05OD])\d\d|2[0OD](?:\d[OIlDSB|]|[OIlD|]\d)(?![^\W_]))",
    "{YY}": r"(?P<y>\d\d)",
    "{YY_}": r"(?P<y>\d\d|(?:\d[OIlSB|]|[OIl|]\d)(?![^\W_]))",
    "{TH}": r"(?:(?:st|nd|rd|th|er|re|ro|[º°ªoa])(?!\w))?[.,]?",
    "{OF}": r"(?:(?:de|del|of|den|di|day of)\s|d['’ ])?",
    "{SEP}": r"\s?[-/.,'~]?\s?",
    "{MARK}": r"\s?(?P<mark>[-/.])\s?",
    "{SAME}": r"\s?(?P=mark)\s?",
    # A date starts after anything but a digit, or after a time glued to it, and ends before anything but a digit, or
    # before a time glued to it: `18:1524/05/18`, `14/03/20185:57PM`. In `02.03.2015:59` the time begins within the year.
    "{START}": r"(?:(?<!\d)(?<!\d[.,/-])|(?<=\d:\d\d))",
    "{END}": r"(?=\D|$|\d{1,2}[:.]\d\d)(?![-/]\s?\d(?!\d?:\d\d)|:\d\d(?![\d:]))",
}


def _shape(
    name: str, trust: float, pattern: str, *, any_order: bool = False, any_end: bool = False, script: str = "",
    literal: str = "", calendar: str = "gregorian",
) -> Shape:  # fmt: skip
    for part, meaning in _PARTS.items():
        pattern = pattern.replace(part, meaning)
    return Shape(name, re.compile(pattern, re.IGNORECASE), trust, any_order, any_end, script, literal, calendar)


SHAPES = (
    _shape("year first", 1.0, r"{START}{YYYY}{MARK}{M}{SAME}(?P<d>[0-3]\d|[1-9]){END}"),  # 2018-02-22
    _shape("numeric", 1.0, r"{START}{D}{MARK}{M}{SAME}{YYYY}{END}", any_order=True),  # 22/02/2018
    _shape("behind a number", 0.9, r"(?<=\d-){DD}(?P<mark>[/.]){MM}(?P=mark){YYYY}{END}", any_order=True),  # 19-22/02/2018
    _shape("roman month", 0.9, r"{START}{D}\s?(?P<mark>[-/. ])\s?{ROMAN}{SAME}{YYYY}{END}", literal="IVXivx"),  # 5.III.2024
    _shape("roman month", 0.8, r"{START}{D}(?P<mark>[-/.]){ROMAN}(?P=mark){YY}(?![\d.,])", literal="IVXivx"),  # 5/III/24
    _shape("month name", 1.0, r"(?<!\d){D}{TH}{SEP}{OF}{NAME}{SEP}{OF}{YYYY}"),  # 22 Feb 2018   23 de marzo de 2024
    _shape("month name first", 1.0, r"(?<!\w){NAME}{SEP}{D}{TH}(?:\s[.,])?\s?{YYYY}"),  # Feb 22, 2018
    _shape("year, month name", 0.9, r"{START}{YYYY}\.?{SEP}(?:m\.\s)?{NAME}{SEP}(?P<d>\d{1,2})(?![\d:/%]|[.,-]\d)"),
    _shape(
        "era", 1.0, r"(?P<era>令和|平成|昭和)\s?(?P<y>\d{1,2}|元)\s?[年./-]\s?(?P<m>\d{1,2})\s?[月./-]\s?(?P<d>\d{1,2})\s?日?",
        literal="令平昭", calendar="era",
    ),
    _shape(
        "era initial", 0.7,
        r"(?<!\w)(?P<era>[RHS])\s?(?P<y>\d{1,2})(?P<mark>[./-])(?P<m>\d{1,2})(?P=mark)(?P<d>\d{1,2})(?!\d)",
        script="han", calendar="era",
    ),
    _shape(
        "year month day signs", 1.0, r"(?P<y>(?:19|20)\d\d)\s?[年년]\s?(?P<m>\d{1,2})\s?[月월]\s?(?P<d>\d{1,2})\s?[日號号일]?",
        literal="年년",
    ),
    _shape(
        "republic", 0.9, r"(?<!\d)(?P<y>1[0-4]\d|9\d)\s?年\s?(?P<m>\d{1,2})\s?月\s?(?P<d>\d{1,2})\s?[日號号]?",
        literal="年", calendar="republic",
    ),
    _shape(
        "republic, marks", 0.6, r"(?<![\w/-])(?P<y>1[0-4]\d){MARK}{MM}{SAME}{DD}(?![\d/-])", script="han",
        calendar="republic",
    ),
    _shape(
        "islamic, name", 0.7, r"(?<!\d)(?P<d>\d{1,2})\s?(?P<m>[^\W\d_][\w\u064b-\u0670]{2,9})\s?(?P<y>1[34]\d\d)(?!\d)",
        calendar="islamic",
    ),
    _shape(
        "islamic", 0.4, r"(?<!\d)(?P<y>14[2-6]\d){MARK}{MM}{SAME}{DD}(?!\d)", script="arabic", calendar="islamic",
    ),
    _shape("vietnamese", 1.0, r"(?P<d>\d{1,2})\s+th[aá]ng\s+(?P<m>\d{1,2})\s+n[aă]m\s+{YYYY}"),
    _shape("marks differ", 0.7, r"{START}{D}\s?[-/.,'~_]{1,2}\s?{M}{SEP}{YYYY}{END}", any_order=True),  # 22/02,2018
    _shape("marks misread", 0.5, r"{START}{DD}[-/.Il|\\!]{MM}[-/.Il|\\!1]{YYYY}{END}", any_order=True),  # 22I02/2018
    _shape("marks misread", 0.5, r"{START}{DD}1{MM}[-/.Il|\\!]{YYYY}{END}", any_order=True),  # 22102/2018
    _shape("colons", 0.5, r"{START}{DD}:{MM}:{YYYY}{END}", any_order=True),
    _shape("spaced", 0.7, r"{START}{DD}\s{MM}\s{YYYY}{END}", any_order=True),  # 22 02 2018
    _shape("month name, short year", 0.9, r"(?<!\d){D}{SEP}{OF}{NAME}{SEP}{YY}(?![\d.,:/])"),  # 22 Feb 18
    _shape("short year", 0.8, r"{START}{D}{MARK}{M}{SAME}{YY_}{END}", any_order=True, any_end=True),  # 22/02/18
    _shape(
        "short year, marks differ", 0.5, r"{START}{DD}[-/.~ ]{MM}[-/.~]{YY}(?![\d.,])", any_order=True, any_end=True
    ),  # 22~02-18
    _shape("compact", 0.4, r"(?<![\w/-])(?P<y>20\d\d){MM}{DD}(?![\w-])"),  # 20180222
    _shape("compact, year last", 0.4, r"(?<![\w/-]){DD}{MM}(?P<y>20\d\d)(?![\w-])"),  # 22022018
)  # fmt: skip
"""All shapes, the most reliable first. Text matched by one shape is not matched by later ones."""

_LETTERS = str.maketrans("0158", "olsb")


@lru_cache(maxsize=65536)
def month_number(text: str, shape_name: str = "") -> int | None:
    """The month of a number or a name: whole, cut after three letters or more, with slips like `0ct` and `5ep`."""
    if shape_name == "roman month":
        return ROMAN.get(text.casefold())
    if shape_name == "islamic, name":
        return HIJRI_MONTHS.get(fold(text))
    digits = digits_of_lookalikes(text)
    if digits.isdecimal() and len(digits) <= 2:
        return int(digits)
    months = lexicon.load().months
    name = plain(text).translate(_LETTERS)
    cut = (month for known, month in months.items() if len(name) > 2 and known.startswith(name))
    slipped = months.get(name) or next(cut, None) or (months.get(name[:3]) if len(name) == 4 else None)
    return slipped or month_of(text)


def date_of(
    year: int, month: int, day: int, *, calendar: str = "gregorian", era: str = "", thai: bool = False
) -> date | None:
    """The date that the printed numbers mean; None if they are none, or if it is not within 1990 and 2049.

    `thai`: two digits of a year may be those of a Buddhist one.
    """
    try:
        if calendar == "islamic":
            value = calendars.hijri_date(year, month, day)
        else:
            value = date(_full_year(year, calendar, era, thai=thai), month, day)
    except ValueError:
        return None
    return value if _FIRST_YEAR <= value.year <= _LAST_YEAR else None


def _full_year(year: int, calendar: str, era: str, *, thai: bool) -> int:
    if calendar == "era":
        return calendars.era_year(era, year) or 0
    if calendar == "republic":
        return calendars.minguo_year(year)
    if year < 100:
        return calendars.buddhist_short_year(year) if thai and year >= _MIN_BUDDHIST_SHORT else year + 2000
    return calendars.gregorian_year(year)
