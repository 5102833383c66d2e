"""Reads the items of a document: around each amount of the table its quantity, unit price and description."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ocr_pipeline.extraction.rules.fields import item_table
from ocr_pipeline.extraction.rules.fields.item_table import ItemTable
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Cell, Span, join
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.extraction.rules.text import letters_in

_ROUNDING = Decimal("0.011")
_MAX_CONTINUATION = 3
_WORDS_OF_SENTENCE = 5
_ALIGNED = 0.012
_TIMES = frozenset({"x", "a", "@", "*"})
_POSITION = re.compile(r"\W*|\d+[.)]?")
"""A running number or code of digits before a description."""
_NOT_TEXT = frozenset({"position", "quantity", "unit_price"})
"""Numbers of these columns do not belong to a description."""
_NOT_CONTINUED_BY = frozenset({"code", "unit_price", "discount"})


@dataclass(frozen=True)
class Item:
    """One item with the places of its parts; None if the line does not say."""

    description: Span | None
    quantity: Number | None
    unit: Span | None
    unit_price: Number | None
    amount: Number
    product_code: Span | None

    @property
    def parts(self) -> dict[str, Number | Span | None]:
        """The parts by the names of `schemas.LineItem`."""
        return dict(vars(self))

    @property
    def adds_up(self) -> bool:
        """Whether quantity times unit price is the amount."""
        return _multiply(self.quantity, self.unit_price, self.amount)


def find(reading: Reading) -> list[Item]:
    """All items of a document, in reading order."""
    table = item_table.find(reading)
    if table is None:
        return []
    edges = [table.start - 1, *(amount.row for amount in table.amounts), table.end]
    return [
        _item(reading, table, amount, range(edges[position] + 1, edges[position + 2]))
        for position, amount in enumerate(table.amounts)
    ]


def _item(reading: Reading, table: ItemTable, amount: Number, rows: range) -> Item:
    """The item around an amount; `rows` lie between the amounts before and after it."""
    beside = (1, -1) if table.description_below else (-1, 1)
    near = [row for row in (amount.row, amount.row + beside[0], amount.row + beside[1]) if row in rows]
    numbers = [number for row in near for number in reading.numbers_in(row) if number is not amount]
    quantity, price = _factors(table, amount, numbers)
    unit = _unit(reading, quantity)
    parts = [amount.span, *(part.span for part in (quantity, price) if part), *([unit] if unit else [])]
    taken = frozenset(index for span in parts for index in span.words)
    return Item(
        description=_description(reading, table, near, rows, taken),
        quantity=quantity,
        unit=unit,
        unit_price=price,
        amount=amount,
        product_code=_product_code(reading, table, near),
    )


# ---- numbers ---------------------------------------------------------------------------------------------------------


def _multiply(quantity: Number | None, price: Number | None, amount: Number) -> bool:
    return quantity is not None and price is not None and abs(quantity.value * price.value - amount.value) < _ROUNDING


def _factors(table: ItemTable, amount: Number, numbers: Sequence[Number]) -> tuple[Number | None, Number | None]:
    """Quantity and unit price: two numbers whose product is the amount, else those of the row in their columns."""
    usable = [number for number in numbers if not number.percent and number.value]
    prices = [number for number in usable if number.decimals >= 2]
    pairs = [
        (quantity, price)
        for quantity in usable
        for price in prices
        if quantity is not price and not quantity.sign and _multiply(quantity, price, amount)
    ]
    if pairs:
        return max(pairs, key=lambda pair: _plausibility(table, amount, *pair))
    return (
        next((number for number in usable if _stands(table, number, "quantity", amount.row)), None),
        next((number for number in prices if _stands(table, number, "unit_price", amount.row)), None),
    )


def _plausibility(table: ItemTable, amount: Number, quantity: Number, price: Number) -> tuple[int, int, bool]:
    in_row = (quantity.row == amount.row) + (price.row == amount.row)
    in_columns = (table.column(quantity.span) == "quantity") + (table.column(price.span) == "unit_price")
    return in_row, in_columns, quantity.decimals == 0


def _stands(table: ItemTable, number: Number, column: str, row: int) -> bool:
    return number.row == row and table.column(number.span) == column


def _unit(reading: Reading, quantity: Number | None) -> Span | None:
    """A word right after the quantity: `10 Stk`."""
    if quantity is None:
        return None
    for word in reading.rows[quantity.row].words[quantity.last + 1 : quantity.last + 2]:
        near = word.x0 - quantity.span.x1 < 1.2 * word.height
        if near and letters_in(word.text) and word.text.lower() not in _TIMES:
            return word
    return None


# ---- text ------------------------------------------------------------------------------------------------------------


def _product_code(reading: Reading, table: ItemTable, near: Sequence[int]) -> Span | None:
    """A word with digits in the code column."""
    if "code" not in table.columns:
        return None
    words = (word for row in near for word in reading.rows[row].words if any(c.isdigit() for c in word.text))
    return next((word for word in words if table.column(word) == "code"), None)


def _description(
    reading: Reading, table: ItemTable, near: Sequence[int], rows: range, taken: frozenset[int]
) -> Span | None:
    """Text of the item's own row, else of a neighbouring row, with the short lines that continue it below."""
    for row in near:
        start = _text(reading, table, row, taken)
        if start is not None:
            return join([start, *_continuation(reading, start, range(row + 1, rows.stop))])
    return None


def _text(reading: Reading, table: ItemTable, row: int, taken: frozenset[int]) -> Span | None:
    """The text of a row in the description column, or the cell with the most letters."""
    numbers = reading.numbers_in(row)
    amounts = _words_of(number for number in numbers if number.is_money or number.percent)
    columns = _words_of(number for number in numbers if table.column(number.span) in _NOT_TEXT)
    cells = [_text_of_cell(cell, taken | amounts, columns) for cell in reading.rows[row].cells]
    texts = [span for span in cells if span is not None]
    described = [span for span in texts if table.column(span) == "description"]
    return max(described or texts, key=lambda span: letters_in(span.text), default=None)


def _words_of(numbers: Iterator[Number]) -> frozenset[int]:
    return frozenset(index for number in numbers for index in number.span.words)


def _text_of_cell(cell: Cell, never: frozenset[int], first: frozenset[int]) -> Span | None:
    """The words of a cell without those of `never`, and before its first word with letters without those of `first`."""
    begins = next((i for i, word in enumerate(cell.words) if letters_in(word.text)), 0)
    words = [
        word
        for i, word in enumerate(cell.words)
        if never.isdisjoint(word.words) and (i > begins or first.isdisjoint(word.words))
    ]
    while words and _POSITION.fullmatch(words[0].text):
        words.pop(0)
    return join(words) if sum(letters_in(word.text) for word in words) >= 3 else None


def _continuation(reading: Reading, start: Span, rows: range) -> Iterator[Span]:
    """Short lines right below a description that begin where it begins; a sentence or a `label: value` ends it."""
    above = start
    for row in rows[:_MAX_CONTINUATION]:
        cells = (cell.span for cell in reading.rows[row].cells)
        line = next((span for span in cells if abs(span.x0 - start.x0) < _ALIGNED), None)
        if line is None or line.y0 - above.y1 > 0.5 * start.height or ":" in line.text:
            return
        is_sentence = len(line.text.split()) >= _WORDS_OF_SENTENCE
        if is_sentence or reading.has_money(row) or reading.keywords.classes(row) & _NOT_CONTINUED_BY:
            return
        yield line
        above = line
