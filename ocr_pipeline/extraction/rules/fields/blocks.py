"""Blocks: lines below each other with one left edge or one centre, such as the name and address of a party."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ocr_pipeline.extraction.rules.fields.line_shapes import Shape, not_a_name
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.extraction.rules.text import letters_in

_NUMBER_LABELS = frozenset(
    {"invoice_id", "other_id", "order_id", "purchase_order", "invoice_title", "receipt_title", "credit_note_title"}
    | {"invoice_date", "due_date", "other_date", "total", "grand_total", "quantity"}
)
_SENDER_CLASSES = frozenset({"supplier_tax_id", "registration", "tax_number"})
_PHONE = re.compile(r"(?:T|Tel|Ph|Phone|Fax|Fon|Tlf|Telefon|Puh)\b[.:]*\s*[+(\d]", re.IGNORECASE)
_ALIGNED = 0.02
_LEADING = 1.4
"""Lines of a block are at most this many text heights apart."""
_SIZES = 1.7
"""Lines of a block differ in height by at most this factor."""


@dataclass(frozen=True)
class Line:
    """A cell of row `row`; `shape` as in `line_shapes`, but `label` for `Rechnung Nr. 12`, which looks like a street."""

    row: int
    span: Span
    shape: Shape | None

    @property
    def text(self) -> str:
        return self.span.text


@dataclass(frozen=True)
class Block:
    """Lines from top to bottom, at least one."""

    lines: tuple[Line, ...]

    def address_start(self) -> int | None:
        """The position of the first line of an address: a street, or a town below another line; None without one."""
        shapes = [line.shape for line in self.lines]
        if not {"street", "town"} & set(shapes):
            return None
        return next(position for position, shape in enumerate(shapes) if shape in ("street", "town"))


@lru_cache(maxsize=4)
def find(reading: Reading) -> Sequence[Block]:
    """The blocks of the first page, by their first line."""
    closed: list[list[Line]] = []
    open_blocks: list[list[Line]] = []
    for row in reading.rows:
        if row.page != reading.rows[0].page:
            break
        for cell in row.cells:
            line = Line(row.index, cell.span, _shape(reading, row.index, cell.span))
            block = next((block for block in reversed(open_blocks) if _continues(block[-1], line)), None)
            if block is not None:
                block.append(line)
            else:
                open_blocks.append([line])
        reach = row.span.y0 - 3 * reading.layout.text_height
        closed += [block for block in open_blocks if block[-1].span.y1 < reach]
        open_blocks = [block for block in open_blocks if block[-1].span.y1 >= reach]
    blocks = [Block(tuple(lines)) for lines in [*closed, *open_blocks]]
    return tuple(sorted(blocks, key=lambda block: block.lines[0].row))


def has_sender_data(reading: Reading, block: Block) -> bool:
    """Whether a block has a telephone, web or mail address, tax id or registration, as a supplier's has."""
    said = {
        name
        for line in block.lines
        if len(reading.rows[line.row].cells) == 1
        for name in reading.keywords.classes(line.row)
    }
    return bool(said & _SENDER_CLASSES) or any(
        line.shape in ("web", "phone") or _PHONE.match(line.text) for line in block.lines
    )


def addressees(reading: Reading) -> frozenset[int]:
    """Words of the names of address blocks without a sender's data, where another block has them."""
    with_address = [block for block in find(reading) if block.address_start()]
    plain = [block for block in with_address if not has_sender_data(reading, block)]
    if len(plain) == len(with_address):
        return frozenset()
    return frozenset(word for block in plain for line in names(block) for word in line.span.words)


def names(block: Block) -> Iterator[Line]:
    """The lines above the address that may be a name."""
    for line in block.lines[: block.address_start()]:
        if letters_in(line.text) >= 3 and line.shape is None:
            yield line


def _shape(reading: Reading, row: int, span: Span) -> Shape | None:
    shape = not_a_name(span.text)
    if shape not in ("street", "town"):
        return shape
    inside = [hit for hit in reading.keywords.in_row(row) if hit.x0 > span.x0 - 0.01 and hit.x1 < span.x1 + 0.01]
    said = frozenset().union(*(hit.classes for hit in inside))
    return "label" if said & _NUMBER_LABELS and "address" not in said else shape


def _continues(last: Line, line: Line) -> bool:
    upper, lower = last.span, line.span
    height = min(upper.height, lower.height)
    aligned = abs(upper.x0 - lower.x0) < _ALIGNED or abs(upper.x0 + upper.x1 - lower.x0 - lower.x1) < _ALIGNED
    close = -0.5 * height < lower.y0 - upper.y1 < _LEADING * height
    return aligned and close and max(upper.height, lower.height) < _SIZES * max(height, 1e-6)
