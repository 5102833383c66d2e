"""Pages drawn as text, as an engine would read them."""

import re
from collections.abc import Sequence

from ocr_pipeline.schemas import OcrPage, OcrText, Word

COLUMNS, LINES = 80, 50


def page_of(drawing: str, number: int = 1, skew: float = 0.0) -> OcrPage:
    """Words where they stand in `drawing`, a page of 80 columns and 50 lines. The right edge sinks by `skew` lines."""
    words = [
        Word(
            text=match[0],
            box=(
                match.start() / COLUMNS,
                (line + 0.1 + skew * match.start() / COLUMNS) / LINES,
                match.end() / COLUMNS,
                (line + 0.9 + skew * match.start() / COLUMNS) / LINES,
            ),
            confidence=0.9,
            page=number,
            line=line,
        )
        for line, text in enumerate(drawing.splitlines())
        for match in re.finditer(r"\S+", text)
    ]
    return OcrPage(page=number, width=800, height=1000, words=words, seconds=0.1)


def text_of(*pages: str) -> OcrText:
    return OcrText(pages=[page_of(drawing, number) for number, drawing in enumerate(pages, 1)])


def shuffled(page: OcrPage, order: Sequence[int]) -> OcrPage:
    return page.model_copy(update={"words": [page.words[index] for index in order]})
