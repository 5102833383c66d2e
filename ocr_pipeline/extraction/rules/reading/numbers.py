"""Numbers as printed: amounts of money, quantities and rates, with OCR slips repaired.

The grammar is that of `values.amounts`; here are the noise around a number and what only the page tells.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from ocr_pipeline.extraction.rules.reading import split_numbers
from ocr_pipeline.extraction.rules.reading.layout import Layout, Row, Span, join
from ocr_pipeline.extraction.rules.reading.split_numbers import PARTS_JOINED
from ocr_pipeline.extraction.rules.text import LETTERS_AS_DIGITS, digits_of_lookalikes, plain
from ocr_pipeline.values import currencies
from ocr_pipeline.values.amounts import PrintedAmount, read_amount
from ocr_pipeline.values.numerals import Numeral, plain_marks

__all__ = ["PARTS_JOINED", "Number", "Parsed", "find", "parse"]

_LOOKALIKE = re.compile(
    r"(?P<head>-?(?:RM|[$€£])?)(?P<tail>[0-9OoQDIl|!SsBZzG]{1,5}[.,][0-9OoQDIl|!SsBZzG]{2}[-–]?)", re.IGNORECASE
)
_LOOKALIKE_GROUPS = re.compile(
    r"(?P<head>-?(?:RP?M?|[$€£])?)(?P<tail>[0-9OoIl|]{1,3}(?:[.,][0-9OoIl|]{3})+)", re.IGNORECASE
)
_MIN_DIGITS = 3
"""Letters in groups of three are digits only beside so many digits."""
_BEHIND = re.compile(r"(?P<sign>€|£|\$|EUR|RM)?(?P<percent>%?)(?P<code>\s?[*#]?[A-Z]{0,3}[*#]?)", re.IGNORECASE)
"""What may be glued behind an amount: a percent sign or the code of a tax, 5.00SR."""
_RM_MISREAD = re.compile(r"^([-(]?)RH(?=[-\d.:])", re.IGNORECASE)
_SIGN_MISREAD = re.compile(r"(?P<minus>-?)[WYEF€](?P<number>\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{2})?|\d{1,6}[.,]\d{2})")
"""A letter that OCR took for the sign of won, yen or euro."""
_DOLLAR_MISREAD = re.compile(r"(?P<minus>[-(]?)(?P<sign>[Ss]{1,2})(?=\d[\d.,]*[.,]\d{2,3}\D*$)")
"""On pages that print `$12.00`, `S12.00` is the same and not 512.00."""
SIGN_READ_AS_LETTER = "sign read as a letter"
_DASHED = re.compile(r"\d:-{1,2}")
_DATE_LIKE = re.compile(r"\d[-./]\d{1,2}[-./]\d")
_TIME_LIKE = re.compile(r"[012]?\d:[0-5]\d")
_LONGEST = 9
"""Longer runs of digits are codes."""
_MAX_WHOLE = 12
"""Digits before the decimal mark that `schemas.Amount` holds."""
_MAX_DECIMALS = 4
_COLON_CURRENCIES = frozenset({"kr", "sek", "skr"})
"""Currencies whose cents may follow a colon; elsewhere 18:24 is a time."""
_TIME_WORDS = frozenset({"am", "pm"})
_MEASURES = frozenset({"kg", "g", "ml", "l", "cl", "cm", "mm", "m²", "m2", "km", "kwh", "stk", "pcs"})


@dataclass(frozen=True)
class Parsed:
    """A number parsed from one string. `decimals`: the number of printed decimals, `sign` the currency sign or code.

    `repair` says which slip of the OCR was undone to read it. `mark` and `group` are its decimal mark and the one between
    groups; `other` the second reading of the shape `14.875`; `bracketed`: it stands in brackets, which may be a minus.
    """

    value: Decimal
    decimals: int
    sign: str | None = None
    percent: bool = False
    repair: str | None = None
    mark: str = ""
    group: str = ""
    other: Decimal | None = None
    bracketed: bool = False


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number on the page: words `first` to `last` of row `row`. `measure`: a unit follows it, `0.144 kg`.

    `repair` says which slip of the OCR was undone to read it; `mark`, `group`, `other` and `bracketed` as in `Parsed`.
    `whole`: it is an amount of money although it has not two decimals, because amounts of this page are printed like this.
    `open`: nothing on the page decides between the value and `other`.
    """

    value: Decimal
    decimals: int
    sign: str | None
    percent: bool
    measure: bool
    repair: str | None
    row: int
    first: int
    last: int
    span: Span
    mark: str = ""
    group: str = ""
    other: Decimal | None = None
    bracketed: bool = False
    whole: bool = False
    open: bool = False

    @property
    def is_money(self) -> bool:
        """Two decimals, a currency beside it, or an amount of a page that prints no cents."""
        return not self.percent and not self.measure and (self.decimals == 2 or self.sign is not None or self.whole)

    @property
    def as_decimals(self) -> "Number":
        """The other reading of the shape `14.875`: three decimals."""
        if self.other is None:
            return self
        return replace(self, value=self.other, decimals=3, mark=self.group, group="", other=self.value)


