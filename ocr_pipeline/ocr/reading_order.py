"""The order in which a person reads the lines of a page: row by row on a receipt, column by column in a letter.

Engines disagree about it, and each is wrong somewhere: sorted from top to bottom, the two addresses of a letter are mixed
line by line; read column by column, the prices of a receipt lose their goods. So the order is decided here, for all of
them, by what stands beside what.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise
from statistics import median

from ocr_pipeline.schemas import Word

VERSION = 2
"""Part of the fingerprint of every engine that uses `arrange`: raise it when the order of any page can change."""

_GAP = 2.0
"""Words of one line that are further apart than so many text heights are two lines."""
_SAME_ROW = 0.55
"""Lines stand in one row when their centres differ by less than this share of the lower height."""
_GUTTER = 1.5
"""The white between two columns is at least so many text heights wide."""
_FEWEST_ROWS = 3
"""Fewer rows beside each other are no columns."""
_TABLE = 5
"""A row of so many lines belongs to a table: two columns hold a label and its value each, at most."""
_VALUES, _WITH_DIGITS = 0.4, 0.8
"""With such a share of values among its lines, or of lines with a digit, a side belongs to what stands beside it."""
_WIDE = 0.15
"""A line tells the skew of the page when its outer words are at least so far apart."""


@dataclass(frozen=True)
class _Line:
    """Words beside each other. x in page widths; y in page widths, too, and level after `_levelled`."""

    words: tuple[Word, ...]
    x0: float
    x1: float
    y: float
    height: float

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def is_value(self) -> bool:
        """Digits prevail: an amount, a date, a number."""
        return sum(c.isdigit() for c in self.text) >= sum(c.isalpha() for c in self.text)

    @property
    def has_digit(self) -> bool:
        return any(c.isdigit() for c in self.text)


_Row = list[_Line]


def arrange(words: Sequence[Word], aspect: float) -> list[Word]:
    """The words of one page in reading order, their lines numbered anew from 0.

    Args:
        words: of one page; those with the same `line` were found as one line by the engine. A line is cut where its words
            stand far apart.
        aspect: height of the page divided by its width.
    """
    lines = [piece for line in _by_line(words) for piece in _pieces(line, aspect)]
    ordered = _in_order(_rows(_levelled(lines, aspect)))
    return [word.model_copy(update={"line": number}) for number, line in enumerate(ordered) for word in line.words]


def _by_line(words: Sequence[Word]) -> Iterator[list[Word]]:
    for _, line in groupby(sorted(words, key=lambda word: word.line), key=lambda word: word.line):
        yield sorted(line, key=lambda word: word.box[0])


def _pieces(line: Sequence[Word], aspect: float) -> Iterator[_Line]:
    height = median((word.box[3] - word.box[1]) * aspect for word in line)
    start = 0
    for position, (before, after) in enumerate(pairwise(line), 1):
        if after.box[0] - before.box[2] > _GAP * height:
            yield _line(line[start:position], aspect)
            start = position
    yield _line(line[start:], aspect)


def _line(words: Sequence[Word], aspect: float) -> _Line:
    return _Line(
        words=tuple(words),
        x0=min(word.box[0] for word in words),
        x1=max(word.box[2] for word in words),
        y=aspect * sum(word.box[1] + word.box[3] for word in words) / (2 * len(words)),
        height=aspect * median(word.box[3] - word.box[1] for word in words),
    )


def _levelled(lines: Sequence[_Line], aspect: float) -> list[_Line]:
    """The lines as they would stand on a page that is not skewed, going by the median slope of the wide ones."""
    slopes = []
    for line in lines:
        (ax, ay), (bx, by) = _centre(line.words[0]), _centre(line.words[-1])
        if bx - ax > _WIDE:
            slopes.append(aspect * (by - ay) / (bx - ax))
    slope = median(slopes) if len(slopes) >= _FEWEST_ROWS else 0.0
    return [replace(line, y=line.y - slope * (line.x0 + line.x1) / 2) for line in lines]


def _centre(word: Word) -> tuple[float, float]:
    x0, y0, x1, y1 = word.box
    return (x0 + x1) / 2, (y0 + y1) / 2


def _rows(lines: Sequence[_Line]) -> list[_Row]:
    """Lines that stand beside each other, from top to bottom."""
    rows: list[_Row] = []
    for line in sorted(lines, key=lambda line: line.y):
        nearest = min(rows[-3:], key=lambda row: abs(row[-1].y - line.y), default=None)
        if nearest is not None and _stand_in_one_row(nearest, line):
            nearest.append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in rows]


def _stand_in_one_row(row: _Row, line: _Line) -> bool:
    level = all(abs(other.y - line.y) < _SAME_ROW * min(other.height, line.height) for other in row)
    return level and all(other.x1 <= line.x0 or line.x1 <= other.x0 for other in row)


def _in_order(rows: list[_Row]) -> Iterator[_Line]:
    """Row by row; where some rows make two columns of text, the left one before the right one."""
    start = 0
    while start < len(rows):
        end, gutter = _columns(rows, start)
        if gutter is None:
            yield from rows[start]
            start += 1
            continue
        block = rows[start:end]
        for is_left in (True, False):
            side = [[line for line in row if (line.x0 < gutter) is is_left] for row in block]
            yield from _in_order([row for row in side if row])
        start = end


def _columns(rows: list[_Row], start: int) -> tuple[int, float | None]:
    """The longest run of rows from `start` on that share a gutter between two texts: (end, x of the gutter)."""
    best: tuple[int, float | None] = (start, None)
    for left, right in pairwise(rows[start]):
        low, high, end = left.x1, right.x0, start
        needed = _GUTTER * median(line.height for line in rows[start])
        for row in rows[start:]:
            middle = (low + high) / 2
            new_low = max([low, *(line.x1 for line in row if line.x0 < middle)])
            new_high = min([high, *(line.x0 for line in row if line.x0 >= middle)])
            if new_high - new_low < needed or len(row) >= _TABLE:
                break
            low, high, end = new_low, new_high, end + 1
        if end > best[0] and _are_columns(rows[start:end], (low + high) / 2):
            best = end, (low + high) / 2
    return best


def _are_columns(rows: Sequence[_Row], gutter: float) -> bool:
    """Whether both sides are texts of their own, rather than labels with their values or goods with their prices."""
    sides = [[line for row in rows for line in row if (line.x0 < gutter) is is_left] for is_left in (True, False)]
    facing = sum(row[0].x0 < gutter <= row[-1].x0 for row in rows)
    if facing < _FEWEST_ROWS - 1 or min(map(len, sides)) < _FEWEST_ROWS:
        return False
    has_values = any(
        sum(line.is_value for line in side) >= _VALUES * len(side)
        or sum(line.has_digit for line in side) >= _WITH_DIGITS * len(side)
        for side in sides
    )
    has_labels = sum(line.text.endswith(":") for line in sides[0]) >= len(sides[0]) / 2
    return not has_values and not has_labels
