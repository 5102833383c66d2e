"""The reading order of the lines of a page: row by row on a receipt, column by column in a letter.

Engines use different orders, and each fails on some pages: top to bottom mixes the two addresses of a letter line by line;
column by column separates the prices of a receipt from their goods. The order is therefore determined here for all engines,
from the layout of the lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise
from statistics import median

from ocr_pipeline.schemas import Word

VERSION = 2
"""Part of the fingerprint of all engines that use `arrange`: increment it if the order of any page can change."""

_MAX_GAP = 2.0
"""A line is split where the gap between words exceeds this many text heights."""
_SAME_ROW = 0.55
"""Lines are in the same row if their centres differ by less than this share of the smaller height."""
_MIN_GUTTER = 1.5
"""Minimum width of the gap between two columns, in text heights."""
_MIN_ROWS = 3
"""Columns have at least this many rows."""
_MIN_TABLE_CELLS = 5
"""A row with this many lines belongs to a table: two columns have at most a label and a value each."""
_MIN_VALUES, _MIN_WITH_DIGITS = 0.4, 0.8
"""A side with at least this share of values, or of lines with digits, belongs to the text beside it."""
_MIN_WIDTH = 0.15
"""Only lines at least this wide are used to estimate the skew of the page."""


@dataclass(frozen=True)
class _Line:
    """Adjacent words. x and y are in page widths; y is corrected for skew by `_levelled`."""

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
        """At least as many digits as letters: an amount, a date, a number."""
        return sum(c.isdigit() for c in self.text) >= sum(c.isalpha() for c in self.text)

    @property
    def has_digit(self) -> bool:
        return any(c.isdigit() for c in self.text)


_Row = list[_Line]


def arrange(words: Sequence[Word], aspect: float) -> list[Word]:
    """The words of one page in reading order, with lines renumbered from 0.

    Args:
        words: of one page. Words with the same `line` form a line of the engine; lines are split at wide gaps.
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
        if after.box[0] - before.box[2] > _MAX_GAP * height:
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
    """The lines with skew removed, using the median slope of the wide lines."""
    slopes = []
    for line in lines:
        (ax, ay), (bx, by) = _centre(line.words[0]), _centre(line.words[-1])
        if bx - ax > _MIN_WIDTH:
            slopes.append(aspect * (by - ay) / (bx - ax))
    slope = median(slopes) if len(slopes) >= _MIN_ROWS else 0.0
    return [replace(line, y=line.y - slope * (line.x0 + line.x1) / 2) for line in lines]


def _centre(word: Word) -> tuple[float, float]:
    x0, y0, x1, y1 = word.box
    return (x0 + x1) / 2, (y0 + y1) / 2


def _rows(lines: Sequence[_Line]) -> list[_Row]:
    """Groups of lines beside each other, top to bottom."""
    rows: list[_Row] = []
    for line in sorted(lines, key=lambda line: line.y):
        nearest = min(rows[-3:], key=lambda row: abs(row[-1].y - line.y), default=None)
        if nearest is not None and _in_same_row(nearest, line):
            nearest.append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in rows]


def _in_same_row(row: _Row, line: _Line) -> bool:
    level = all(abs(other.y - line.y) < _SAME_ROW * min(other.height, line.height) for other in row)
    return level and all(other.x1 <= line.x0 or line.x1 <= other.x0 for other in row)


def _in_order(rows: list[_Row]) -> Iterator[_Line]:
    """Row by row; if consecutive rows form two columns of text, the left column before the right one."""
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
    """The longest run of rows from `start` that share a gutter between two texts: (end, x of the gutter or None)."""
    best: tuple[int, float | None] = (start, None)
    for left, right in pairwise(rows[start]):
        low, high, end = left.x1, right.x0, start
        needed = _MIN_GUTTER * median(line.height for line in rows[start])
        for row in rows[start:]:
            middle = (low + high) / 2
            new_low = max([low, *(line.x1 for line in row if line.x0 < middle)])
            new_high = min([high, *(line.x0 for line in row if line.x0 >= middle)])
            if new_high - new_low < needed or len(row) >= _MIN_TABLE_CELLS:
                break
            low, high, end = new_low, new_high, end + 1
        if end > best[0] and _are_columns(rows[start:end], (low + high) / 2):
            best = end, (low + high) / 2
    return best


def _are_columns(rows: Sequence[_Row], gutter: float) -> bool:
    """Whether the sides are independent texts rather than labels with values, or goods with prices."""
    sides = [[line for row in rows for line in row if (line.x0 < gutter) is is_left] for is_left in (True, False)]
    facing = sum(row[0].x0 < gutter <= row[-1].x0 for row in rows)
    if facing < _MIN_ROWS - 1 or min(map(len, sides)) < _MIN_ROWS:
        return False
    has_values = any(
        sum(line.is_value for line in side) >= _MIN_VALUES * len(side)
        or sum(line.has_digit for line in side) >= _MIN_WITH_DIGITS * len(side)
        for side in sides
    )
    has_labels = sum(line.text.endswith(":") for line in sides[0]) >= len(sides[0]) / 2
    return not has_values and not has_labels
