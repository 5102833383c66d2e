"""Words from lines that ship without pictures: `sroie-train-words` (RapidOCR's lines) and `cord-recorded` (CORD's words)."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import OcrPage, OcrText, Word

Json: TypeAlias = dict[str, Any]
"""An object of a file that ships with the data."""

Corners = Sequence[Sequence[float]]
"""(x, y) of the four corners in pixels: top left, top right, bottom right, bottom left."""


def json_rows(path: Path) -> Iterator[Json]:
    """The objects of a file of JSON lines.

    Raises:
        ConfigurationError: a line is not a JSON object.
    """
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise ConfigurationError(f"{path.name}, line {number}: not a JSON object.")
        yield row


def text_of_lines(content: Json) -> OcrText:
    """A page of `sroie-train-words`: whole lines with a box and a score each."""
    width, height = content["width"], content["height"]
    words = [
        word
        for number, line in enumerate(content["lines"])
        for word in words_of_line(line["text"], line["box"], width, height, number, line["score"])
    ]
    return _page(width, height, words)


def text_of_cord(content: Json) -> OcrText:
    """A page of `cord-recorded/words.jsonl`: single words, each line of the annotation one line; categories are not used."""
    width, height = content["image_size"]["width"], content["image_size"]["height"]
    words = []
    for number, line in enumerate(content["lines"]):
        for text, *corners in line["words"]:
            box = [corners[start : start + 2] for start in range(0, 8, 2)]
            words += words_of_line(text, box, width, height, number, 1.0)
    return _page(width, height, words)


def words_of_line(text: str, corners: Corners, width: int, height: int, line: int, score: float) -> list[Word]:
    """Split a line at its spaces; the words share its width by character count and follow its slope."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    words, at = [], 0
    for part in text.split(" "):
        if part:
            f0, f1 = at / len(text), (at + len(part)) / len(text)
            xs = [ax + (bx - ax) * f0, ax + (bx - ax) * f1, dx + (cx - dx) * f0, dx + (cx - dx) * f1]
            ys = [ay + (by - ay) * f0, ay + (by - ay) * f1, dy + (cy - dy) * f0, dy + (cy - dy) * f1]
            box = (min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height)
            words.append(Word(text=part, box=box, confidence=score, page=1, line=line))
        at += len(part) + 1
    return words


def _page(width: int, height: int, words: list[Word]) -> OcrText:
    return OcrText(pages=[OcrPage(page=1, width=width, height=height, words=words, seconds=0.0)])
