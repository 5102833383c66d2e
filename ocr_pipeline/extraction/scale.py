"""Amounts that differ from what is printed by a power of ten: `161.000` on the page, 161 given.

A parser that takes every point for a decimal mark makes this error, in all amounts of a page alike, so that sums still add
up. What finds it is the page: its numbers, read together, say whether `161.000` is thousands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ocr_pipeline.schemas import FIELD_KINDS, OcrText
from ocr_pipeline.values.amounts import PrintedAmount, read_amount

if TYPE_CHECKING:
    from ocr_pipeline.extraction.rules.reading.numbers import Number

MAX_POWER = 6
"""The exponent of ten by which a printed amount may differ."""
AMOUNTS = tuple(name for name, kind in FIELD_KINDS.items() if kind == "money")


@dataclass(frozen=True)
class ScaleSuspect:
    """A value, the printed text whose digits are the same, and the amount that this text is on its page.

    `open`: nothing on the page decides whether `20.000` is thousands, as it nearly always is.
    """

    field: str
    value: Decimal
    text: str
    printed: Decimal
    open: bool = False

    @property
    def power(self) -> int:
        """The exponent of ten by which the printed amount is larger; negative: smaller."""
        return self.printed.adjusted() - self.value.adjusted()

    @property
    def sentence(self) -> str:
        how = "is probably" if self.open else "is"
        return f"{self.field} is given as {self.value:f}, but {self.text} is printed: this {how} {self.printed:f} here"


def scale_suspects(amounts: Iterable[tuple[str, Decimal]], text: OcrText) -> list[ScaleSuspect]:
    """The amounts, given by field, that are not printed while a printed amount differs from them by a power of ten.

    An amount counts as printed if the page has it as an amount of money, whatever else has its digits. Where nothing on the
    page decides what `20.000` is, thousands are assumed: money is seldom printed with three decimals.
    """
    wanted = [(field, abs(value), value) for field, value in amounts if value]
    if not wanted:
        return []
    from ocr_pipeline.extraction.rules.reading import read

    reading = read(text)
    money = [number for number in reading.numbers if number.is_money and number.value]
    printed = {abs(number.value) for number in money}
    suspects = []
    for field, value, signed in wanted:
        if value in printed:
            continue
        number = _same_digits(value, money)
        if number is not None:
            suspects.append(ScaleSuspect(field, signed, number.span.text, number.value, number.open))
    return suspects


def _same_digits(value: Decimal, numbers: "Sequence[Number]") -> "Number | None":
    """The last number on the page that is a power of ten times the value; one with a mark before three digits, which is how
    the error comes about, before all others."""
    digits = _digits(value)
    same = [
        number
        for number in numbers
        if _digits(number.value) == digits and 0 < abs(number.value.adjusted() - value.adjusted()) <= MAX_POWER
    ]
    same.reverse()  # totals are at the bottom
    return max(same, key=lambda number: number.other is not None and abs(number.other) == value, default=None)


def _digits(value: Decimal) -> tuple[int, ...]:
    """Significant digits: 161 and 161.000 and 161000 have the same."""
    return tuple(value.normalize().as_tuple().digits)


def plain_amounts(texts: Iterable[str]) -> set[Decimal]:
    """The words that are an amount beyond doubt: with decimals or groups, and with one reading. Quick; only what is not among
    them is worth `scale_suspects`."""
    return {amount.numeral.value for text in texts if (amount := read_amount(text, loose=True)) and _is_plain(amount)}


def _is_plain(amount: PrintedAmount) -> bool:
    numeral = amount.numeral
    is_money = bool(numeral.decimals or numeral.group or amount.currency)
    return is_money and numeral.other is None and amount.rest != "%"
