"""Words to rows: removes skew, then groups words into cells and cells into rows.

Coordinates in here are "page widths": x runs from 0 to 1, y has the same unit and grows down through all pages, as if
they hung below each other. Word indices point into `OcrText.words()`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from ocr_pipeline.extraction.rules.text import with_ascii_marks
from ocr_pipeline.schemas import OcrPage, OcrText

_CELL_GAP = 1.4
"""A horizontal gap wider than this many text heights starts a new cell."""
_GLUED_LABEL = re.compile(
    r"""
      [^\W\d][.)]?[:=]+(?=.)                              # Total:9.00   No.:123   Date:1/2/2018
    | [a-z]{3}(?=RM\d)                                    # TotalRM9.00
    | [^\W\d]{4}(?=[$€£]?\d+[.,]\d\d$)                   # TOTAL9.00
    """,
    re.VERBOSE,
)
_ROW_TOLERANCE = 0.55
"""Cells share a row when their centres differ by less than this share of the lower height."""


@dataclass(frozen=True)
class Span:
    """A horizontal run of text with its place on the page."""

    text: str
    words: tuple[int, ...]
    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def y(self) -> float:
        """Vertical centre."""
        return (self.y0 + self.y1) / 2

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    def overlap(self, other: "Span") -> float:
        """Width that both spans share, negative for the gap between them."""
        return min(self.x1, other.x1) - max(self.x0, other.x0)


def join(spans: Sequence[Span]) -> Span:
    """One span that covers all the given ones, texts joined by a space."""
    return Span(
        text=" ".join(span.text for span in spans),
        words=tuple(dict.fromkeys(index for span in spans for index in span.words)),
        x0=min(span.x0 for span in spans),
        y0=min(span.y0 for span in spans),
        x1=max(span.x1 for span in spans),
        y1=max(span.y1 for span in spans),
    )


@dataclass(frozen=True)
class Cell:
    """Words of one engine line without a wide gap between them: a label, an amount, a column's content."""

    words: tuple[Span, ...]

    @cached_property
    def span(self) -> Span:
        return join(self.words)


@dataclass(frozen=True)
class Row:
    """Cells that stand beside each other, from left to right. `page` counts from 1, `index` through the document."""

    index: int
    page: int
    cells: tuple[Cell, ...]

    @cached_property
    def words(self) -> tuple[Span, ...]:
        return tuple(word for cell in self.cells for word in cell.words)

    @cached_property
    def span(self) -> Span:
        return join(self.words)

    @property
    def text(self) -> str:
        return self.span.text


@dataclass(frozen=True)
class Layout:
    """All rows of a document from top to bottom."""

    rows: tuple[Row, ...]

    @cached_property
    def text_height(self) -> float:
        """The usual height of a word."""
        return median([word.height for row in self.rows for word in row.words] or [0.01])

    @cached_property
    def height(self) -> float:
        """Where the last row ends."""
        return max((row.span.y1 for row in self.rows), default=1.0)


def build(text: OcrText) -> Layout:
    """Group the words of a document into rows."""
    rows: list[Row] = []
    first_word, top = 0, 0.0
    for page in text.pages:
        aspect = page.height / page.width
        for cells in _rows(_deskewed(page, first_word, top, aspect)):
            rows.append(Row(len(rows), page.page, cells))
        first_word += len(page.words)
        top += aspect
    return Layout(tuple(rows))


def _deskewed(page: OcrPage, first_word: int, top: float, aspect: float) -> list[list[Span]]:
    """The words of each engine line, turned so that lines run level."""
    lines: dict[int, list[Span]] = {}
    for offset, word in enumerate(page.words):
        x0, y0, x1, y1 = word.box
        span = Span(with_ascii_marks(word.text).strip(), (first_word + offset,), x0, y0 * aspect, x1, y1 * aspect)
        lines.setdefault(word.line, []).extend(_pieces(span))
    slope = _slope(lines.values())
    return [[_shifted(span, top - slope * (span.x0 + span.x1) / 2) for span in line] for line in lines.values()]


def _pieces(word: Span) -> Iterator[Span]:
    """A word cut where OCR glued a label to its value: `Total:RM9.00` is `Total:` and `RM9.00`."""
    cuts = [0, *(found.end() for found in _GLUED_LABEL.finditer(word.text)), len(word.text)]
    width = (word.x1 - word.x0) / max(len(word.text), 1)
    for start, end in zip(cuts, cuts[1:], strict=False):
        if start < end:
            x0, x1 = word.x0 + start * width, word.x0 + end * width
            yield Span(word.text[start:end], word.words, x0, word.y0, x1, word.y1)


def _slope(lines: Iterable[list[Span]]) -> float:
    """Median rise of the lines that are wide enough to tell; a page without such lines is level."""
    slopes = []
    for line in lines:
        first, last = min(line, key=lambda span: span.x0), max(line, key=lambda span: span.x1)
        run = (last.x0 + last.x1 - first.x0 - first.x1) / 2
        if run > 0.15:
            slopes.append((last.y - first.y) / run)
    return median(slopes) if len(slopes) >= 3 else 0.0


def _shifted(span: Span, down: float) -> Span:
    return Span(span.text, span.words, span.x0, span.y0 + down, span.x1, span.y1 + down)


def _cells(line: list[Span]) -> list[Cell]:
    cells: list[list[Span]] = []
    for word in sorted(line, key=lambda span: span.x0):
        if cells and word.x0 - cells[-1][-1].x1 <= _CELL_GAP * min(word.height, cells[-1][-1].height):
            cells[-1].append(word)
        else:
            cells.append([word])
    return [Cell(tuple(words)) for words in cells]


def _rows(lines: list[list[Span]]) -> list[tuple[Cell, ...]]:
    """Put each cell into the nearest row that has room for it, from top to bottom."""
    rows: list[list[Cell]] = []
    for cell in sorted((cell for line in lines for cell in _cells(line)), key=lambda cell: cell.span.y):
        row = min((row for row in rows[-4:] if _fits(cell, row)), key=lambda row: _distance(cell, row), default=None)
        if row is None:
            rows.append([cell])
        else:
            row.append(cell)
    rows.sort(key=lambda row: sum(cell.span.y for cell in row) / len(row))
    return [tuple(sorted(row, key=lambda cell: cell.span.x0)) for row in rows]


def _distance(cell: Cell, row: list[Cell]) -> float:
    """Vertical distance to the horizontally nearest cell of the row."""
    nearest = max(row, key=lambda other: cell.span.overlap(other.span))
    return abs(cell.span.y - nearest.span.y)


def _fits(cell: Cell, row: list[Cell]) -> bool:
    nearest = max(row, key=lambda other: cell.span.overlap(other.span))
    tolerance = _ROW_TOLERANCE * min(cell.span.height, nearest.span.height)
    room = 0.3 * min(cell.span.height, nearest.span.height)
    return abs(cell.span.y - nearest.span.y) < tolerance and cell.span.overlap(nearest.span) < room
