"""Reads the lines of the item table: rows with an amount in the amount column, between the header and the totals."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ocr_pipeline.extraction.rules.amounts import LabelledAmount
from ocr_pipeline.extraction.rules.keywords import Hit
from ocr_pipeline.extraction.rules.layout import Row, Span, join
from ocr_pipeline.extraction.rules.numbers import Number
from ocr_pipeline.extraction.rules.reading import Reading

_COLUMNS = ("quantity", "unit", "unit_price", "amount", "description", "code", "position", "tax", "discount")
_END_OF_ITEMS = frozenset(
    {"total", "grand_total", "subtotal", "net", "due", "tax", "cash", "card", "change", "rounding"}
)
_CENT = Decimal("0.011")


@dataclass(frozen=True)
class Item:
    """One position with the places of its parts; None where the line does not say."""

    description: Span | None
    quantity: Number | None
    unit: Span | None
    unit_price: Number | None
    amount: Number
    product_code: Span | None


@dataclass(frozen=True)
class _Table:
    """Where the items stand: rows `start` up to (not including) `end`, and the columns that a header names."""

    start: int
    end: int
    columns: dict[str, tuple[float, float]]
    right_edge: float


def find(reading: Reading, amounts: Sequence[LabelledAmount]) -> list[Item]:
    """All items of a document, in reading order."""
    table = _table(reading, amounts)
    if table is None:
        return []
    anchors = _anchors(reading, table, amounts)
    return [_item(reading, table, anchors, position) for position in range(len(anchors))]


def _table(reading: Reading, amounts: Sequence[LabelledAmount]) -> _Table | None:
    header = _header(reading)
    start = header[0] + 1 if header else _first_priced_row(reading, amounts)
    if start is None:
        return None
    end = next(
        (row.index for row in reading.rows[start:] if _ends_items(reading, row)),
        len(reading.rows),
    )
    columns = header[1] if header else {}
    edges = [amount.number.span.x1 for amount in amounts if start <= amount.number.row < end]
    if not edges:
        return None
    return _Table(start, end, columns, max(edges))


def _header(reading: Reading) -> tuple[int, dict[str, tuple[float, float]]] | None:
    """The row that names the most columns, together with what its neighbours name."""
    best: tuple[int, int, dict[str, tuple[float, float]]] | None = None
    for row in reading.rows:
        own = _columns(reading, row.index)
        if len(own) < 2 or not own.keys() & {"amount", "unit_price"}:
            continue
        first = last = row.index
        for index in (row.index - 1, row.index + 1, row.index + 2):
            near = 0 <= index < len(reading.rows) and reading.rows[index].page == row.page
            if near and _columns(reading, index) and not _has_money(reading, index):
                first, last = min(first, index), max(last, index)
                own = _columns(reading, index) | own
        if not _has_money(reading, row.index) and (best is None or len(own) > best[0]):
            best = (len(own), last, own)
    return (best[1], best[2]) if best else None


def _columns(reading: Reading, row: int) -> dict[str, tuple[float, float]]:
    columns: dict[str, tuple[float, float]] = {}
    for hit in reading.keywords.in_row(row):
        name = _column_of(hit)
        if name and (name not in columns or name == "amount"):
            columns[name] = (hit.x0, hit.x1)
    return columns


def _column_of(hit: Hit) -> str | None:
    return next((name for name in _COLUMNS if name in hit.classes), "amount" if "total" in hit.classes else None)


def _has_money(reading: Reading, row: int) -> bool:
    return any(number.is_money for number in reading.numbers_by_row.get(row, ()))


def _first_priced_row(reading: Reading, amounts: Sequence[LabelledAmount]) -> int | None:
    return next((amount.number.row for amount in amounts), None)


def _ends_items(reading: Reading, row: Row) -> bool:
    """A row that starts with a word of the totals and holds an amount."""
    hits = reading.keywords.in_row(row.index)
    first_letters = next((i for i, word in enumerate(row.words) if any(c.isalpha() for c in word.text)), None)
    return (
        first_letters is not None
        and any(hit.classes & _END_OF_ITEMS and hit.first <= first_letters + 1 and hit.score == 1 for hit in hits)
        and _has_money(reading, row.index)
    )


def _anchors(reading: Reading, table: _Table, amounts: Sequence[LabelledAmount]) -> list[Number]:
    """The amount of each item: the last amount of its row, in the column where most rows have it."""
    last: dict[int, Number] = {}
    for amount in amounts:
        if table.start <= amount.number.row < table.end:
            last[amount.number.row] = amount.number
    if "amount" in table.columns:
        x0, x1 = table.columns["amount"]
        in_column = {}
        for amount in amounts:
            number = amount.number
            if table.start <= number.row < table.end and min(number.span.x1, x1 + 0.06) > max(
                number.span.x0, x0 - 0.06
            ):
                in_column[number.row] = number
        if in_column:
            return list(in_column.values())
    edge = Counter(round(number.span.x1, 1) for number in last.values())
    usual = edge.most_common(1)[0][0] if edge else table.right_edge
    return [number for number in last.values() if abs(number.span.x1 - usual) < 0.12]


def _item(reading: Reading, table: _Table, anchors: list[Number], position: int) -> Item:
    anchor = anchors[position]
    before = anchors[position - 1].row if position else table.start - 1
    after = anchors[position + 1].row if position + 1 < len(anchors) else table.end
    rows = [anchor.row, *range(anchor.row + 1, after), *range(before + 1, anchor.row)]
    others = [number for row in rows[:2] for number in reading.numbers_by_row.get(row, ()) if number is not anchor]
    if before + 1 < anchor.row:
        others += reading.numbers_by_row.get(anchor.row - 1, ())
    quantity, price = _factors(anchor, others, table)
    taken = {index for number in (anchor, quantity, price) if number for index in number.span.words}
    return Item(
        description=_description(reading, table, anchor, before, after, taken),
        quantity=quantity,
        unit=_unit(reading, quantity),
        unit_price=price,
        amount=anchor,
        product_code=None,
    )


def _factors(amount: Number, others: Sequence[Number], table: _Table) -> tuple[Number | None, Number | None]:
    """Quantity and unit price: two numbers whose product is the amount, else what stands in their columns."""
    columns = {id(number): _column(number.span, table) for number in others}
    usable = [number for number in others if not number.percent and number.value]
    pairs = [
        (quantity, price)
        for quantity in usable
        for price in usable
        if quantity is not price
        and price.decimals >= 2
        and not quantity.sign
        and abs(quantity.value * price.value - amount.value) < _CENT
    ]
    if pairs:
        return max(
            pairs,
            key=lambda pair: (
                (columns[id(pair[0])] == "quantity") + (columns[id(pair[1])] == "unit_price"),
                pair[0].decimals == 0,
            ),
        )
    in_row = [number for number in usable if number.row == amount.row]
    quantity = next((number for number in in_row if columns[id(number)] == "quantity"), None)
    price = next((number for number in in_row if columns[id(number)] == "unit_price" and number.decimals >= 2), None)
    return quantity, price


def _column(span: Span, table: _Table) -> str | None:
    def distance(name: str) -> float:
        x0, x1 = table.columns[name]
        return max(span.x0 - x1, x0 - span.x1, 0.0) + 0.1 * abs((x0 + x1) / 2 - (span.x0 + span.x1) / 2)

    name = min(table.columns, key=distance, default=None)
    return name if name and distance(name) < 0.06 else None


def _unit(reading: Reading, quantity: Number | None) -> Span | None:
    """A word right after the quantity: `10 Stk`."""
    if quantity is None:
        return None
    words = reading.rows[quantity.row].words
    if quantity.last + 1 < len(words):
        word = words[quantity.last + 1]
        near = word.x0 - quantity.span.x1 < 1.2 * word.height
        if near and any(c.isalpha() for c in word.text) and word.text.lower() not in ("x", "à", "a"):
            return word
    return None


def _description(
    reading: Reading, table: _Table, anchor: Number, before: int, after: int, taken: set[int]
) -> Span | None:
    """Text of the item's own row, else of the row above, else of the row below."""
    for row in (anchor.row, anchor.row - 1, anchor.row + 1):
        if row != anchor.row and not before < row < after:
            continue
        words = [word for word in reading.rows[row].words if word.x0 < anchor.span.x0]
        numbers = {
            index
            for number in reading.numbers_by_row.get(row, ())
            if number.is_money
            or number.percent
            or _column(number.span, table) in ("position", "quantity", "unit_price")
            for index in number.span.words
        }
        text = [word for word in words if not set(word.words) & (taken | numbers)]
        while text and not any(c.isalpha() for c in text[0].text):
            text.pop(0)
        if sum(c.isalpha() for word in text for c in word.text) >= 3:
            return join(text)
    return None
