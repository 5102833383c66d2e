"""Pages in a script that an engine cannot read."""

import unicodedata
from collections.abc import Sequence

from ocr_pipeline.schemas import Word

_MIN_READABLE = 0.6
"""Below this share of text that is recognised with confidence, the page is said to be unreadable for the engine."""

_MIN_SCORE = 0.75
_MIN_DENSITY = 1.0
"""Characters per line height. A recogniser leaves out the letters that it does not know; ordinary text has 1.7 to 2.5."""


def readable_share(texts: Sequence[str], scores: Sequence[float], sizes: Sequence[tuple[int, int]]) -> float:
    """0..1: the share of the lines, by length, that a recogniser seems to know the script of.

    `sizes` are (height, width) of the lines in pixels. A line is not read if the recogniser is unsure, leaves out letters,
    or mixes Greek and Latin letters in a word, as it does where it takes letters of another script for them.
    """
    read = total = 0
    for text, score, size in zip(texts, scores, sizes, strict=True):
        length, height = max(size), max(min(size), 1)
        total += length
        dense = sum(map(_width, text)) >= _MIN_DENSITY * length / height
        if score >= _MIN_SCORE and dense and not any(map(_mixes_scripts, text.split())):
            read += length
    return read / max(total, 1)


def _width(character: str) -> int:
    if character.isspace():
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _mixes_scripts(word: str) -> bool:
    names = {unicodedata.name(character, "").partition(" ")[0] for character in word if character.isalpha()}
    return {"GREEK", "LATIN"} <= names


def unread_warning(readable: float, *, has_own_model: bool) -> str | None:
    """A warning for a page of which only this share of the detected text was recognised with confidence; or None."""
    if readable >= _MIN_READABLE:
        return None
    reads = (
        "the configured recognition model" if has_own_model else "the packaged model (Latin, Greek, Chinese, Japanese)"
    )
    return (
        f"{1 - readable:.0%} of the text on this page could not be read: it is illegible or in a script that {reads} "
        "does not know; docs/reading.md tells how to configure models for other scripts."
    )


def doubted(words: Sequence[Word], readable: float) -> list[Word]:
    """The words with confidence lowered to the share of the page that was read: what stands around them is unknown."""
    return [
        word
        if word.confidence is None
        else word.model_copy(update={"confidence": round(word.confidence * readable, 4)})
        for word in words
    ]
