"""Finds the item table of a document: the header with its columns, the rows, and the amount of each item."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.keywords import Hit
from ocr_pipeline.extraction.rules.reading.layout import Row, Span
from ocr_pipeline.extraction.rules.reading.numbers import Number

Columns = Mapping[str, tuple[float, float]]
"""Name of a column -> where its header starts and ends."""

_COLUMNS = ("quantity", "unit", "unit_price", "amount", "description", "code", "position", "tax", "discount")
_SOLD = frozenset({"description", "quantity", "unit_price", "code"})
"""Columns that only a table of items has."""
_ENDS = frozenset(
    {
        "total",
        "grand_total",
        "subtotal",
        "net",
        "due",
        "tax",
        "cash",
        "card",
        "change",
        "rounding",
        "count",
        "tax_summary",
    }
)
"""A row with an amount that begins with one of these is below the items."""
_NOT_AN_ITEM = frozenset({"discount", "surcharge", "saving", "carried"})
_OTHER_TABLE = frozenset({"net", "tax_summary"})
_NEAR_COLUMN = 0.06
"""A value belongs to a column whose header is at most this far away, in page widths."""
_SAME_EDGE = 0.12


@dataclass(frozen=True)
class ItemTable:
    """Rows `start` up to (not including) `end`, the columns of the header, and the amount of each item.

    `description_below`: the header names the description in a lower line than the amount, and so do the items.
    """

    start: int
    end: int
    columns: Columns
    description_below: bool
    amounts: Sequence[Number]

    def column(self, span: Span) -> str | None:
        """The column whose header is nearest to a span, if any is near."""
        name = min(self.columns, key=lambda name: _distance(span, self.columns[name]), default=None)
        return name if name and _distance(span, self.columns[name]) < _NEAR_COLUMN else None


@dataclass(frozen=True)
class _Header:
    columns: Columns
    last_row: int
    description_below: bool


def find(reading: Reading) -> ItemTable | None:
    """The table of items, with or without a header; None for a document without amounts."""
    header = _header(reading)
    if header is None:
        first_priced = next((row.index for row in reading.rows if reading.has_money(row.index)), None)
        if first_priced is None:
            return None
        header = _Header({}, first_priced - 2, description_below=False)  # the row above may describe the first item
    start = max(header.last_row + 1, 0)
    end = next((row.index for row in reading.rows[start:] if _ends_items(reading, row)), len(reading.rows))
    rows = [row for row in reading.rows[start:end] if not _opening(reading, row) & _NOT_AN_ITEM]
    amounts = _amounts(reading, rows, header.columns)
    return ItemTable(start, end, header.columns, header.description_below, amounts)


def _distance(span: Span, header: tuple[float, float]) -> float:
    """Gap to a header; among headers at the same gap, the one with the nearer centre is nearer."""
    x0, x1 = header
    return max(span.x0 - x1, x0 - span.x1, 0.0) + 0.1 * abs((x0 + x1) / 2 - (span.x0 + span.x1) / 2)


# ---- header ----------------------------------------------------------------------------------------------------------


def _header(reading: Reading) -> _Header | None:
    """The row that names the most columns, together with what the rows next to it name."""
    best: _Header | None = None
    for row in reading.rows:
        if _is_header(reading, row.index):
            header = _whole_header(reading, row)
            if best is None or len(header.columns) > len(best.columns):
                best = header
    return best


def _is_header(reading: Reading, row: int) -> bool:
    columns = _columns(reading, row)
    priced = columns.keys() & {"amount", "unit_price"}
    return len(columns) >= 2 and bool(priced) and not reading.has_money(row) and not _is_tax_header(reading, row)


def _is_tax_header(reading: Reading, row: int) -> bool:
    """Whether a header belongs to the tax summary: it names net and tax amounts, but nothing that is sold."""
    classes = reading.keywords.classes(row)
    names_taxes = "tax_summary" in classes or ("tax" in classes and bool(classes & {"net", "amount"}))
    return names_taxes and not classes & _SOLD


def _whole_header(reading: Reading, row: Row) -> _Header:
    """The header around its main row: the row above and up to two below may name columns, too."""
    columns = dict(_columns(reading, row.index))
    last, description_below = row.index, False
    for index in (row.index - 1, row.index + 1, row.index + 2):
        inside = 0 <= index < len(reading.rows) and reading.rows[index].page == row.page
        if not inside or index > last + 1 or reading.has_money(index):
            continue
        more = _columns(reading, index)
        if more:
            last = max(last, index)
            description_below |= index > row.index and "description" in more and "description" not in columns
            columns = {**more, **columns}
    return _Header(columns, last, description_below)


def _columns(reading: Reading, row: int) -> Columns:
    columns: dict[str, tuple[float, float]] = {}
    for hit in reading.keywords.in_row(row):
        name = _column_name(hit)
        if name and (name not in columns or name == "amount"):  # of several amount columns the last one counts
            columns[name] = (hit.x0, hit.x1)
    return columns


def _column_name(hit: Hit) -> str | None:
    named = next((name for name in _COLUMNS if name in hit.classes), None)
    return named or ("amount" if "total" in hit.classes else None)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _ends_items(reading: Reading, row: Row) -> bool:
    """A row of the totals, or the header of another table."""
    opening = _opening(reading, row)
    if reading.has_money(row.index):
        return bool(opening & _ENDS)
    names_columns = len(_columns(reading, row.index)) >= 2
    return "tax_summary" in opening or (names_columns and bool(reading.keywords.classes(row.index) & _OTHER_TABLE))


def _opening(reading: Reading, row: Row) -> frozenset[str]:
    """Classes of the phrase with which a row begins."""
    first = next((i for i, word in enumerate(row.words) if any(c.isalpha() for c in word.text)), 0)
    hits = (hit for hit in reading.keywords.in_row(row.index) if hit.first <= first + 1 and hit.score > 0.8)
    return next((hit.classes for hit in hits), frozenset())


def _amounts(reading: Reading, rows: Sequence[Row], columns: Columns) -> list[Number]:
    """The last amount of each row that stands in the amount column, else where most rows end."""
    money = [[number for number in reading.numbers_in(row.index) if number.is_money] for row in rows]
    if "amount" in columns:
        x0, x1 = columns["amount"]
        in_column = [
            [n for n in numbers if n.span.x1 > x0 - _NEAR_COLUMN and n.span.x0 < x1 + _NEAR_COLUMN] for numbers in money
        ]
        if any(in_column):
            return [numbers[-1] for numbers in in_column if numbers]
    last = [numbers[-1] for numbers in money if numbers]
    if not last:
        return []
    edge = Counter(round(number.span.x1, 1) for number in last).most_common(1)[0][0]
    return [number for number in last if abs(number.span.x1 - edge) < _SAME_EDGE]
