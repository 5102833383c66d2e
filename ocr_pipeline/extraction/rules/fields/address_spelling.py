"""OCR slips in an address that the neighbours of a character give away: `4D170`, `F1r`, `BIk`, `lpoh`."""

import re
from functools import lru_cache

from ocr_pipeline.extraction.rules.lexicon import Region
from ocr_pipeline.extraction.rules.text import without_accents

_SLIPS = (
    (re.compile(r"(?<=\d)[ODQ](?=\d{2})|(?<=\d\d)[ODQ](?=\d)|(?<=\d\d)O\b|(?<=\d{4})[DQ]\b"), "0"),  # 4D170, 29O
    (re.compile(r"(?<=\d)[Il|](?=\d{2})|(?<=\d\d)[Il|](?=\d)"), "1"),
    (re.compile(r"(?<=\d)B(?=\d{2})|(?<=\d\d)B(?=\d)"), "8"),  # 1B51
    (re.compile(r"(?<=[A-Za-z])1(?=[a-z])|(?<=[A-Za-z][aei])1(?=1?\b)|(?<=[aei]1)1\b"), "l"),  # F1r, Leve1, Ma11
    (re.compile(r"(?<=[A-Za-z])I(?=[a-z])"), "l"),  # BIk
    (re.compile(r"\bl(?=[b-df-hjkm-np-tv-xz])"), "I"),  # lpoh
)
_UNACCENTED = frozenset({"en", "ms", "id", "zh", "ta"})
"""Languages whose Latin letters have no accents: there, accents are dirt on the paper."""


def spelled(text: str, region: Region | None) -> str:
    """The text with such slips undone; without accents in a country whose languages have none."""
    if not text.isascii() and region is not None and _UNACCENTED.issuperset(region.languages):
        text = without_accents(text)
    return _undone(text)


@lru_cache(maxsize=8192)
def _undone(text: str) -> str:
    for pattern, character in _SLIPS:
        text = pattern.sub(character, text)
    return text
