"""Printed amounts of money."""

import re
import unicodedata
from decimal import Decimal
from typing import Literal

from ocr_pipeline.values.text import MAX_LENGTH, plain_text
from ocr_pipeline.values.vocabulary import CURRENCY, THREE_DECIMALS

_AMOUNT = re.compile(
    rf"(?P<sign1>[-+]?) ?(?P<currency1>{CURRENCY}?) ?(?P<sign2>[-+]?) ?"
    r"(?P<number>[\d.,](?:[\d.,' ]*[\d.,])?)"
    rf" ?(?P<sign3>-?) ?(?P<currency2>{CURRENCY}?) ?(?P<sign4>-?)"
)
_PARENTHESES = re.compile(r"([^\d()]*)\(([^()]*)\)([^\d()]*)")
_GROUPED = re.compile(
    r"\d*"
    r"|\d{1,3}(?P<mark>[., '])\d{3}(?:(?P=mark)\d{3})*"
    r"|\d{1,2}(?:,\d{2})+,\d{3}"  # Indian: 1,23,456
)


def parse_amount(
    text: str, *, decimal_separator: Literal[".", ","] | None = None, currency: str | None = None
) -> Decimal | None:
    """Parse a printed amount of money: `1.234,56`, `RM 1,234.56`, `1'234.56`, `12,50- €`, `(12.50)`, `12,--`.

    Returns the amount in the currency's main unit with the decimals as printed, or None if the text is not one amount.
    A minus before or after, or parentheses, make it negative. A currency sign or code may be on either side.

    Decimal mark: if `.` and `,` both occur, the last one. A mark that occurs several times groups thousands; space and
    apostrophe always do. A mark that occurs once is the decimal mark, except in the one ambiguous shape: one to three
    digits, mark, three digits (`1.234`, not `0.234`). That shape means thousands, because money is printed with two
    decimals, unless `decimal_separator` names this mark or the currency (in the text, or `currency` as ISO 4217) has
    three decimals. `decimal_separator` never overrules unambiguous text.
    """
    if len(text) > MAX_LENGTH or any(unicodedata.category(character) == "No" for character in text):
        return None  # raised cents (12⁵⁰) and fractions would silently become other numbers in NFKC
    plain = plain_text(text)
    plain = re.sub(r"(?<=\d)€(?=\d\d$)", ",", plain)  # French: 12€50
    plain = re.sub(r"(?<=\d)([.,]) ?-{1,2}(?! ?\d)", r"\g<1>00", plain)  # no cents: 12,- and 12.--
    parentheses = _PARENTHESES.fullmatch(plain)
    if parentheses:
        plain = "".join(parentheses.groups()).strip()
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        return None
    signs = "".join(match[f"sign{i}"] for i in (1, 2, 3, 4))
    if len(signs) + bool(parentheses) > 1:
        return None
    currencies = {match["currency1"], match["currency2"], (currency or "").casefold()}
    number = _parse_number(match["number"], decimal_separator, three_decimals=bool(currencies & THREE_DECIMALS))
    if number is None:
        return None
    return -number if signs == "-" or parentheses else number


def _parse_number(number: str, decimal_separator: str | None, *, three_decimals: bool) -> Decimal | None:
    number = re.sub(r" ?([.,]) ?", r"\1", number)  # OCR puts spaces around marks
    marks = [character for character in number if character in ".,"]
    decimal_mark: str | None = marks[-1] if marks else None
    if len(marks) > 1 and len(set(marks)) == 1:
        decimal_mark = None
    elif len(marks) == 1 and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", number):
        decimal_mark = marks[0] if three_decimals or decimal_separator == marks[0] else None
    whole, fraction = number, ""
    if decimal_mark:
        whole, _, fraction = number.rpartition(decimal_mark)
    digits = re.sub(r"\D", "", whole)
    if not _GROUPED.fullmatch(whole) or re.search(r"\D", fraction) or not digits + fraction:
        return None
    return Decimal(f"{digits or '0'}.{fraction}" if fraction else digits)
