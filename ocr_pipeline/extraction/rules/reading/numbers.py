"""Numbers as printed: amounts of money, quantities and rates, with OCR slips repaired."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.reading.layout import Layout, Row, Span, join
from ocr_pipeline.extraction.rules.text import LETTERS_AS_DIGITS, digits_of_lookalikes, plain

_NUMBER = re.compile(
    r"""
    [(+]?(?P<open>[-–−]?)                      # -5.00; brackets are only brackets
    (?P<sign>US\$|S\$|R[MH]|[$€£¥]|EUR|USD|GBP|MYR|SGD|CHF)?(?::|\.(?=\d+[.,]))?
    (?P<minus>[-–−]?)
    (?P<digits>
        \d{1,3}(?:[.,'’]\d{3}){1,2}[.,]\d{1,4} # 1.234,56   1,234.56   1'234.50
      | \d{1,3}(?:[.,'’]\d{3}){2}              # 1.234.567
      | \d{1,9}[.,]\d{1,4}                     # 12.50   1,0000
      | [.,]\d{2}                              # .50
      | \d{1,9}                                # 300; longer runs of digits are codes
    )
    (?P<after>€|EUR|RM|%)?
    (?P<close>[-–−]|CR)?\)?                    # 5.00-
    (?P<code>\s?[*\#]?[A-Z]{0,3}[*\#]?)        # tax code glued to an amount: 5.00SR
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LOOKALIKE = re.compile(
    r"(?P<head>-?(?:RM|[$€£])?)(?P<tail>[0-9OoQDIl|!SsBZzG]{1,5}[.,][0-9OoQDIl|!SsBZzG]{2}[-–]?)", re.IGNORECASE
)
PARTS_JOINED = "parts joined"
"""How the undoing of `12. 50` is called."""
_CENTS = re.compile(r".*\d[.,]\d\d")
_TIME_WORDS = frozenset({"am", "pm"})
_MEASURES = frozenset({"kg", "ml", "cm", "mm", "m²", "km"})


@dataclass(frozen=True)
class Parsed:
    """A number parsed from one string. `decimals`: the number of printed decimals, `sign` the currency sign or code.

    `repair` says which slip of the OCR was undone to read it.
    """

    value: Decimal
    decimals: int
    sign: str | None = None
    percent: bool = False
    repair: str | None = None


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number on the page: words `first` to `last` of row `row`. `measure`: a unit follows it, `0.144 kg`.

    `repair` says which slip of the OCR was undone to read it.
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

    @property
    def is_money(self) -> bool:
        """Two decimals, or a currency beside it."""
        return not self.percent and not self.measure and (self.decimals == 2 or self.sign is not None)


# ---- one string ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def parse(text: str, decimal_mark: str = ".") -> Parsed | None:
    """Parse a whole string as one number; None if it is not one.

    The last mark is the decimal mark unless exactly three digits follow it; then `decimal_mark` decides. Letters that
    look like digits are repaired if the string has the shape of an amount.
    """
    text = text.strip(" :;|=*_")
    match = _NUMBER.fullmatch(text)
    repair = None if match else LETTERS_AS_DIGITS
    if match is None:
        shape = _LOOKALIKE.fullmatch(text)
        if shape is None or not any(c.isdigit() for c in text):
            return None
        match = _NUMBER.fullmatch(shape["head"] + digits_of_lookalikes(shape["tail"]))
        if match is None:
            return None
    number, decimals = _decimal(match["digits"], decimal_mark)
    code = match["code"].strip()
    if code and decimals != 2 and not (decimals == 0 and 2 <= len(code) <= 3):  # 6ST, 10PCS
        return None
    percent = match["after"] == "%"
    sign = match["sign"] or (None if percent else match["after"])
    return Parsed(
        value=-number if match["open"] or match["minus"] or match["close"] else number,
        decimals=decimals,
        sign=sign.upper() if sign else None,
        percent=percent,
        repair=repair,
    )


def _decimal(digits: str, decimal_mark: str) -> tuple[Decimal, int]:
    """Value and number of decimals of digits with marks."""
    last = max(digits.rfind("."), digits.rfind(","))
    whole, decimals = re.sub(r"\D", "", digits[: max(last, 0)]), digits[last + 1 :]
    mark = digits[last] if last >= 0 else ""
    groups = len(decimals) == 3 and whole.strip("0") and (mark != decimal_mark or digits.count(mark) > 1)
    if not mark or groups:
        return Decimal(re.sub(r"\D", "", digits)), 0
    return Decimal(f"{whole or '0'}.{decimals}"), len(decimals)


# ---- a document ------------------------------------------------------------------------------------------------------


def find(layout: Layout) -> tuple[Number, ...]:
    """All numbers of a document in reading order."""
    mark = decimal_mark(layout)
    return tuple(number for row in layout.rows for number in _in_row(row, mark))


def decimal_mark(layout: Layout) -> str:
    """The mark before two final decimals that the document uses most."""
    marks = [word.text[-3] for row in layout.rows for word in row.words if _CENTS.fullmatch(word.text)]
    return "," if marks.count(",") > marks.count(".") else "."


def _in_row(row: Row, mark: str) -> Iterator[Number]:
    if row.text.endswith("Uhr"):  # opening hours: 08.30 - 12.30 Uhr
        return
    position = 0
    while position < len(row.words):
        number = _split_number(row, position, mark) or _number(row, position, 1, row.words[position].text, mark)
        if number is not None:
            yield number
        position = number.last + 1 if number else position + 1


def _number(row: Row, first: int, count: int, text: str, mark: str, repair: str | None = None) -> Number | None:
    """The number in `text`, printed in `count` words from `first` on, with currency or unit from its neighbours."""
    parsed = parse(text, mark)
    after = row.words[first + count].text if first + count < len(row.words) else ""
    before = row.words[first - 1].text if first else ""
    if parsed is None or plain(after).strip(".") in _TIME_WORDS:
        return None
    return Number(
        value=parsed.value,
        decimals=parsed.decimals,
        sign=parsed.sign or _currency_sign(before) or _currency_sign(after),
        percent=parsed.percent or after.startswith("%"),
        measure=plain(after).strip(".") in _MEASURES,
        repair=parsed.repair or repair,
        row=row.index,
        first=first,
        last=first + count - 1,
        span=join(row.words[first : first + count]),
    )


def _currency_sign(word: str) -> str | None:
    text = word.upper().strip("():.[] ")
    return text if text in lexicon.load().currency_signs else None


@dataclass(frozen=True)
class _Split:
    """The shape of an amount printed as two words, which are joined by `glue`.

    `alone`: only if no other word is near, because such a pair is often two things. `repair`: None if amounts are printed
    like this, without a slip.
    """

    first: re.Pattern[str]
    second: re.Pattern[str]
    glue: str = ""
    alone: bool = False
    repair: str | None = PARTS_JOINED


_SIGN = r"-?(?:RM|[$€£])?"
_SPLITS = (
    _Split(re.compile(r"\d{1,3}"), re.compile(r"\d{3}[.,]\d{2}"), repair=None),  # 120 000,00
    _Split(re.compile(rf"{_SIGN}\d+[.,]", re.IGNORECASE), re.compile(r"\d{2}")),  # 12. 50
    _Split(re.compile(rf"{_SIGN}\d+", re.IGNORECASE), re.compile(r"[.,]\d{2}")),  # 12 .50
    _Split(re.compile(rf"{_SIGN}\d{{1,4}}", re.IGNORECASE), re.compile(r"\d{2}"), glue=".", alone=True),  # 327 00
    _Split(re.compile(r"[-–−]"), re.compile(r"\d+[.,]\d{2}"), repair=None),  # - 5.00
    _Split(re.compile(r"\d+[.,]\d{2}"), re.compile(r"[-–−]"), alone=True, repair=None),  # 5.00 -
)
_SPLIT_ENDS = frozenset("0123456789.,-–−")
"""Characters that end the first word of a split amount."""


def _split_number(row: Row, position: int, mark: str) -> Number | None:
    """The number that a word forms with the next one, if they look like a split amount."""
    pair: Sequence[Span] = row.words[position : position + 2]
    if len(pair) < 2 or pair[0].text[-1] not in _SPLIT_ENDS:
        return None
    here, after = pair
    near = 0.7 * min(here.height, after.height)
    if after.x0 - here.x1 >= near:
        return None
    for split in _SPLITS:
        if split.first.fullmatch(here.text) and split.second.fullmatch(after.text):
            neighbours = [*row.words[max(position - 1, 0) : position], *row.words[position + 2 : position + 3]]
            if split.alone and any(max(here.x0 - word.x1, word.x0 - after.x1) < near for word in neighbours):
                return None
            return _number(row, position, 2, here.text + split.glue + after.text, mark, split.repair)
    return None