# ---- one string ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def parse(text: str, decimal_mark: str | None = ".", *, colon_cents: bool = False) -> Parsed | None:
    """Parse a whole string as one number; None if it is not one.

    In the shape `1.234`, `decimal_mark` decides; None, or another mark, means thousands. `colon_cents`: `32:50` is an amount
    and no time. Letters that look like digits are repaired if the string has the shape of an amount.
    """
    text = text.strip(" :;|=*_")
    repair = None
    parsed = _clean(text, decimal_mark, colon_cents)
    misread = _SIGN_MISREAD.fullmatch(text) if parsed is None else None
    if misread is not None:
        repair = SIGN_READ_AS_LETTER
        parsed = _clean(misread["minus"] + misread["number"], decimal_mark, colon_cents)
    elif parsed is None:
        shape = _LOOKALIKE.fullmatch(text)
        if shape is None and sum(map(str.isdigit, text)) >= _MIN_DIGITS:
            shape = _LOOKALIKE_GROUPS.fullmatch(text)
        if shape is not None and any(c.isdigit() for c in text):
            repair = LETTERS_AS_DIGITS
            parsed = _clean(shape["head"] + digits_of_lookalikes(shape["tail"]), decimal_mark, colon_cents)
    return parsed if parsed is None or repair is None else replace(parsed, repair=repair)


def _clean(text: str, decimal_mark: str | None, colon_cents: bool) -> Parsed | None:
    """A number without slips in its digits."""
    if not any(c.isdigit() for c in text) or text[-1] in ".,":
        return None
    amount = read_amount(_RM_MISREAD.sub(r"\1RM", text), loose=True)
    if amount is None:
        return None
    sign, percent, code = _around(amount)
    numeral, other = amount.numeral, amount.numeral.other
    if decimal_mark is not None and other is not None and numeral.group == decimal_mark:
        numeral, other = numeral.as_decimals, numeral.value
    if code is None or not _is_plausible(numeral, sign, code, colon_cents) or amount.signs.count("-") > 1:
        return None
    if amount.currency_first and currencies.is_weak(sign or "") and not _is_weakly_signed(amount, numeral):
        return None  # A1, K5, l2.00
    turn = -1 if amount.has_minus else 1
    return Parsed(
        value=numeral.value * turn,
        decimals=numeral.decimals,
        sign=sign,
        percent=percent,
        mark=numeral.mark,
        group=numeral.group,
        other=None if other is None else other * turn,
        bracketed=amount.is_bracketed,
    )


def _is_plausible(numeral: Numeral, sign: str | None, code: str, colon_cents: bool) -> bool:
    """Whether digits with this currency and tax code are a number and no code, date or time."""
    if numeral.decimals > _MAX_DECIMALS or numeral.value >= 10 ** (_MAX_WHOLE if numeral.group else _LONGEST):
        return False
    if code and numeral.decimals != 2 and not (numeral.decimals == 0 and 2 <= len(code) <= 3):  # 6ST, 10PCS
        return False
    return numeral.mark != ":" or colon_cents or bool(numeral.group) or (sign or "").casefold() in _COLON_CURRENCIES


