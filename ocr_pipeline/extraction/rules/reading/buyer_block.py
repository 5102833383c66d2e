"""The words of the buyer's block: what stands behind and below `Bill to`, and in the window of a letter.

What is printed there speaks for the buyer's country, and a tax id there is the buyer's.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ocr_pipeline.extraction.rules.lexicon import tax_labels
from ocr_pipeline.extraction.rules.lexicon.clues import token
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
_SENDER_LINE = re.compile(
    r"(?!\d)(?=.*\b\d{4,5}\b)\S.*(?:\s[-–]\s|\s?[·•●|]\s?).*\S|(?=.*\d)(?!.*[:@+])\S.{3,}\s?[·•●|]\s?.{4,}[·•●|]\s?.{3,}\S"
)
"""`Bei Spiel GmbH · Ecke 12 · 12345 Stadthausen`: the sender in small print above the window of a letter."""
_WINDOW = 0.08
_MAX_SENDER_LINE = 90
_TOP = 0.55
"""Addresses of both parties stand in this part of the page, in page widths."""
_POSTCODE = re.compile(
    r"\b\d{4,6}\b(?!-\d).*[^\W\d]{3}"
    r"|[^\W\d]{3}.*\b(?:\d{5,6}|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]\d[\dW] [A-Z\d]{4})\b"
    r"|\b\d{2,3}[ -]\d{2,3} [^\W\d]{3}|\b(?:\d{5}-\d{3}|\d{4}-\d{3}|[A-Z]\d{4}[A-Z]{3})\b|〒 ?\d{3}-\d{4}"
    r"|[^\W\d]{3}.*\b[A-Z]{2,3} \d{4}$|^[^\W\d][^\d:]{3,}[ ,]+(?!19|20)\d{4}$"
)
_NUMBERED = re.compile(
    r"(?!(?i:t|f|m|ph|puh|tel|fax|mob|fon)\w*\.?:)[^:@+\d]{2,30}: ?[A-Z]{0,3}[ -]?\d[\d .\-/]{6,}[A-Z]?"
)
_MAX_LABEL = 4
"""Words of a tax id's label, at most."""
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
    """Without labels, the second of two addresses at the top, with the tax id below it: below the first, or lower in
    another column."""
    top = [row for row in layout.rows if row.page == 1 and row.span.y < layout.rows[0].span.y0 + _TOP]
    towns = [
        (row, cell.span)
        for row in top
        for cell in row.cells
        if _POSTCODE.search(cell.span.text) and not _ends(row, keywords, [cell])
    ]
    if len(towns) < 2:
        return set()
    first_row, first = towns[0]
    for row, town in towns[1:]:
        if abs(first.x0 - town.x0) <= _ALIGNED / 2:
            return _lines_of(layout, keywords, first_row, row, town) if row.index - first_row.index >= 3 else set()
        lines = _column(layout, keywords, row, town)
        apart = town.x0 > first.x1 or town.x1 < first.x0
        if len(lines) > 1 and apart and lines[0].y0 > first.y0:
            return {index for line in lines for index in line.words}
    return set()


def _column(layout: Layout, keywords: Keywords, row: Row, town: Span) -> list[Span]:
    """The lines around a town in its column, with tax ids below it; none if a telephone, mail or web address is among them."""
    lines = [town]
    for step in (-1, 1):
        for other in layout.rows[
            row.index + step : max(row.index + 5 * step, -1) if step < 0 else row.index + 5 : step
        ]:
            found = next((cell for cell in other.cells if abs(cell.span.x0 - town.x0) <= _ALIGNED / 2), None)
            if found is None:
                continue
            cell = found.span
            edge = lines[0] if step < 0 else lines[-1]
            gap = max(edge.y0 - cell.y1, cell.y0 - edge.y1)
            if other.page != row.page or gap > _GAP * layout.text_height / 2 or cell.text.endswith(":"):
                break
            is_number = bool(keywords.classes(other.index) & _OWN_LINES) or _is_tax_id(cell.text)
            if not is_number and (not _CONTACT.isdisjoint(cell.text) or "www." in cell.text):
                return []
            if not is_number and _ends(other, keywords, [found]):
                break
            lines = [cell, *lines] if step < 0 else [*lines, cell]
    return lines


@lru_cache(maxsize=8192)
def _is_tax_id(text: str) -> bool:
    """Whether a line is a number behind the label of a tax id, or behind any label but a telephone's."""
    words = [token(word) for word in text.split()[:_MAX_LABEL]]
    known = tax_labels.load().spaced
    return any(tuple(words[:length]) in known for length in range(1, len(words) + 1)) or (
        _NUMBERED.fullmatch(text) is not None
    )


def _lines_of(layout: Layout, keywords: Keywords, first: Row, second: Row, town: Span) -> set[int]:
    """The words of the second of two addresses below each other, from the end of the first block on."""
    found: set[int] = set()
    for row in layout.rows[max(first.index + 1, second.index - 3) : second.index + 4]:
        cell = row.cells[0].span
        is_number = bool(keywords.classes(row.index) & _OWN_LINES)
        if abs(cell.x0 - town.x0) > _ALIGNED / 2 or cell.text.endswith(":"):
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
