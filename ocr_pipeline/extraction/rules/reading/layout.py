"""Words to rows: removes skew, then groups words into cells and cells into rows.

Coordinates in here are "page widths": x runs from 0 to 1, y has the same unit and grows down through all pages, as if
they hung below each other. Word indices point into `OcrText.words()`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from statistics import median
from typing import NamedTuple

from ocr_pipeline.extraction.rules.text import with_ascii_marks
from ocr_pipeline.schemas import OcrPage, OcrText

_CELL_GAP = 1.4
"""A horizontal gap wider than this many text heights starts a new cell."""
_ROW_TOLERANCE = 0.55
"""Cells share a row when their centres differ by less than this share of the lower height."""
_OVERLAP = 0.3
"""Cells of one row overlap horizontally by at most this share of the lower height."""
_OPEN_ROWS = 4
"""Rows above that a cell may still join: residual skew makes neighbours overtake each other."""
_WIDE = 0.15
"""A line tells the skew when its outer words are at least this far apart."""
_VERTICAL = 10
"""This many lines of one character above each other are vertical text in the margin."""

_GLUED_LABEL = re.compile(
    r"""
      [^\W\d][.)]?[:=]+(?=.)              # Total:9.00   No.:123   Date:1/2/2018
    | [^\W\d]{3}(?=\([^\W\d]{3})          # Sales(Inclusive
    | [a-z]{3}(?=RM\d)                    # TotalRM9.00
    | [^\W\d]{4}(?=[$€£]?\d+[.,]\d\d$)    # TOTAL9.00
    | [^\W\d]\)(?=[$€£]?\d+[.,]\d\d$)     # Total(RM)9.00
    | \d:(?=(?:RM|[$€£])\d)               # VISA:1234:RM9.00
    | (?![年月第令和平成昭治正])[\u0e00-\u0eff\u3041-\u9fff](?=[¥￥฿T]?\d)  # 合計1,200円, but not 3月1日 or 令和6年
    """,
    re.VERBOSE,
)


class Span(NamedTuple):
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
    if len(spans) == 1:
        return spans[0]
    texts, words, lefts, tops, rights, bottoms = zip(*spans, strict=True)
    indices = tuple(dict.fromkeys(chain.from_iterable(words)))
    return Span(" ".join(texts), indices, min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True)
class Cell:
    """Words of one engine line without a wide gap between them: a label, an amount, a column's content."""

    words: tuple[Span, ...]
    span: Span


@dataclass(frozen=True)
class Row:
    """Cells beside each other, from left to right. `page` counts from 1, `index` through the document."""

    index: int
    page: int
    cells: tuple[Cell, ...]
    words: tuple[Span, ...]
    span: Span

    @property
    def text(self) -> str:
        return self.span.text


_NARROW = 0.034
"""Text that is higher than this share of the page's width is that of a receipt."""


@dataclass(frozen=True)
class Layout:
    """All rows of a document from top to bottom."""

    rows: tuple[Row, ...]

    @cached_property
    def text_height(self) -> float:
        """The usual height of a word, never 0."""
        heights = [word.height for row in self.rows for word in row.words if word.height > 0]
        return median(heights) if heights else 1.0

    @property
    def is_narrow(self) -> bool:
        """Whether the paper is as narrow as that of a receipt: its text is high beside the page's width."""
        return self.text_height > _NARROW

    @cached_property
    def height(self) -> float:
        """Where the last row ends, never 0."""
        return max((row.span.y1 for row in self.rows), default=0.0) or 1.0


def build(text: OcrText) -> Layout:
    """Group the words of a document into rows."""
    rows: list[Row] = []
    first_word, top = 0, 0.0
    for page in text.pages:
        aspect = page.height / page.width
        lines = _without_vertical_text(_lines(page, first_word, aspect))
        for cells in _rows(_levelled(lines, top)):
            words = tuple(word for cell in cells for word in cell.words)
            rows.append(Row(len(rows), page.page, cells, words, join(words)))
        first_word += len(page.words)
        top += aspect
    return Layout(tuple(rows))