def _is_weakly_signed(amount: PrintedAmount, numeral: Numeral) -> bool:
    """Whether an amount is clear enough for a currency that is also something else: R1,250.00, Q50.00."""
    sign = (amount.currency or "").strip(".")
    return (len(sign) > 1 or sign.isupper()) and (numeral.decimals == 2 or bool(numeral.group))


def _around(amount: PrintedAmount) -> tuple[str | None, bool, str | None]:
    """Currency sign, whether a percent sign follows, and the tax code behind; the code is None for other text."""
    behind = _BEHIND.fullmatch(amount.rest)
    if behind is None:
        return None, False, None
    percent, code = bool(behind["percent"]), behind["code"].strip()
    sign = amount.currency or (behind["sign"] if not percent else None)
    if amount.currency and not amount.currency_first and currencies.is_weak(amount.currency):
        return None, percent, amount.currency if len(amount.currency) <= 3 else ""  # 5.00SR is no Saudi riyal
    return currencies.fold(sign).upper() if sign else None, percent, code


# ---- a document ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Habits:
    """How a page prints amounts. `spaces` between groups; `colon` before cents; `dollar`: glued before them, `$` or `S$`."""

    spaces: bool = False
    colon: bool = False
    dollar: str = ""


def find(layout: Layout) -> tuple[Number, ...]:
    """All numbers of a document in reading order. The shape `1.234` is read as thousands; `separators` decides later."""
    numbers = tuple(number for row in layout.rows for number in _in_row(row, _Habits()))
    habits = _Habits(
        spaces=any(number.group == " " for number in numbers),
        colon=any(":" in row.text and _DASHED.search(plain_marks(row.text)) for row in layout.rows)
        or any(number.mark == ":" for number in numbers),
        dollar=next((sign for sign in ("S$", "$") if any(number.sign == sign for number in numbers)), ""),
    )
    if habits == _Habits():
        return numbers
    return tuple(number for row in layout.rows for number in _in_row(row, habits))


def _in_row(row: Row, habits: _Habits) -> Iterator[Number]:
    """The numbers of a row."""
    if row.text.endswith("Uhr"):  # opening hours: 08.30 - 12.30 Uhr
        return
    position = 0
    while position < len(row.words):
        split = split_numbers.at(row, position, spaces=habits.spaces)
        number = _number(row, position, split.count, split.text, habits, split.repair) if split else None
        number = number or _number(row, position, 1, row.words[position].text, habits)
        if number is not None:
            yield number
        position = number.last + 1 if number else position + 1


def _number(row: Row, first: int, count: int, text: str, habits: _Habits, repair: str | None = None) -> Number | None:
    """The number in `text`, printed in `count` words from `first` on, with currency or unit from its neighbours."""
    colon = habits.colon and ":" in text and not (_TIME_LIKE.fullmatch(text) and _DATE_LIKE.search(row.text))
    if habits.dollar and (misread := _DOLLAR_MISREAD.match(text)) and len(misread["sign"]) == len(habits.dollar):
        text, repair = misread["minus"] + habits.dollar + text[misread.end() :], SIGN_READ_AS_LETTER
    parsed = parse(text, None, colon_cents=colon)
    if parsed is None:
        return None
    after = row.words[first + count].text if first + count < len(row.words) else ""
    before = row.words[first - 1].text if first else ""
    unit = plain(after).strip(".")
    if unit in _TIME_WORDS:
        return None
    return Number(
        value=parsed.value,
        decimals=parsed.decimals,
        sign=parsed.sign or _currency_sign(before) or _currency_sign(after),
        percent=parsed.percent or after.startswith("%"),
        measure=unit in _MEASURES,
        repair=parsed.repair or repair,
        row=row.index,
        first=first,
        last=first + count - 1,
        span=join(row.words[first : first + count]),
        mark=parsed.mark,
        group=parsed.group,
        other=parsed.other,
        bracketed=parsed.bracketed or (before.endswith("(") and after.startswith(")")),
    )


@lru_cache(maxsize=65536)
def _currency_sign(word: str) -> str | None:
    text = word.strip("():.[] ")
    return currencies.fold(text).upper() if currencies.codes_of(text) and not currencies.is_weak(text) else None
