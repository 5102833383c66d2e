"""Documents for tests, drawn as text: one line per row, two spaces or more between cells, columns by position."""

import re
from textwrap import dedent

from ocr_pipeline.extraction.rules import reading
from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.schemas import Extraction, OcrPage, OcrText, Word

_COLUMNS = 80
"""Characters across the page."""
_WIDTH, _HEIGHT = 800, 1100
_ROW = 24
_LETTER = 18


def printed(*pages: str, slope: float = 0.0) -> OcrText:
    """What an engine reads on pages drawn as text. Each cell is an engine line; `slope` tilts the page (dy / dx)."""
    return OcrText(
        pages=[
            OcrPage(
                page=number, width=_WIDTH, height=_HEIGHT, words=_words(dedent(drawing), number, slope), seconds=0.0
            )
            for number, drawing in enumerate(pages, start=1)
        ]
    )


def _words(drawing: str, page: int, slope: float) -> list[Word]:
    words: list[Word] = []
    line = 0
    for row, text in enumerate(drawing.strip("\n").split("\n"), start=2):
        for cell in re.finditer(r"\S+(?: \S+)*", text):
            for word in re.finditer(r"\S+", cell[0]):
                x0, x1 = ((cell.start() + at) / _COLUMNS for at in word.span())
                y = row * _ROW + slope * (x0 + x1) / 2 * _WIDTH
                box = (x0, y / _HEIGHT, x1, (y + _LETTER) / _HEIGHT)
                assert max(box) <= 1, "the drawing is larger than the page"
                words.append(Word(text=word[0], box=box, confidence=0.99, page=page, line=line))
            line += 1
    return words


def read(*pages: str) -> Reading:
    """What the rules read off a drawn document."""
    return reading.read(printed(*pages))


def extract(*pages: str) -> Extraction:
    """What the rules extract from a drawn document."""
    return extract_text(printed(*pages))
