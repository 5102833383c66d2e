"""Vendor lexicon: names and addresses of suppliers from labels, to correct OCR slips in later documents."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from ocr_pipeline.values.names import normalise_name

MIN_LABELS = {"supplier_name": 2, "supplier_address": 1}
"""Labels that an entry needs: a single name would spread its own typo. An address is only corrected to one with the same
numbers, or to one that is nearly the same."""
MIN_LENGTH = 9
"""Letters and digits of an entry: shorter ones are similar by chance."""
ALIKE = {"supplier_name": 86, "supplier_address": 95}
"""Fields with a lexicon, and the similarity (0..100) at which text is corrected to an entry. Addresses of two branches in one
street differ little."""
SAME_NUMBERS = 80
"""Similarity at which an address is corrected to one whose numbers are all the same, in the same order."""
_MIN_DIGITS = 3


Labelled = Mapping[str, tuple[str, int]]
"""Normalised text of a label -> its most frequent spelling, and how many labels have it."""


def labelled(texts: Iterable[str]) -> dict[str, tuple[str, int]]:
    """The texts of labels with their counts."""
    spellings: dict[str, Counter[str]] = {}
    for text in texts:
        spellings.setdefault(normalise_name(text), Counter())[text] += 1
    return {key: (counts.most_common(1)[0][0], counts.total()) for key, counts in sorted(spellings.items()) if key}


def grow(field: str, texts: Labelled) -> dict[str, str]:
    """The lexicon of these labels: normalised text -> its most frequent spelling; empty for fields that have none."""
    needed = MIN_LABELS.get(field, math.inf)
    return {key: text for key, (text, count) in texts.items() if count >= needed and len(key) >= MIN_LENGTH}


def corrected(field: str, name: str, lexicon: Mapping[str, str]) -> str | None:
    """The entry that a name is a misreading of; None if it is an entry itself or similar to none."""
    from rapidfuzz import fuzz, process

    key = normalise_name(name)
    if key in lexicon or len(key) < MIN_LENGTH:
        return None
    match = None
    if field == "supplier_address" and len(digits := _digits(key)) >= _MIN_DIGITS:
        alike = [entry for entry in lexicon if _digits(entry) == digits]
        match = process.extractOne(key, alike, scorer=fuzz.ratio, score_cutoff=SAME_NUMBERS)
    match = match or process.extractOne(key, lexicon.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE[field])
    return lexicon[match[0]] if match else None


@lru_cache(maxsize=65536)
def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
