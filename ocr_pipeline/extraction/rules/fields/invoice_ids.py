"""Candidates for the numbers of an invoice and of an order."""

import re

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields import labelled_values
from ocr_pipeline.extraction.rules.fields.labelled_values import LabelledValue
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
    "is_date": -4.0,
    "is_amount": -2.0,
}
AT_LEAST = 2.6

_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9./_\-]{3,19}", re.IGNORECASE)


def candidates(reading: Reading, *classes: str) -> list[Candidate[str]]:
    """Numbers right of or below a keyword of one of the classes, `invoice_id` or `purchase_order`."""
    return [
        Candidate(value.text, value.span, _features(reading, value))
        for value in labelled_values.find(reading, *classes)
    ]


def _features(reading: Reading, value: LabelledValue) -> dict[str, float]:
    return labelled_values.features(reading, value) | {"plain_length": float(_PLAIN.fullmatch(value.text) is not None)}
