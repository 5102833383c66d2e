"""The words of the buyer's block: what stands behind and below `Bill to`, and in the window of a letter.

What is printed there speaks for the buyer's country, and a tax id there is the buyer's.
"""

import re
from collections.abc import Iterator, Sequence

from ocr_pipeline.extraction.rules.reading.keywords import Hit, Keywords
from ocr_pipeline.extraction.rules.reading.layout import Cell, Layout, Row, Span
from ocr_pipeline.extraction.rules.text import letters_in

_BUYER = frozenset({"buyer", "ship_to"})
_ENDS = frozenset(
    {
        "seller",
        "description",
        "invoice_date",
        "unit_price",
        "quantity",
        "grand_total",
        "invoice_id",
        "due_date",
        "other_date",
    }
)
"""Classes of labels that end a block that they stand in."""
_MAX_ROWS = 9
_ALIGNED = 0.04
"""Cells of a block begin at most this far left of its label, in page widths."""
_GAP = 2.6
"""A wider gap between two lines, in text heights, ends a block that has two lines."""
_SENDER_LINE = re.compile(r"(?=.*\b\d{4,5}\b)\S.*(?:\s[-–]\s|\s?[·•●|]\s?).*\S")
"""`Bei Spiel GmbH · Ecke 12 · 12345 Stadthausen`: the sender in small print above the window of a letter."""
_WINDOW = 0.08
_MAX_SENDER_LINE = 90
_TOP = 0.55
"""Addresses of both parties stand in this part of the page, in page widths."""
_POSTCODE = re.compile(
    r"\b\d{4,6}\b(?!-\d).*[^\W\d]{3}"
    r"|[^\W\d]{3}.*\b(?:\d{5,6}|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})\b|\b\d{2,3}[ -]\d{2,3} [^\W\d]{3}"
)
_CONTACT = frozenset("@+:")
_OWN_LINES = frozenset({"supplier_tax_id", "receiver_tax_id", "tax_number", "registration"})
_SENDER_AT_MOST = 0.6
"""A sender's line in the window ends left of here and stands in the upper part of the page."""


def words(layout: Layout, keywords: Keywords) -> frozenset[int]:
    """Indices of the words in blocks of buyers and consignees, labels included."""
    found: set[int] = set()
    for row in layout.rows:
        for hit in keywords.in_row(row.index):
            if hit.classes & _BUYER and "seller" not in hit.classes and _is_label(row, hit):
                for span in _block(layout, keywords, row, hit):
                    found.update(span.words)
        for cell in row.cells:
            if _is_sender_line(layout, row, cell.span):
                for span in _below(layout, keywords, row, cell.span.x0 - _WINDOW, cell.span.x1, 6):
                    found.update(span.words)
    return frozenset(found or _second_block(layout, keywords))


def _second_block(layout: Layout, keywords: Keywords) -> set[int]:
    """Without labels, the second of two addresses that stand below each other at the top, with the tax id below it."""
    top = [row for row in layout.rows if row.page == 1 and row.span.y < layout.rows[0].span.y0 + _TOP]
    addresses = [
        row for row in top if _POSTCODE.search(row.cells[0].span.text) and not _ends(row, keywords, row.cells[:1])
    ]
    if len(addresses) < 2 or addresses[1].index - addresses[0].index < 3:
        return set()
    first, second = addresses[:2]
    left = second.cells[0].span.x0
    if abs(first.cells[0].span.x0 - left) > _ALIGNED / 2:
        return set()
    found: set[int] = set()
    for row in layout.rows[max(first.index + 1, second.index - 3) : second.index + 4]:
        cell = row.cells[0].span
        is_number = bool(keywords.classes(row.index) & _OWN_LINES)
        if abs(cell.x0 - left) > _ALIGNED / 2 or cell.text.endswith(":"):
            continue
        if row.index < second.index and (is_number or not _CONTACT.isdisjoint(cell.text)):
            found.clear()  # still lines of the first block
        elif row.index <= second.index or is_number:
            found.update(cell.words)
    return found


def _is_label(row: Row, hit: Hit) -> bool:
    """Whether a phrase begins a cell and is followed by a colon, the end of the cell or a gap."""
    start = 0
    for cell in row.cells:
        if start == hit.first:
            after = cell.words[hit.last - start + 1 :]
            label = cell.words[hit.last - start].text
            return label.endswith(":") or not after or not any(c.isalnum() for c in after[0].text)
        start += len(cell.words)
    return False


def _block(layout: Layout, keywords: Keywords, row: Row, hit: Hit) -> Iterator[Span]:
    """The label's row up to the next label, and the cells below the label up to the next column."""
    labels = [other for other in keywords.in_row(row.index) if other.first > hit.last and _is_label(row, other)]
    right = min((other.x0 for other in labels), default=1.0) - _ALIGNED / 2
    behind = [word for word in row.words[hit.last + 1 :] if word.x1 <= right + _ALIGNED / 2 and letters_in(word.text)]
    yield from row.words[hit.first : hit.last + 1]
    near = bool(behind) and behind[0].x0 - hit.x1 < 0.25
    if near:
        yield from behind
    left = hit.x0 - _ALIGNED
    yield from _below(layout, keywords, row, left, right, _MAX_ROWS)


def _below(layout: Layout, keywords: Keywords, row: Row, left: float, right: float, reach: int) -> Iterator[Span]:
    """Cells of the next rows that begin in a column, until a gap, another label or a table."""
    last, lines = row.span.y1, 0
    column_end, edge = right, 0.0
    for later in layout.rows[row.index + 1 : row.index + 1 + reach + 3]:
        cells = [
            cell for cell in later.cells if left <= cell.span.x0 < (min(column_end, edge) if lines else column_end)
        ]
        if later.page != row.page or (lines and _ends(later, keywords, cells)):
            return
        if not cells:
            continue
        first = cells[0].span
        if lines > 1 and first.y0 - last > _GAP * layout.text_height:
            return
        if lines == 0 and len(later.cells) > 1 and right > 0.9:
            column_end = min((cell.span.x0 for cell in later.cells if cell.span.x0 > first.x1), default=right)
        yield first
        last, lines, edge = first.y1, lines + 1, max(edge, first.x1)
        if lines == reach:
            return


def _ends(row: Row, keywords: Keywords, cells: Sequence[Cell]) -> bool:
    spans = [cell.span for cell in cells]
    hits = [hit for hit in keywords.in_row(row.index) if hit.classes & _ENDS]
    return any(span.x0 - 0.01 <= hit.x0 <= span.x1 for hit in hits for span in spans[:1]) or len(hits) > 2


def _is_sender_line(layout: Layout, row: Row, span: Span) -> bool:
    """Whether a cell is the sender's line of a letter: several parts with a postcode, high up at the left."""
    return (
        row.page == layout.rows[0].page
        and span.x1 < _SENDER_AT_MOST
        and len(span.text) < _MAX_SENDER_LINE
        and len(span.words) >= 5
        and span.y < layout.rows[0].span.y0 + 0.5
        and _SENDER_LINE.fullmatch(span.text) is not None
    )
