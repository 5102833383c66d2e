"""The words of RapidOCR's lines."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from ocr_pipeline.schemas import Box, Word


def words_of_page(output: Any, page: int, width: int, height: int) -> list[Word]:
    """The words of all lines above RapidOCR's confidence threshold."""
    if not output.txts:  # word_results still has one empty entry then
        return []
    return [
        Word(
            text=unicodedata.normalize("NFKC", text),  # the model outputs full-width brackets and commas
            box=_relative_box([corner for _, _, corners in cells for corner in corners], width, height),
            confidence=round(float(sum(score for _, score, _ in cells) / len(cells)), 4),
            page=page,
            line=number,
        )
        for number, (line, cells_of_line) in enumerate(zip(output.txts, output.word_results, strict=True))
        for text, cells in words_of_line(line, cells_of_line)
    ]


Cell = tuple[str, float, Any]
"""(text, confidence, four corners in pixels) of a part of a line."""


def words_of_line(line: str, cells: Sequence[Cell]) -> list[tuple[str, list[Cell]]]:
    """Split a line at its spaces and assign to each word the cells it was recognised from.

    RapidOCR splits ASCII lines by word, but lines with any other character (a full-width bracket, an umlaut) by character and
    without the spaces. The text of the line keeps the spaces, so words are split by it.
    """
    words = []
    rest = list(cells)
    for text in line.split():
        own: list[Cell] = []
        while rest and sum(len(cell[0]) for cell in own) < len(text):
            own.append(rest.pop(0))
        words.append((text, own or list(cells)))
    return words


def _relative_box(corners: Sequence[Any], width: int, height: int) -> Box:
    xs = [min(1.0, max(0.0, float(x) / width)) for x, _ in corners]
    ys = [min(1.0, max(0.0, float(y) / height)) for _, y in corners]
    return round(min(xs), 5), round(min(ys), 5), round(max(xs), 5), round(max(ys), 5)
