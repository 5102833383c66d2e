"""Vendor lexicon: names and addresses of suppliers from labels, to correct OCR slips in later documents."""

from collections import Counter
from collections.abc import Iterable, Mapping

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


def grow(names: Iterable[str], min_labels: int = 2) -> dict[str, str]:
    """The lexicon of these labels: normalised name -> its most frequent spelling."""
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        spellings.setdefault(normalise_name(name), Counter())[name] += 1
    return {
        key: counts.most_common(1)[0][0]
        for key, counts in sorted(spellings.items())
        if counts.total() >= min_labels and len(key) >= MIN_LENGTH
    }


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


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
