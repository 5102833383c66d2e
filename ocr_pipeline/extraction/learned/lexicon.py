"""Names and addresses of suppliers that labels have taught: one read with a slip becomes the one that was labelled before."""

from collections import Counter
from collections.abc import Iterable, Mapping

from ocr_pipeline.values.names import normalise_name

SEEN = 2
"""A name must be labelled so often: a single label spreads its own typo."""
SHORTEST = 9
"""Letters and digits of a name, at the least: short ones are alike by chance."""
ALIKE = {"supplier_name": 86, "supplier_address": 95}
"""The fields that have a lexicon, and the similarity (0..100) from which what was read is taken for an entry. Addresses of two
branches in one street differ by little."""


def grow(names: Iterable[str]) -> dict[str, str]:
    """The lexicon of these labels: each name by its letters and digits, in its most frequent spelling."""
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        spellings.setdefault(normalise_name(name), Counter())[name] += 1
    return {
        key: counts.most_common(1)[0][0]
        for key, counts in sorted(spellings.items())
        if counts.total() >= SEEN and len(key) >= SHORTEST
    }


def corrected(field: str, name: str, lexicon: Mapping[str, str]) -> str | None:
    """The labelled name that one means which is not in the lexicon itself; None where it means none."""
    from rapidfuzz import fuzz, process

    key = normalise_name(name)
    if key in lexicon or len(key) < SHORTEST:
        return None
    found = process.extractOne(key, lexicon.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE[field])
    return lexicon[found[0]] if found else None
