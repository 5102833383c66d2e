"""Words with boxes from the text layer of a PDF page."""

import ctypes
from typing import Any

from ocr_pipeline.schemas import Box, Word


def words_of_page(page: Any, number: int) -> list[Word]:
    """The words of an open `pypdfium2.PdfPage`, in PDFium's text order.

    Boxes are font boxes rather than ink boxes, so that all words of a line have the same height. Text outside the visible page
    is dropped.
    """
    textpage = page.get_textpage()
    try:
        to_page = _page_transform(page)
        words: list[Word] = []
        letters: list[str] = []
        boxes: list[Box] = []
        line = 0

        def end_word() -> None:
            if letters:
                box = _enclosing(boxes)
                if _visible(box):
                    words.append(Word(text="".join(letters), box=_clip(box), confidence=None, page=number, line=line))
                letters.clear()
                boxes.clear()

        for index, character in enumerate(_characters(textpage)):
            if character in "\r\n" or character.isspace() or not character.isprintable():
                end_word()
                line += character == "\n"
                continue
            letters.append(character)
            boxes.append(to_page(*textpage.get_charbox(index, loose=True)))
        end_word()
        return _renumber_lines(words)
    finally:
        textpage.close()


def _characters(textpage: Any) -> list[str]:
    import pypdfium2.raw as pdfium

    codes = (pdfium.FPDFText_GetUnicode(textpage, index) for index in range(textpage.count_chars()))
    # PDFium reports a character outside the BMP as two UTF-16 surrogates; a lone surrogate is not text
    return [chr(code) if code and not 0xD800 <= code <= 0xDFFF else " " for code in codes]


def _page_transform(page: Any) -> Any:
    """A function from a PDF rectangle (left, bottom, right, top; points) to a relative box on the page as displayed.

    PDFium applies rotation and crop box. It rounds to device pixels; a large virtual device keeps the error below 1/100,000 of
    the page.
    """
    import pypdfium2.raw as pdfium

    size = 100_000
    x, y = ctypes.c_int(), ctypes.c_int()

    def corner(px: float, py: float) -> tuple[float, float]:
        pdfium.FPDF_PageToDevice(page, 0, 0, size, size, 0, px, py, x, y)
        return x.value / size, y.value / size

    def to_page(left: float, bottom: float, right: float, top: float) -> Box:
        (ax, ay), (bx, by) = corner(left, top), corner(right, bottom)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    return to_page


def _enclosing(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _visible(box: Box) -> bool:
    return box[2] > 0 and box[3] > 0 and box[0] < 1 and box[1] < 1


def _clip(box: Box) -> Box:
    x0, y0, x1, y1 = (min(1.0, max(0.0, value)) for value in box)
    return x0, y0, x1, y1


def _renumber_lines(words: list[Word]) -> list[Word]:
    """Number the lines from 0 without gaps: empty lines of the text layer do not count."""
    numbers = {line: index for index, line in enumerate(dict.fromkeys(word.line for word in words))}
    return [word.model_copy(update={"line": numbers[word.line]}) for word in words]
