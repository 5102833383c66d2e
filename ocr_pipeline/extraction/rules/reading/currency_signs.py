"""Currency signs, codes and names on a page, each with the currencies that it can mean."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ocr_pipeline.extraction.rules.reading.layout import Layout, Row, Span
from ocr_pipeline.extraction.rules.text import plain
from ocr_pipeline.values import currencies

_GLUED = re.compile(r"[-+(]?(?P<before>[^\W\d_]{0,4}\.?[^\w\s.,:;()\-+*/#%&'\"]?|[^\W\d_]{1,3}\.?:?)[-+]?\d[\d.,' ]*[-–]?"
                    r"(?P<after>[^\W\d_]{0,4}\.?|[^\w\s.,:;()\-+*/#%&'\"])\)?-?")  # fmt: skip
_EDGES = "():;,[]*=-–/"
_DIGIT = re.compile(r"\d")
_MAX_LETTERS = 14
_LONGEST_AMOUNT = 7
"""Digits. A letter before more of them without any mark is a part of a code."""
_LABELS = (
    "currency", "ccy", "wahrung", "devise", "monnaie", "moneda", "divisa", "valuta", "moeda", "waluta", "mena", "penznem",
    "valuutta", "valiuta", "para birimi", "doviz", "mata uang", "валюта", "νομισμα", "通貨", "통화", "币种",
)  # fmt: skip
"""Words for "currency" at a label's end, without accents."""
_BEFORE_EURO_TEXT = "ATS BEF DEM ESP FIM FRF GRD IEP ITL LUF NLG PTE ADP STD SIT MTL CYP"
_BEFORE_EURO = frozenset(_BEFORE_EURO_TEXT.split())
"""Replaced by the euro before documents were scanned; their abbreviations are other words today."""


@dataclass(frozen=True)
class CurrencySign:
    """A printed sign, code or name.

    `codes`: the likeliest currency first. `beside_number`: at an amount, not in a heading. `weak`: it means something else at
    least as often, like `den`, or letters glued to a code, `MK1914`. `declared`: it stands behind a label like `Currency:`.
    """

    text: str
    codes: tuple[str, ...]
    row: int
    span: Span
    beside_number: bool
    weak: bool = False
    declared: bool = False


def find(layout: Layout) -> tuple[CurrencySign, ...]:
    """All signs in reading order. Spellings that mean something else as often count beside a number only."""
    return tuple(sign for row in layout.rows for sign in _in_row(row))


def _in_row(row: Row) -> Iterator[CurrencySign]:
    for position, word in enumerate(row.words):
        text = word.text
        if _DIGIT.search(text):
            for part, weak in _parts(text):
                yield CurrencySign(part, _codes(part), row.index, word, beside_number=True, weak=weak)
            continue
        spelled = text.strip(_EDGES)
        codes = _codes(spelled)
        if codes:
            beside = any(_is_number(row, other, word) for other in (position - 1, position + 1))
            weak, declared = _is_weak(spelled) or _is_lower_code(spelled), _is_declared(row, position)
            if beside or declared or not (weak or _is_series(row, position)):
                yield CurrencySign(spelled, codes, row.index, word, beside, weak and not declared, declared)


def _is_declared(row: Row, position: int) -> bool:
    """Whether a label for currencies stands before a word: `Currency: USD`, `Währung : EUR`."""
    before = [plain(word.text).strip(_EDGES) for word in row.words[max(position - 2, 0) : position]]
    return next((word.endswith(_LABELS) for word in reversed(before) if word), False)


def _is_series(row: Row, position: int) -> bool:
    """Whether short letters are the first part of a number with marks in it: `FT 2024/194` has no forints."""
    if not row.words[position].text.isupper() or position + 1 >= len(row.words):
        return False
    word, behind = row.words[position : position + 2]
    return len(word.text) <= 3 and bool(_DIGIT.search(behind.text)) and behind.x0 - word.x1 < word.height


@lru_cache(maxsize=4096)
def _is_lower_code(text: str) -> bool:
    """Whether a word is only a code if it is read in capitals: the Turkish `Cad.` is a street, not a dollar."""
    letters = text.strip(".")
    return (
        len(letters) == 3 and letters.isascii() and not letters.isupper() and letters.upper() in currencies.all_codes()
    )


def _is_number(row: Row, position: int, word: Span) -> bool:
    """Whether a neighbour is a number close by."""
    if not 0 <= position < len(row.words):
        return False
    other = row.words[position]
    gap = max(other.x0 - word.x1, word.x0 - other.x1)
    is_plain = sum(map(str.isalpha, other.text)) <= 1 and "/" not in other.text.rstrip("/-")
    return bool(_DIGIT.search(other.text)) and is_plain and gap < 3 * word.height


@lru_cache(maxsize=16384)
def _codes(text: str) -> tuple[str, ...]:
    if not text or len(text) > _MAX_LETTERS:
        return ()
    if (
        len(text) == 3
        and text.isascii()
        and text.isalpha()
        and not text.isupper()
        and text.upper() in currencies.all_codes()
    ):
        return () if currencies.is_weak(text) or text.islower() else _in_use(text)
    return _in_use(text)


def _in_use(text: str) -> tuple[str, ...]:
    also = ("MYR",) if text == "$" else ()  # Malaysian receipts print it, too
    return (*(code for code in currencies.codes_of(text) if code not in _BEFORE_EURO), *also)


def _is_weak(text: str) -> bool:
    return currencies.is_weak(text) or text.strip(".") == "BHD"  # SDN. BHD.


@lru_cache(maxsize=16384)
def _parts(text: str) -> tuple[tuple[str, bool], ...]:
    """The sign glued before or after a number, if any, and whether it may be a part of a code."""
    match = _GLUED.fullmatch(text)
    if match is None:
        return ()
    parts = (match["before"].rstrip(":"), match["after"])
    digits = "".join(filter(str.isdigit, text))
    plain_number = not re.search(r"\d[.,' ]\d", text)
    is_code = plain_number and (all(parts) or len(digits) > _LONGEST_AMOUNT or digits.startswith("0"))
    return tuple(
        (part, _is_weak(part) or (plain_number and part.isalpha() and part.isupper() and len(part) < 3))
        for part in parts
        if part and _in_use(part) and not (is_code and len(part) == 1 and part.isalpha())
    )
