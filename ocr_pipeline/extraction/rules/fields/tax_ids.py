"""Candidates for tax registrations, of the supplier and of the receiver: a label, the check digits and the block decide."""

import re

from ocr_pipeline.extraction.rules.candidates import Candidate, Features
from ocr_pipeline.extraction.rules.fields import tax_id_spans
from ocr_pipeline.extraction.rules.fields.tax_id_spans import TaxIdSpan
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.values.tax_ids import tax_id_key

WEIGHTS = {
    "tax_label": 2.0,
    "office_label": 1.4,
    "register_label": 0.2,
    "unlabelled": -0.8,
    "receiver_label": -4.0,
    "other_label": -2.5,
    "label_above": -0.3,
    "check_digits": 1.5,
    "known_shape": 1.0,
    "prefix": 0.8,
    "foreign": -1.5,
    "not_for_vat": -0.5,
    "of_a_person": -0.6,
    "first": 0.6,
    "second_of_two": -0.6,
    "high_on_page": 0.5,
    "left_on_page": 0.2,
    "in_buyer_block": -4.0,
    "beside_contact": 2.0,
    "is_amount": -2.0,
    "too_short": -3.0,
}
AT_LEAST = 1.3
RECEIVER_WEIGHTS = {
    "in_buyer_block": 2.5,
    "beside_contact": -1.5,
    "receiver_label": 3.5,
    "second_of_two": 2.0,
    "foreign": 0.5,
    "tax_label": 1.0,
    "office_label": 0.7,
    "register_label": 0.2,
    "other_label": -2.5,
    "check_digits": 1.0,
    "known_shape": 0.5,
    "not_for_vat": -0.5,
    "is_amount": -2.0,
    "too_short": -3.0,
}
RECEIVER_AT_LEAST = 2.6

_MIN_DIGITS = 7
_CERTAIN = 0.2
"""How much another label counts, such as a telephone's in the same line, if prefix and check digits leave no doubt."""
_AMOUNT = re.compile(r"\d+[.,]\d\d")


def candidates(reading: Reading) -> list[Candidate[str]]:
    """Every number beside a label of a register, and every one that can only be such a number."""
    spans = tax_id_spans.find(reading)
    order = _order(reading, spans)
    return [Candidate(span.text, span.span, _features(reading, span, order)) for span in spans]


def _features(reading: Reading, found: TaxIdSpan, order: tuple[str, str]) -> Features:
    first = found.ids[0] if found.ids else None
    home = reading.origin.country
    return {
        "tax_label": float(found.label == "tax"),
        "office_label": float(found.label == "office"),
        "register_label": float(found.label == "register"),
        "unlabelled": float(not found.label and not (first is not None and first.prefixed)),
        "receiver_label": float(found.label == "receiver"),
        "other_label": float(found.other) * (_CERTAIN if first is not None and first.prefixed and first.checked else 1),
        "label_above": float(found.below),
        "check_digits": float(first is not None and first.checked),
        "known_shape": float(first is not None and not first.checked),
        "prefix": float(first is not None and first.prefixed),
        "foreign": float(first is not None and first.prefixed and home not in (None, first.country)),
        "not_for_vat": float(first is not None and first.kind == "org"),
        "of_a_person": float(first is not None and first.kind == "person"),
        "high_on_page": 1 - found.span.y / reading.layout.height,
        "left_on_page": 1 - found.span.x0,
        "in_buyer_block": float(not reading.buyer_words.isdisjoint(found.span.words)),
        "beside_contact": float(found.contact),
        "first": float(tax_id_key(found.text) == order[0]),
        "second_of_two": float(tax_id_key(found.text) == order[1]),
        "is_amount": float(_AMOUNT.fullmatch(found.text) is not None),
        "too_short": float(first is None and sum(map(str.isdigit, found.text)) < _MIN_DIGITS),
    }


def _order(reading: Reading, spans: list[TaxIdSpan]) -> tuple[str, str]:
    """The keys of the first number, and of the second of its kind on a page without a buyer's block; "" without one."""
    keys: dict[str, tuple[str, int]] = {}
    for span in spans:
        if span.label in ("tax", "") and not span.other:
            kind = span.ids[0].kind if span.ids else ""
            keys.setdefault(tax_id_key(span.text), (kind or "vat", len(tax_id_key(span.text))))
    own = next((tax_id_key(span.text) for span in spans if span.contact and tax_id_key(span.text) in keys), None)
    first, *others = [own, *(key for key in keys if key != own)] if own else keys or [""]
    if any(not reading.buyer_words.isdisjoint(span.span.words) for span in spans):
        return first, ""
    return first, others[0] if len(others) == 1 and keys[others[0]] == keys[first] else ""
