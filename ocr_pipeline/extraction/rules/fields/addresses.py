"""Reads the supplier's address: the lines under its name."""

import re
from collections.abc import Iterator

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields.company_names import is_registration
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span, join
from ocr_pipeline.extraction.rules.text import letters_in

WEIGHTS = {"with_postal_code": 1.0, "without_postal_code": 0.5}

_POSTAL_CODE = re.compile(
    r"""
      (?<![\d./:-])\b(?:[A-Z]{1,2}[- ])?\d{5}\b(?![./:-]\d)    # 53300   D-50933
    | \b(?:CH[- ]|A[- ])?[1-9]\d{3}\s[A-Z][^\W\d]{2}             # 1260 Nyon
    | \b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b                     # HX3 9WT
    """,
    re.VERBOSE,
)
_HOUSE_NUMBER = re.compile(
    r"(?:no|lot|unit)?\W*\d{1,4}\b(?!\s?[-/.:]\s?\d).*|\D{4,}\s\d{1,4}\s?[a-z]?\W*", re.IGNORECASE
)
_FIRST_LINE = 6
"""The address begins at most so many rows below the name."""
_MOST_LINES = 6
_MOST_WORDS_AFTER_TOWN = 4
_ALIGNED = 0.04
_NO_ADDRESS = frozenset(
    {
        "other_id", "supplier_tax_id", "tax_number", "registration", "invoice_id", "purchase_order", "code",
        "invoice_date", "other_date", "invoice_title", "buyer", "not_a_name",
    }
)  # fmt: skip
"""Classes of lines that stand beside an address but are no part of it."""


def has_postal_code(text: str) -> bool:
    return _POSTAL_CODE.search(text) is not None


def candidates(reading: Reading, name: Span) -> list[Candidate[str]]:
    """The address under the supplier's name, if there is one."""
    lines = list(_lines(reading, name))
    if not lines:
        return []
    feature = "with_postal_code" if any(has_postal_code(line.text) for line in lines) else "without_postal_code"
    return [Candidate(", ".join(line.text.strip(" ,") for line in lines), join(lines), {feature: 1.0})]


def _lines(reading: Reading, name: Span) -> Iterator[Span]:
    """From the first line that looks like an address to the town, with a state or country in the line below it."""
    start = next((row.index for row in reading.rows if name.words[-1] in row.span.words), len(reading.rows))
    begun = town_seen = 0
    for row in reading.rows[start + 1 : start + 1 + _FIRST_LINE + _MOST_LINES]:
        cells = (cell.span for cell in row.cells)
        under = [span for span in cells if span.overlap(name) > 0 or abs(span.x0 - name.x0) < _ALIGNED]
        line = join(under) if under else row.span
        classes = reading.keywords.classes(row.index)
        is_other = _says_something_else(reading, row.index) or not (letters_in(line.text) or has_postal_code(line.text))
        if not begun and (is_other or not _begins_address(line.text, classes)):
            if row.index - start >= _FIRST_LINE:
                return
            continue
        after_town = any(c.isdigit() for c in line.text) or len(line.text.split()) > _MOST_WORDS_AFTER_TOWN
        if is_other or begun == _MOST_LINES or (town_seen and (after_town or begun > town_seen)):
            return
        yield line
        begun += 1
        if not town_seen and has_postal_code(line.text):
            town_seen = begun


def _says_something_else(reading: Reading, row: int) -> bool:
    """Whether a row begins with the label of something else, or mentions one and nothing of an address."""
    hits = reading.keywords.in_row(row)
    mentions = reading.keywords.classes(row)
    begins = hits[0].classes if hits else frozenset()
    is_label = bool(begins & _NO_ADDRESS and "address" not in begins)
    return (
        is_label
        or bool(mentions & _NO_ADDRESS and "address" not in mentions)
        or is_registration(reading.rows[row].text)
    )


def _begins_address(text: str, classes: frozenset[str]) -> bool:
    return "address" in classes or has_postal_code(text) or _HOUSE_NUMBER.fullmatch(text) is not None
