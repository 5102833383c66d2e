"""The text layer of a PDF page: words that a reader sees, words that are hidden, and how much of the picture they explain."""

from collections.abc import Sequence
from typing import Any

from ocr_pipeline.documents.pdf_characters import PageText, page_text, upright_box
from ocr_pipeline.documents.pdf_forms import FieldValue, flattened
from ocr_pipeline.documents.pdf_visibility import Visibility
from ocr_pipeline.documents.pdf_words import PdfWord, words_of
from ocr_pipeline.documents.text_layer import TextLayer
from ocr_pipeline.schemas import Box, Word

_LINE_HEIGHT = 14.0
"""Height of a line in a form field in points, where nothing is drawn to measure it."""


def read_text_layer(pdf: Any, number: int, unit: float) -> TextLayer | None:
    """The text layer of a page of an open `pypdfium2.PdfDocument`; None without any text.

    Boxes are font boxes rather than ink boxes, so that all words of a line have the same height.
    """
    page, values = flattened(pdf, pdf[number - 1], number - 1)
    textpage = page.get_textpage()
    try:
        text = page_text(page, textpage)
        found = words_of(text)
        if not found and not values:
            return None
        visibility = Visibility(page, text, unit)
        seen, hidden, over_ink = visibility.split(found)
        words = [_word(word, text, number) for word in seen]
        fonts = [word.characters[0].font for word in seen]
        added = _undrawn(values, page, text, seen, number)
        return TextLayer(
            words=_renumber_lines([*words, *added]),
            hidden=_renumber_lines([_word(word, text, number) for word in hidden]),
            over_ink=_renumber_lines([_word(word, text, number) for word in over_ink]),
            fonts=[*fonts, *(0 for _ in added)],
            rotation=text.rotation,
            unexplained=visibility.unexplained,
            unmapped=text.unmapped,
        )
    finally:
        textpage.close()


def _word(word: PdfWord, text: PageText, number: int) -> Word:
    return Word(text=word.text, box=_relative(word.box, text), confidence=None, page=number, line=word.line)


def _relative(box: Box, text: PageText) -> Box:
    """The box relative to the page, to 1/100,000 as earlier versions gave it: prompts of models depend on it."""
    x0, x1 = (min(1.0, max(0.0, round(value / text.width, 5))) for value in (box[0], box[2]))
    y0, y1 = (min(1.0, max(0.0, round(value / text.height, 5))) for value in (box[1], box[3]))
    return x0, y0, x1, y1


def _undrawn(
    values: Sequence[FieldValue], page: Any, text: PageText, seen: Sequence[PdfWord], number: int
) -> list[Word]:
    """Words of the fields in whose place the picture shows no text, spread over the field from its top left."""
    words: list[Word] = []
    line = 1 + max((word.line for word in seen), default=-1)
    for value in values:
        x0, y0, x1, y1 = upright_box(page, text, value.box)
        if any(x0 < _centre(word)[0] < x1 and y0 < _centre(word)[1] < y1 for word in seen):
            continue
        rows = value.text.splitlines()
        height = min(_LINE_HEIGHT, (y1 - y0) / len(rows))
        for row_number, row in enumerate(rows):
            top = y0 + row_number * height if len(rows) > 1 else (y0 + y1 - height) / 2
            width = min(0.5 * height, (x1 - x0) / max(len(row), 1))
            start = 0
            for part in row.split():
                start = row.index(part, start)
                end = start + len(part)
                box = (x0 + start * width, top, x0 + end * width, top + height)
                words.append(Word(text=part, box=_relative(box, text), confidence=None, page=number, line=line))
                start = end
            line += 1
    return words


def _centre(word: PdfWord) -> tuple[float, float]:
    x0, y0, x1, y1 = word.box
    return (x0 + x1) / 2, (y0 + y1) / 2


def _renumber_lines(words: list[Word]) -> list[Word]:
    """Number the lines from 0 without gaps."""
    numbers = {line: index for index, line in enumerate(dict.fromkeys(word.line for word in words))}
    return [word.model_copy(update={"line": numbers[word.line]}) for word in words]
