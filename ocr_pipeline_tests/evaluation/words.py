"""Texts for tests: lines of words with boxes."""

from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.schemas import OcrPage, OcrText, Rotation, Word


def text_of(*lines: str, rotation: Rotation = 0, top: float = 0.0) -> OcrText:
    """One page; each line is 0.05 high and begins at top + 0.1 · its number, each character is 0.02 wide."""
    words = []
    for number, line in enumerate(lines):
        at = 0.0
        for part in line.split(" "):
            end = at + 0.02 * len(part)
            box = (at, top + 0.1 * number, end, top + 0.1 * number + 0.05)
            if part:
                words.append(Word(text=part, box=box, confidence=0.9, page=1, line=number))
            at = end + 0.02
    return OcrText(pages=[OcrPage(page=1, width=100, height=100, rotation=rotation, words=words, seconds=0.0)])


def aligner(*lines: str) -> Aligner:
    return Aligner(text_of(*lines))