def _lines(page: OcrPage, first_word: int, aspect: float) -> list[list[Span]]:
    """The words of each engine line, in page widths."""
    lines: dict[int, list[Span]] = {}
    for offset, word in enumerate(page.words):
        x0, y0, x1, y1 = word.box
        span = Span(with_ascii_marks(word.text).strip(), (first_word + offset,), x0, y0 * aspect, x1, y1 * aspect)
        lines.setdefault(word.line, []).extend(_pieces(span))
    return [line for line in lines.values() if line]


def _pieces(word: Span) -> Iterator[Span]:
    """A word split where OCR glued a label to its value: `Total:RM9.00` is `Total:` and `RM9.00`."""
    if not word.text:
        return
    cuts = [label.end() for label in _GLUED_LABEL.finditer(word.text)]
    width = (word.x1 - word.x0) / len(word.text)
    for start, end in pairwise([0, *cuts, len(word.text)]) if cuts else ():
        yield word._replace(text=word.text[start:end], x0=word.x0 + start * width, x1=word.x0 + end * width)
    if not cuts:
        yield word


def _without_vertical_text(lines: list[list[Span]]) -> list[list[Span]]:
    """The lines without vertical text in the margin, which has one character per line."""
    places = [round(line[0].x0, 2) if len(line) == 1 and len(line[0].text) == 1 else None for line in lines]
    single = Counter(place for place in places if place is not None)
    return [
        line
        for line, x0 in zip(lines, places, strict=True)
        if x0 is None or sum(single[round(x0 + shift, 2)] for shift in (-0.01, 0, 0.01)) < _VERTICAL
    ]


def _levelled(lines: list[list[Span]], top: float) -> Iterator[list[Span]]:
    """The lines turned by the page's skew and moved down by `top`."""
    slope = _slope(lines)
    for line in lines:
        shifts = (top - slope * (span.x0 + span.x1) / 2 for span in line)
        yield [span._replace(y0=span.y0 + down, y1=span.y1 + down) for span, down in zip(line, shifts, strict=True)]


def _slope(lines: Iterable[list[Span]]) -> float:
    """Median slope of the lines that are wide enough to tell; 0 for a page with few such lines."""
    slopes = []
    for line in lines:
        first, last = min(line, key=lambda span: span.x0), max(line, key=lambda span: span.x1)
        run = (last.x0 + last.x1 - first.x0 - first.x1) / 2
        if run > _WIDE:
            slopes.append((last.y - first.y) / run)
    return median(slopes) if len(slopes) >= 3 else 0.0


def _cells(line: list[Span]) -> Iterator[Cell]:
    words = sorted(line, key=lambda span: span.x0)
    start = 0
    for position in range(1, len(words)):
        before, after = words[position - 1], words[position]
        if after.x0 - before.x1 > _CELL_GAP * min(before.height, after.height):
            yield _cell(words[start:position])
            start = position
    yield _cell(words[start:])


def _cell(words: Sequence[Span]) -> Cell:
    return Cell(tuple(words), join(words))


def _rows(lines: Iterable[list[Span]]) -> list[tuple[Cell, ...]]:
    """Put each cell into the nearest row that has room for it, from top to bottom."""
    rows: list[list[Cell]] = []
    for cell in sorted((cell for line in lines for cell in _cells(line)), key=lambda cell: cell.span.y):
        near = [(distance, row) for row in rows[-_OPEN_ROWS:] if (distance := _distance(cell, row)) is not None]
        if near:
            min(near, key=lambda entry: entry[0])[1].append(cell)
        else:
            rows.append([cell])
    rows.sort(key=lambda row: sum(cell.span.y for cell in row) / len(row))
    return [tuple(sorted(row, key=lambda cell: cell.span.x0)) for row in rows]


def _distance(cell: Cell, row: list[Cell]) -> float | None:
    """Vertical distance to the row's horizontally nearest cell; None if the cell does not belong to the row."""
    span = cell.span
    if abs(span.y - row[-1].span.y) > 2 * span.height:
        return None
    nearest = max((other.span for other in row), key=span.overlap)
    height = min(span.height, nearest.height)
    distance = abs(span.y - nearest.y)
    return distance if distance < _ROW_TOLERANCE * height and span.overlap(nearest) < _OVERLAP * height else None
