"""The words beside and below a keyword, up to the next keyword: where its value is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules.keyed.phrases import Phrase, Phrases
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Row, Span

_ROWS_BELOW = 4
_NEAR_BELOW = 3.2
"""A row below is at most this many text heights further down than the row above it."""
_NOT_A_VALUE = frozenset(":.-–|#_")


@dataclass(frozen=True)
class Region:
    """Lines of words that may be the value of a keyword, the nearest line first. `where`: right or below; `gap`: distance to
    the keyword in page widths."""

    phrase: Phrase
    where: str
    lines: tuple[tuple[Span, ...], ...]
    rows: tuple[int, ...]
    gap: float

    @property
    def words(self) -> frozenset[int]:
        """Indices of all words."""
        return frozenset(index for line in self.lines for word in line for index in word.words)


def regions(reading: Reading, phrases: Phrases, phrase: Phrase) -> Iterator[Region]:
    """The place right of a keyword, with the lines that continue it, then the one below."""
    row = reading.rows[phrase.row]
    right = _right(row, phrases, phrase)
    if right:
        first = right[0]
        more = _below(reading, phrases, phrase.row, first.x0, right[-1].x1, left=first.x0, since=phrase.span.x0)
        lines = (right, *(line for _, line in more))
        yield Region(phrase, "right", lines, (row.index, *(index for index, _ in more)), first.x0 - phrase.span.x1)
    under = _below(reading, phrases, phrase.row, phrase.span.x0, phrase.span.x1, left=phrase.span.x0)
    if under:
        gap = under[0][1][0].y0 - phrase.span.y1
        yield Region(
            phrase, "below", tuple(line for _, line in under), tuple(index for index, _ in under), max(gap, 0.0)
        )


def _right(row: Row, phrases: Phrases, phrase: Phrase) -> tuple[Span, ...]:
    """The words behind a keyword in its cell, else the next cell, up to the next keyword."""
    ends = [other.first for other in phrases.get(row.index, ()) if other.first > phrase.last]
    end = min(ends, default=len(row.words))
    start = phrase.last + 1
    while start < end and not _says_something(row.words[start]):
        start += 1
    taken: list[Span] = []
    for cell_start, cell_end in _cells(row):
        inside = row.words[max(start, cell_start) : min(end, cell_end)]
        if inside:
            taken = list(inside)
            break
    return tuple(taken)


def _cells(row: Row) -> Iterator[tuple[int, int]]:
    start = 0
    for cell in row.cells:
        yield start, start + len(cell.words)
        start += len(cell.words)


def _below(
    reading: Reading, phrases: Phrases, row: int, x0: float, x1: float, left: float, since: float | None = None
) -> list[tuple[int, tuple[Span, ...]]]:
    """The cells below a place that begin where it begins, or lie below it, row by row up to a gap or a keyword.
    `since`: also up to a row with a keyword between there and the place, as in a column of labels left of their values."""
    found: list[tuple[int, tuple[Span, ...]]] = []
    height = reading.layout.text_height
    above = reading.rows[row]
    for below in reading.rows[row + 1 : row + 1 + _ROWS_BELOW * 3]:
        if below.page != reading.rows[row].page or below.span.y - above.span.y > _NEAR_BELOW * height:
            break
        line = _line_at(below, x0, x1, left, height)
        if line:
            near = phrases.get(below.index, ())
            if any(_covers(phrase, line) or _leads(phrase, line, since, height) for phrase in near):
                break
            found.append((below.index, line))
            above = below
            if len(found) == _ROWS_BELOW:
                break
    return found


def _line_at(row: Row, x0: float, x1: float, left: float, height: float) -> tuple[Span, ...]:
    cells = [
        cell
        for cell in row.cells
        if abs(cell.span.x0 - left) < 1.5 * height
        or (cell.span.x0 < x1 and cell.span.x1 > x0 and cell.span.x0 > left - height)
    ]
    best: Sequence[Span] = min(cells, key=lambda cell: abs(cell.span.x0 - left)).words if cells else ()
    return tuple(best) if any(map(_says_something, best)) else ()


def _covers(phrase: Phrase, line: Sequence[Span]) -> bool:
    return phrase.span.x0 < line[-1].x1 and phrase.span.x1 > line[0].x0


def _leads(phrase: Phrase, line: Sequence[Span], since: float | None, height: float) -> bool:
    """Whether a keyword stands left of a line, where the keyword of the region stands."""
    return since is not None and since - height < phrase.span.x0 < line[0].x0


def _says_something(word: Span) -> bool:
    return any(character not in _NOT_A_VALUE for character in word.text)
