"""The words of an engine as text that keeps the layout: lines in reading order, columns aligned by spaces."""

from collections.abc import Sequence
from statistics import median

from ocr_pipeline.schemas import Box, OcrPage, OcrText, Word

MAX_COLUMNS = 160
"""Columns per line at most. A model counts tokens: small print would spread a page over hundreds of columns."""
_SAME_LINE = 0.5
"""Words share a line when their centres differ by less than this share of the smaller height."""
_WIDE, _MIN_WIDE_LINES = 0.15, 3
"""Skew is measured on lines whose outer words are at least this far apart, if there are this many of them."""


def text_with_layout(text: OcrText) -> str:
    """The text of all pages; page breaks are lines of their own if there are several pages."""
    pages = ["\n".join(_lines(page)) for page in text.pages]
    if len(pages) == 1:
        return pages[0]
    return "\n\n".join(f"--- page {page.page} ---\n{lines}" for page, lines in zip(text.pages, pages, strict=True))


def _lines(page: OcrPage) -> list[str]:
    words = _levelled([word for word in page.words if word.text.strip()])
    if not words:
        return []
    widths = [(word.box[2] - word.box[0]) / len(word.text) for word in words]
    column = max(median(widths), 1 / MAX_COLUMNS)
    rows = _rows(words)
    left = min(word.box[0] for word in words)
    return [_line(row, left, column) for row in rows]


def _levelled(words: Sequence[Word]) -> list[Word]:
    """The words with the skew of the page removed, measured on the lines of the engine."""
    outer: dict[int, tuple[Word, Word]] = {}
    for word in sorted(words, key=_middle):
        outer[word.line] = (outer.get(word.line, (word,))[0], word)
    slopes = [
        (_centre(last) - _centre(first)) / (_middle(last) - _middle(first))
        for first, last in outer.values()
        if _middle(last) - _middle(first) > _WIDE
    ]
    if len(slopes) < _MIN_WIDE_LINES:
        return list(words)
    slope = median(slopes)
    return [word.model_copy(update={"box": _lifted(word, slope * _middle(word))}) for word in words]


def _lifted(word: Word, by: float) -> Box:
    x0, y0, x1, y1 = word.box
    return x0, y0 - by, x1, y1 - by


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words by line, from top to bottom, each line from left to right.

    A word joins the line whose nearest word to the left is at its height, so a line may climb on a curved page.
    """
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.box[0]):
        best = min(
            (row for row in rows if _offset(row[-1], word) < _SAME_LINE and not _overlap(row[-1], word)),
            key=lambda row: _offset(row[-1], word),
            default=None,
        )
        if best is None:
            rows.append([word])
        else:
            best.append(word)
    return sorted(rows, key=lambda row: _centre(row[0]))


def _middle(word: Word) -> float:
    return (word.box[0] + word.box[2]) / 2


def _centre(word: Word) -> float:
    return (word.box[1] + word.box[3]) / 2


def _offset(left: Word, right: Word) -> float:
    height = min(left.box[3] - left.box[1], right.box[3] - right.box[1])
    return abs(_centre(left) - _centre(right)) / height if height > 0 else float("inf")


def _overlap(left: Word, right: Word) -> bool:
    """Whether two words overlap by more than a touch, e.g. words above each other in a narrow place."""
    width = min(left.box[2] - left.box[0], right.box[2] - right.box[0])
    return min(left.box[2], right.box[2]) - max(left.box[0], right.box[0]) > 0.3 * width


def _line(row: Sequence[Word], left: float, column: float) -> str:
    line = ""
    for word in row:
        wanted = round((word.box[0] - left) / column)
        line += " " * max(wanted - len(line), 1 if line else 0) + word.text
    return line
