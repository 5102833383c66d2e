"""Transcripts of data sets in the format of OCR results: words with boxes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import OcrPage, OcrText, Word

Corners = Sequence[tuple[float, float]]
"""(x, y) of the corners of a quadrilateral, in pixels of the page as displayed, origin top left."""


@dataclass(frozen=True)
class Fragment:
    """One or more words with one box."""

    text: str
    corners: Corners


def transcript_of(content: bytes, lines: Iterable[Sequence[Fragment]]) -> OcrText | None:
    """The transcript of a one-page image; None if it has no words or the image cannot be opened.

    The width of a fragment is divided among its words by number of characters. Boxes are clipped to the page.
    """
    try:
        page = open_document(content, Limits()).pages[0]
    except DocumentError:
        return None  # ingestion reports the reason
    words: list[Word] = []
    for number, line in enumerate(line for line in lines if any(fragment.text.strip() for fragment in line)):
        for fragment in line:
            words += _words(fragment, number, page.width, page.height)
    if not words:
        return None
    return OcrText(pages=[OcrPage(page=1, width=page.width, height=page.height, words=words, seconds=0.0)])


def _words(fragment: Fragment, line: int, width: int, height: int) -> list[Word]:
    xs, ys = zip(*fragment.corners, strict=True)
    left, right = min(xs), max(xs)
    top, bottom = share_of(min(ys), height), share_of(max(ys), height)
    text = " ".join(fragment.text.split())
    per_character = (right - left) / max(len(text), 1)
    words = []
    start = 0
    for word in text.split():
        end = start + len(word)
        box = (share_of(left + start * per_character, width), top, share_of(left + end * per_character, width), bottom)
        words.append(Word(text=word, box=box, confidence=None, page=1, line=line))
        start = end + 1
    return words


def share_of(pixels: float, size: int) -> float:
    """A coordinate in pixels as a share of the page, clipped to it."""
    return round(min(1.0, max(0.0, pixels / size)), 6)
