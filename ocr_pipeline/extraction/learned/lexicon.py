"""Vendor lexicon: names and addresses of suppliers from labels, to correct OCR slips in later documents."""

from collections import Counter
from collections.abc import Iterable, Mapping

from ocr_pipeline.values.names import normalise_name

MIN_LABELS = 2
"""Labels that an entry needs: a single label would spread its own typo."""
MIN_LENGTH = 9
"""Letters and digits of an entry: shorter ones are similar by chance."""
ALIKE = {"supplier_name": 86, "supplier_address": 95}
"""Fields with a lexicon, and the similarity (0..100) at which text is corrected to an entry. Addresses of two branches in one
street differ little."""


def grow(names: Iterable[str]) -> dict[str, str]:
    """The lexicon of these labels: normalised name -> its most frequent spelling."""
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        spellings.setdefault(normalise_name(name), Counter())[name] += 1
    return {
        key: counts.most_common(1)[0][0]
        for key, counts in sorted(spellings.items())
        if counts.total() >= MIN_LABELS and len(key) >= MIN_LENGTH
    }


def corrected(field: str, name: str, lexicon: Mapping[str, str]) -> str | None:
    """The entry that a name is a misreading of; None if it is an entry itself or similar to none."""
    from rapidfuzz import fuzz, process

    key = normalise_name(name)
    if key in lexicon or len(key) < MIN_LENGTH:
        return None
    match = process.extractOne(key, lexicon.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE[field])
    return lexicon[match[0]] if match else None
