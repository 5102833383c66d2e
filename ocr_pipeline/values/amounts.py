"""Printed amounts of money: sign, currency and number of one text."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from ocr_pipeline.values import currencies
from ocr_pipeline.values.numerals import Numeral, plain_marks, read_numeral
from ocr_pipeline.values.text import MAX_LENGTH

_PARTS = re.compile(r"(?P<before>\D*)(?P<core>\d(?:[\d.,' :]*\d)?)(?P<after>\D*)")
_NO_CENTS = re.compile(r" ?[.,:] ?(?:-{1,2}|=)(?! ?\d)")
"""A dash in place of the cents, behind the whole number: `12,-`, `1'200.--`."""
_CLOSED = re.compile(r" ?-{1,2}(?=\D*$)")
"""Behind yen a dash closes the amount, so that nobody adds a digit: `¥14,740-`. It is no minus."""
_YEN = frozenset("¥￥")
_TRIANGLE = re.compile(r"^\s*[▲△](?= ?[¥￥]?\d)")
"""The minus of Japanese bookkeepers."""
_SIGN_AS_MARK = re.compile(r"(?<=\d)([€£$])(?=\d\d\D*$)")
_SIGNS = re.compile(r"[-+()]")
_ABBREVIATIONS = frozenset("rs fr sfr kr rp bs руб грн лв р din tk sh nt dhs s/ b/".split())  # noqa: SIM905
"""Currencies printed with a dot behind, which is no decimal mark."""


@dataclass(frozen=True)
class PrintedAmount:
    """An amount as printed. `signs`: every minus, plus and bracket in reading order; `currency`: its spelling, before the
    number if `currency_first`.

    `rest`: what stands behind the number and is no currency, such as `%` or the code of a tax; empty in a clean text.
    """

    numeral: Numeral
    signs: str
    currency: str | None
    currency_first: bool
    rest: str = ""

    @property
    def is_bracketed(self) -> bool:
        return "(" in self.signs and ")" in self.signs

    @property
    def has_minus(self) -> bool:
        return "-" in self.signs


@lru_cache(maxsize=65536)
def read_amount(text: str, *, loose: bool = False) -> PrintedAmount | None:
    """Read a text that is one amount with what may be glued to it; None if it is not.

    Before the number only signs, brackets and a currency may stand. Behind it may be anything without digits, given as
    `rest` if it is no currency. `loose` is that of `read_numeral`.
    """
    plain = _TRIANGLE.sub("-", plain_marks(text).strip())
    inside = _SIGN_AS_MARK.search(plain)
    if inside:  # French: 12€50
        plain = plain[: inside.start()] + "," + plain[inside.end() :]
    match = _PARTS.fullmatch(plain)
    if match is None:
        return None
    before, core, after = match.group("before", "core", "after")
    before, core = _with_leading_mark(before, core)
    no_cents = _NO_CENTS.match(after)
    if no_cents:
        core, after = core + ".00" if "." not in core else core + ",00", after[no_cents.end() :]
    elif before[-1:] in _YEN and (closed := _CLOSED.match(after)):
        after = after[closed.end() :]
    elif after[:1] in (".", ",") and core.isdecimal():
        after = after[1:]  # 5,
    numeral = read_numeral(re.sub(r" ?([.,]) ?", r"\1", core), loose=loose)
    if numeral is None:
        return None
    signs = "".join(_SIGNS.findall(before))
    front = _SIGNS.sub(" ", before).strip()
    if front and not _is_currency(front):
        return None
    back, tail_signs = _behind(after)
    currency = front or (inside[1] if inside else None)
    if back and _is_currency(back):
        currency, back = currency or back, ""
    return PrintedAmount(numeral, signs + tail_signs, currency, bool(front), back)


def _with_leading_mark(before: str, core: str) -> tuple[str, str]:
    """`.50` is fifty cents, `Rs.50` is fifty rupees."""
    sign = before[:-1].strip()
    if before[-1:] in (".", ",") and re.fullmatch(r"\d+", core):
        letters = currencies.fold(_SIGNS.sub("", sign))
        if (len(core) == 2 and letters not in _ABBREVIATIONS) or not letters:
            return before[:-1], before[-1] + core
    return before, core


def _behind(after: str) -> tuple[str, str]:
    """The text behind a number without signs, and the signs. `CR` marks a credit."""
    signs = "".join(_SIGNS.findall(after))
    text = _SIGNS.sub(" ", after).strip()
    if text.casefold().strip(".") == "cr":
        return "", signs + "-"
    return text, signs


@lru_cache(maxsize=8192)
def _is_currency(text: str) -> bool:
    words = text.replace(".", ". ").split() if " " in text else [text]
    return bool(currencies.codes_of(text)) or (1 < len(words) <= 2 and all(currencies.codes_of(word) for word in words))


def parse_amount(
    text: str, *, decimal_separator: Literal[".", ","] | None = None, currency: str | None = None
) -> Decimal | None:
    """Parse a printed amount of money: `1.234,56`, `RM 1,234.56`, `1'234.56`, `12,50- €`, `(12.50)`, `12,--`.

    Returns the amount in the currency's main unit with the decimals as printed, or None if the text is not one amount.
    A minus before or after, or parentheses, make it negative. A currency sign, code or name may be on either side. Digits
    may be of any script, and spaces of any kind.

    Decimal mark: if `.` and `,` both occur, the last one. A mark that occurs several times groups thousands; space and
    apostrophe always do. A mark that occurs once is the decimal mark, except in the one ambiguous shape: one to three
    digits, mark, three digits (`1.234`, not `0.234`). That shape means thousands, because money is printed with two
    decimals, unless `decimal_separator` names this mark or the currency (in the text, or `currency` as ISO 4217) has
    three decimals. `decimal_separator` never overrules unambiguous text.
    """
    if len(text) > MAX_LENGTH or any(unicodedata.category(character) == "No" for character in text):
        return None  # raised cents (12⁵⁰) and fractions would silently become other numbers in NFKC
    amount = read_amount(text)
    if amount is None or amount.rest or not _has_one_sign(amount.signs):
        return None
    if ":" in amount.numeral.mark and not (amount.numeral.group or amount.currency):
        return None  # 12:50 is a time
    codes = {(currency or "").upper(), *(currencies.codes_of(amount.currency)[:1] if amount.currency else ())}
    numeral = amount.numeral
    if decimal_separator == numeral.group or any(currencies.decimals(code) == 3 for code in codes):
        numeral = numeral.as_decimals
    return -numeral.value if amount.has_minus or amount.is_bracketed else numeral.value


def _has_one_sign(signs: str) -> bool:
    return signs in ("", "-", "+", "()")
