"""Whether the labels of a model cover the vendor of a document.

Rankers learn what the papers of a vendor look like; on a vendor that no label names they are as good as cross-validation by
vendor says, which is sometimes no better than the rules.
"""

from collections.abc import Collection, Iterable

from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.values.names import normalise_name

LINES = 16
"""Rows from the top that are searched for a vendor."""
SIMILARITY = 86
"""Similarity (0..100) of a printed line and a labelled name."""
_REGISTRATION = 4
"""Digits in one word that make it a number, and no part of a name."""
MIN_LENGTH = 5
"""Letters and digits of a name: shorter ones are on any page."""


def printed_lines(reading: Reading) -> tuple[str, ...]:
    """The first rows, cells in them, and two or three rows joined, normalised as names are; without registration numbers."""
    rows = [_name_of(row.text) for row in reading.rows[:LINES]]
    cells = [_name_of(cell.span.text) for row in reading.rows[:LINES] if len(row.cells) > 1 for cell in row.cells]
    joined = ["".join(rows[first : first + count]) for first in range(len(rows)) for count in (2, 3)]
    return tuple(sorted({line for line in (*rows, *cells, *joined) if len(line) >= MIN_LENGTH}))


def _name_of(text: str) -> str:
    return normalise_name(" ".join(word for word in text.split() if sum(map(str.isdigit, word)) < _REGISTRATION))


def vendor_names(names: Iterable[str | None]) -> tuple[str, ...]:
    """The names of labelled vendors to look for."""
    keys = {normalise_name(name) for name in names if name}
    return tuple(sorted(key for key in keys if len(key) >= MIN_LENGTH))


def is_known(lines: Iterable[str], vendors: Collection[str]) -> bool:
    """Whether a line is a labelled name, begins with one, or is one but for OCR slips."""
    from rapidfuzz import fuzz, process

    beginnings = tuple(vendors)
    return any(
        line.startswith(beginnings)
        or process.extractOne(line, vendors, scorer=fuzz.ratio, score_cutoff=SIMILARITY) is not None
        for line in lines
    )
