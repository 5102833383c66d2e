"""Numbers as printed: amounts of money, quantities and rates, with OCR slips repaired."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.layout import Layout, Row, Span, join
from ocr_pipeline.extraction.rules.text import digits_of_lookalikes, plain

_NUMBER = re.compile(
    r"""
    (?P<open>[-–−(+]?)                               # -5.00 or (5.00)
    (?P<sign>US\$|S\$|R[MH]|[$€£¥]|EUR|USD|GBP|MYR|SGD|CHF)?(?::|\.(?=\d+[.,]))?
    (?P<minus>[-–−]?)
    (?P<digits>
        \d{1,3}(?:[.,'’]\d{3}){1,2}[.,]\d{1,4}           # 1.234,56   1,234.56   1'234.50
      | \d{1,3}(?:[.,'’]\d{3}){2}                    # 1.234.567
      | \d{1,9}[.,]\d{1,4}                           # 12.50   1,0000
      | [.,]\d{2}                                    # .50
      | \d{1,9}                                      # 300; longer runs of digits are codes
    )
    (?P<after>€|EUR|RM|%)?
    (?P<close>[-–−)]|CR)?                            # 5.00-
    (?P<code>\s?[*#]?[A-Z]{0,3}[*#]?)                # tax code glued to an amount: 5.00SR
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LOOKALIKE = re.compile(r"-?(?:RM|[$€£])?[0-9OoQDIl|!SsBZzG]{1,5}[.,][0-9OoQDIl|!SsBZzG]{2}[-–]?", re.IGNORECASE)
_NO_AMOUNT_AFTER = frozenset({"uhr", "am", "pm", "kg", "ml", "cm", "mm"})


@dataclass(frozen=True)
class Parsed:
    """A number read from one string. `decimals` is the count of printed decimals, `sign` the currency sign or code."""

    value: Decimal
    decimals: int
    sign: str | None = None
    percent: bool = False
    repaired: bool = False


@dataclass(frozen=True)
class Number:
    """A number on the page: words `first` to `last` of row `row`."""

    value: Decimal
    decimals: int
    sign: str | None
    percent: bool
    repaired: bool
    row: int
    first: int
    last: int
    span: Span

    @property
    def is_money(self) -> bool:
        """Two decimals, or a currency beside it."""
        return not self.percent and (self.decimals == 2 or self.sign is not None)


@lru_cache(maxsize=65536)
def parse(text: str, decimal_mark: str = ".") -> Parsed | None:
    """Read a whole string as one number, or return None.

    The last mark is the decimal mark unless exactly three digits follow it; then `decimal_mark` decides. Letters that
    look like digits are repaired where the string has the shape of an amount.
    """
    text = text.strip(" :;|=*_")
    repaired = False
    match = _NUMBER.fullmatch(text)
    if match is None or not match["digits"]:
        if not (_LOOKALIKE.fullmatch(text) and any(c.isdigit() for c in text)):
            return None
        head = re.match(r"-?(?:RM|[$€£])?", text, re.IGNORECASE)
        cut = head.end() if head else 0
        match = _NUMBER.fullmatch(text[:cut] + digits_of_lookalikes(text[cut:]))
        repaired = True
        if match is None:
            return None
    number, decimals = _decimal(match["digits"], decimal_mark)
    if match["code"].strip() and decimals != 2:
        return None
    in_brackets = match["open"] == "(" and match["close"] == ")"
    dashes = (match["open"], match["minus"], match["close"])
    negative = in_brackets or match["close"] == "CR" or any(mark and mark in "-–−" for mark in dashes)
    sign = match["sign"] or (match["after"] if match["after"] != "%" else None)
    return Parsed(
        value=-number if negative else number,
        decimals=decimals,
        sign=sign.upper() if sign else None,
        percent=match["after"] == "%",
        repaired=repaired,
    )


def _decimal(digits: str, decimal_mark: str) -> tuple[Decimal, int]:
    marks = [c for c in digits if not c.isdigit()]
    last = max(digits.rfind("."), digits.rfind(","))
    after = len(digits) - last - 1
    if not marks or last < 0:
        return Decimal(re.sub(r"\D", "", digits)), 0
    whole = re.sub(r"\D", "", digits[:last])
    grouped = after == 3 and (marks.count(digits[last]) > 1 or digits[last] != decimal_mark) and whole not in ("", "0")
    if grouped:
        return Decimal(re.sub(r"\D", "", digits)), 0
    return Decimal(f"{whole or '0'}.{digits[last + 1 :]}"), after


def decimal_mark(layout: Layout) -> str:
    """The mark before two final decimals that the document uses most."""
    marks = [word.text[-3] for row in layout.rows for word in row.words if re.fullmatch(r".*\d[.,]\d\d", word.text)]
    return "," if marks.count(",") > marks.count(".") else "."


def find(layout: Layout) -> tuple[Number, ...]:
    """All numbers of a document in reading order."""
    mark = decimal_mark(layout)
    return tuple(number for row in layout.rows for number in _in_row(row, mark))


def _in_row(row: Row, mark: str) -> list[Number]:
    numbers: list[Number] = []
    words = row.words
    position = 0
    while position < len(words):
        taken = 1
        for count, text in _readings(words, position):
            parsed = parse(text, mark)
            if parsed is not None and not _is_time_or_weight(words, position + count):
                percent = parsed.percent or _is_percent(words, position + count)
                sign = parsed.sign or _sign_beside(words, position - 1) or _sign_beside(words, position + count)
                span = join(words[position : position + count])
                last = position + count - 1
                repaired = parsed.repaired or count > 1
                numbers.append(
                    Number(parsed.value, parsed.decimals, sign, percent, repaired, row.index, position, last, span)
                )
                taken = count
                break
        position += taken
    return numbers


# How one amount looks after OCR split it into two words. The pair is read without the space (or with a point for it).
_SPLIT_SHAPES: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...] = (
    (re.compile(r"\d{1,3}"), re.compile(r"\d{3}[.,]\d{2}"), ""),  # 120 000,00
    (re.compile(r"-?(?:RM|[$€£])?\d+[.,]", re.I), re.compile(r"\d{2}"), ""),  # 12. 50
    (re.compile(r"-?(?:RM|[$€£])?\d+", re.I), re.compile(r"[.,]\d{2}"), ""),  # 12 .50
    (re.compile(r"-?(?:RM|[$€£])?\d{1,4}", re.I), re.compile(r"\d{2}"), "."),  # 327 00
    (re.compile(r"[-–−]"), re.compile(r"\d+[.,]\d{2}"), ""),  # - 5.00
    (re.compile(r"\d+[.,]\d{2}"), re.compile(r"[-–−]"), ""),  # 5.00 -
)


def _readings(words: tuple[Span, ...], position: int) -> list[tuple[int, str]]:
    """Ways to read a number that starts at a word: split amounts first, then the word alone."""
    here = words[position]
    readings = [(1, here.text)]
    if position + 1 < len(words):
        after = words[position + 1]
        if after.x0 - here.x1 < 0.7 * min(here.height, after.height):
            for first, second, glue in _SPLIT_SHAPES:
                if first.fullmatch(here.text) and second.fullmatch(after.text):
                    ends_cell = position + 2 == len(words) or words[position + 2].x0 - after.x1 > 0.7 * after.height
                    if glue == "" or (ends_cell and (position == 0 or here.x0 - words[position - 1].x1 > here.height)):
                        readings.insert(0, (2, here.text + glue + after.text))
                    break
    return readings


def _is_percent(words: tuple[Span, ...], position: int) -> bool:
    return position < len(words) and words[position].text.startswith("%")


def _is_time_or_weight(words: tuple[Span, ...], position: int) -> bool:
    return position < len(words) and plain(words[position].text).strip(".") in _NO_AMOUNT_AFTER


def _sign_beside(words: tuple[Span, ...], position: int) -> str | None:
    """A currency sign or code that stands as its own word beside a number."""
    if not 0 <= position < len(words):
        return None
    text = words[position].text.upper().strip("():.[] ")
    return text if text in lexicon.load().currency_signs else None
