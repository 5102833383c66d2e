"""The grammar of printed numbers: digits of every script with marks between groups and before decimals.

Groups of three (`1.234.567`, `1'234'567`, `1 234 567`), of India (`12,34,567`), and none. Which mark is the decimal mark
follows from the number itself, except in one shape: one to three digits, a mark, three digits. `14.875` is fourteen thousand
or a little more than fourteen; both readings are given, and whoever knows the document decides.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

_SPACES = (
    "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}\N{PUNCTUATION SPACE}\N{HAIR SPACE}\t"
)
_APOSTROPHES = (
    "\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}\N{GRAVE ACCENT}"
    "\N{MODIFIER LETTER APOSTROPHE}\N{PRIME}\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}"
)
_DASHES = (
    "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{SMALL HYPHEN-MINUS}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{HORIZONTAL BAR}"
)
_MARKS = str.maketrans(
    dict.fromkeys(_SPACES, " ")
    | dict.fromkeys(_APOSTROPHES, "'")
    | dict.fromkeys(_DASHES, "-")
    | {"\N{ARABIC DECIMAL SEPARATOR}": ".", "\N{ARABIC THOUSANDS SEPARATOR}": ",", "\N{ARABIC COMMA}": ","}
    | {"\N{FULLWIDTH COMMA}": ",", "\N{FULLWIDTH FULL STOP}": ".", "\N{MIDDLE DOT}": ".", "\N{SMALL COMMA}": ","}
)

_GROUPED = re.compile(r"[1-9]\d{0,2}(?P<mark>[., '])\d{3}(?:(?P=mark)\d{3})*|[1-9]\d?(?:,\d{2})+,\d{3}")
_LOOSELY_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,']\d{3})+")
_OPEN = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_COLON_CENTS = re.compile(r"(\d{1,3}(?: \d{3})+|\d+):(\d{2})")


@dataclass(frozen=True)
class Numeral:
    """A number without its sign. `decimals`: how many are printed. `mark`: the decimal mark, `group` the one between groups.

    `other`: the second reading of the ambiguous shape, `14.875` as 14875 (the value) and as 14.875 (the other one). Its
    mark counts as the one between groups.
    """

    value: Decimal
    decimals: int
    mark: str = ""
    group: str = ""
    other: Decimal | None = None

    @property
    def as_decimals(self) -> "Numeral":
        """The other reading, with three decimals; itself if there is none."""
        return self if self.other is None else Numeral(self.other, 3, self.group)


@lru_cache(maxsize=65536)
def plain_marks(text: str) -> str:
    """Text with ASCII digits, marks, dashes, apostrophes and spaces: `١٬٢٣٤٫٥٠` and `1 234,50` with any space and sign."""
    text = text.translate(_MARKS)
    if text.isascii():
        return text
    return "".join(_ascii_digit(character) for character in text)


def _ascii_digit(character: str) -> str:
    if character.isdecimal():  # Devanagari, Thai, Arabic-Indic, full-width …
        return str(unicodedata.decimal(character))
    return character


def read_numeral(text: str, *, loose: bool = False) -> Numeral | None:
    """Read digits with ASCII marks (see `plain_marks`) as one number; None if they are not one.

    Any one of `.` and `,` that occurs once is the decimal mark, two different ones group and divide, one that occurs
    several times groups. `loose`: marks may be mistaken for each other, `1.234.56`, as OCR does.
    """
    colon = _COLON_CENTS.fullmatch(text)
    if colon:
        return Numeral(Decimal(f"{colon[1].replace(' ', '')}.{colon[2]}"), 2, ":", " " if " " in colon[1] else "")
    if _OPEN.fullmatch(text):
        mark = "." if "." in text else ","
        whole, _, rest = text.partition(mark)
        return Numeral(Decimal(whole + rest), 0, group=mark, other=Decimal(f"{whole}.{rest}"))
    if _is_whole(text, loose=False):
        return Numeral(Decimal(_digits(text)), 0, group=_mark_in(text))
    last = max(text.rfind("."), text.rfind(","))
    whole, fraction, mark = text[:last], text[last + 1 :], text[last]
    repeated = mark in whole and not loose
    if last < 0 or repeated or not (fraction.isdecimal() or (not fraction and whole)):
        return None
    if whole and not _is_whole(whole, loose=loose):
        return None
    if loose and _LOOSELY_GROUPED.fullmatch(text) and mark in whole:
        return Numeral(Decimal(_digits(text)), 0, group=_mark_in(text))
    digits = _digits(whole) or "0"
    value = Decimal(f"{digits}.{fraction}") if fraction else Decimal(digits)
    return Numeral(value, len(fraction), mark, _mark_in(whole))


def _is_whole(text: str, *, loose: bool) -> bool:
    if text.isdecimal() or _GROUPED.fullmatch(text):
        return True
    return loose and _LOOSELY_GROUPED.fullmatch(text) is not None


def _mark_in(text: str) -> str:
    """The first mark in a whole number; empty without one."""
    return next((character for character in text if not character.isdecimal()), "")


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))
