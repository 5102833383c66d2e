"""The lines of words around a place."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocr_pipeline.inspection.cases import EngineReading, Place
from ocr_pipeline.warehouse.tables.words import OcrWordRow


@dataclass(frozen=True)
class Line:
    """A line as the engine recognised it; `marked`: which of its words belong to the place."""

    page: int
    words: tuple[str, ...]
    marked: tuple[bool, ...]


def lines_around(reading: EngineReading, place: Place, around: int = 1) -> list[Line]:
    """The lines of a place, and `around` lines before and after it on its page.

    A place without word indices stands for the words whose centre is in its box.
    """
    marked = set(place.words) or {
        row.word for row in reading.words if row.page == place.page and _is_inside(row, place)
    }
    by_line: dict[int, list[OcrWordRow]] = {}
    for row in reading.words:
        if row.page == place.page:
            by_line.setdefault(row.line, []).append(row)
    lines = list(by_line.values())
    hits = [index for index, words in enumerate(lines) if any(row.word in marked for row in words)]
    if not hits:
        return []
    shown = lines[max(0, hits[0] - around) : hits[-1] + around + 1]
    return [_line(place.page, words, marked) for words in shown]


def _line(page: int, words: Sequence[OcrWordRow], marked: set[int]) -> Line:
    return Line(page, tuple(row.text for row in words), tuple(row.word in marked for row in words))


def _is_inside(row: OcrWordRow, place: Place) -> bool:
    x, y = (row.x0 + row.x1) / 2, (row.y0 + row.y1) / 2
    left, top, right, bottom = place.box
    return bool(left <= x <= right and top <= y <= bottom)
