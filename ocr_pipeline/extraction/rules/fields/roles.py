"""Labels of the parties: `Sold by:`, `Bill to`, `From`."""

from collections.abc import Sequence, Set
from functools import lru_cache
from typing import Literal

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.extraction.rules.text import plain

Role = Literal["seller", "buyer"]

_MAX_LABEL_WORDS = 4


def role_label(text: str, hits: Sequence[tuple[Set[str], Sequence[Span]]]) -> tuple[Role | None, int]:
    """The role that a cell's label names, and how many words follow the label in it; (None, 0) without one.

    `hits`: the classes and words of the first keyword of the cell. A keyword of a role needs a colon before the name or
    nothing behind it.
    """
    words = text.split()
    role, length = _short_label(text)
    for classes, label in hits:
        if role is None and words[0] in label[0].text and ("seller" in classes or "buyer" in classes):
            role, length = "seller" if "seller" in classes else "buyer", len(label)
    if role is None:
        return None, 0
    rest = words[length:]
    ended = words[length - 1].endswith(":")
    if rest and rest[0].strip() in (":", "-", "–") and not ended:
        rest, ended = rest[1:], True
    return (role, len(rest)) if ended or not rest else (None, 0)


@lru_cache(maxsize=8192)
def _short_label(text: str) -> tuple[Role | None, int]:
    """The role of a short label at the start of a text, and its words."""
    words = [plain(word).strip(".:") for word in text.split()[:_MAX_LABEL_WORDS]]
    known = lexicon.load().short_labels
    for length in range(len(words), 0, -1):
        phrase = " ".join(words[:length])
        if phrase in known["seller"]:
            return "seller", length
        if phrase in known["buyer"]:
            return "buyer", length
    return None, 0
