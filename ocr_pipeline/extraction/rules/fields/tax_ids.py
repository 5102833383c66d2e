"""Candidates for tax registrations, of the supplier and of the receiver."""

import re

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields import labelled_values
from ocr_pipeline.extraction.rules.fields.labelled_values import EDGES, LabelledValue, compact
from ocr_pipeline.extraction.rules.reading import Reading

WEIGHTS = {
    "same_row": 1.0,
    "below": 0.6,
    "beside_label": 0.6,
    "label_length": 1.0,
    "label_score": 1.0,
    "other_label": -1.5,
    "high_on_page": 0.4,
    "has_digit": 1.0,
    "plain_length": 0.4,
    "tax_id_shape": 2.0,
    "is_date": -4.0,
    "is_amount": -2.0,
    "too_short": -3.0,
}
AT_LEAST = 2.6

_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9./_\-]{3,19}", re.IGNORECASE)
_MIN_DIGITS = 7
_PREFIXED = (
    re.compile(
        r"(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|L[TUV]|MT|NL|PL|PT|RO|SE|SI|SK)\d[A-Z0-9]{7,11}"
    ),
    re.compile(r"CHE\d{9}"),
)
_SHAPES = (
    *_PREFIXED,
    re.compile(r"FR[A-Z]{2}\d{9}"),
    re.compile(r"\d{12}"),  # Malaysian GST
)


def candidates(reading: Reading, *classes: str) -> list[Candidate[str]]:
    """Identifiers right of or below a keyword of one of the classes."""
    return [
        Candidate(value.text, value.span, _features(reading, value))
        for value in labelled_values.find(reading, *classes)
    ]


def unlabelled(reading: Reading) -> list[Candidate[str]]:
    """Words that can only be a tax registration, `DE213413740`, anywhere on the page."""
    found = []
    for row in reading.rows:
        for word in row.words:
            text = word.text.strip(EDGES)
            if any(shape.fullmatch(compact(text)) for shape in _PREFIXED):
                high = 1 - word.y / reading.layout.height
                found.append(Candidate(text, word, {"tax_id_shape": 1.0, "has_digit": 1.0, "high_on_page": high}))
    return found


def _features(reading: Reading, value: LabelledValue) -> dict[str, float]:
    text = compact(value.text)
    is_tax_id = any(name.endswith("tax_id") for name in value.hit.classes)
    return labelled_values.features(reading, value) | {
        "plain_length": float(_PLAIN.fullmatch(value.text) is not None),
        "tax_id_shape": float(is_tax_id and any(shape.fullmatch(text) for shape in _SHAPES)),
        "too_short": float(is_tax_id and sum(c.isdigit() for c in text) < _MIN_DIGITS),
    }
