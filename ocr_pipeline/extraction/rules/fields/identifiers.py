"""Candidates for identifiers: of the invoice, an order, a tax registration."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.keywords import Hit
from ocr_pipeline.extraction.rules.reading.layout import Span, join
from ocr_pipeline.extraction.rules.text import plain

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
_AMOUNT = re.compile(r"\d+[.,]\d\d")
_FILLERS = frozenset({"no", "nr", "n", "id", "num", "number", "nummer", "numero", "o"})
"""Words between a label and its value."""
_BESIDE = 0.03
"""Text this close behind a label belongs to it, so nothing is searched below."""
_COUNTRY_PREFIX = re.compile(r"[A-Z]{2}|CHE")
_MIN_TAX_ID_DIGITS = 7
_BRACKETED = re.compile(r"\(.*\)")
_EDGES = ":.,;#()[]*'\""
_PREFIXED_TAX_IDS = (
    re.compile(
        r"(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|L[TUV]|MT|NL|PL|PT|RO|SE|SI|SK)\d[A-Z0-9]{7,11}"
    ),
    re.compile(r"CHE\d{9}"),
)
_TAX_ID_SHAPES = (
    *_PREFIXED_TAX_IDS,
    re.compile(r"FR[A-Z]{2}\d{9}"),
    re.compile(r"\d{12}"),  # Malaysian GST
)


@dataclass(frozen=True)
class _Value:
    """A text beside a label, `gap` away from it; `below` it or in the same row."""

    text: str
    span: Span
    gap: float
    below: bool


def candidates(reading: Reading, *classes: str) -> list[Candidate[str]]:
    """Identifiers right of or below a keyword of one of the classes."""
    labelled = []
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            value = _value_of(reading, hit) if hit.classes & set(classes) else None
            if value is not None:
                labelled.append(Candidate(value.text, value.span, _features(reading, hit, value)))
    return labelled


def unlabelled_tax_ids(reading: Reading) -> list[Candidate[str]]:
    """Words that can only be a tax registration, `DE213413740`, anywhere on the page."""
    tax_ids = []
    for row in reading.rows:
        for word in row.words:
            text = word.text.strip(_EDGES)
            if any(shape.fullmatch(_compact(text)) for shape in _PREFIXED_TAX_IDS):
                high = 1 - word.y / reading.layout.height
                tax_ids.append(Candidate(text, word, {"tax_id_shape": 1.0, "has_digit": 1.0, "high_on_page": high}))
    return tax_ids


def _value_of(reading: Reading, hit: Hit) -> _Value | None:
    """The value right of a label, or below it if nothing is right of it."""
    words = reading.rows[hit.row].words
    rest = [word for word in words[hit.last + 1 :] if _says_something(word)]
    while rest and plain(rest[0].text).strip(".:#°") in _FILLERS:
        rest.pop(0)
    if rest and (_has_digit(rest[0]) or _COUNTRY_PREFIX.fullmatch(rest[0].text)):
        return _value(rest, rest[0].x0 - hit.x1, below=False)
    if hit.row + 1 < len(reading.rows) and not (rest and rest[0].x0 - hit.x1 < _BESIDE):
        for word in reading.rows[hit.row + 1].words:
            if _has_digit(word) and min(word.x1, hit.x1) > max(word.x0, hit.x0):
                return _value([word], word.y - words[hit.last].y, below=True)
    return None


def _compact(text: str) -> str:
    return text.replace(".", "").replace("-", "").upper()


def _says_something(word: Span) -> bool:
    return any(c.isalnum() for c in word.text) and not _BRACKETED.fullmatch(word.text)


def _has_digit(word: Span) -> bool:
    return any(c.isdigit() for c in word.text)


def _value(words: Sequence[Span], gap: float, *, below: bool) -> _Value:
    """The first word, with the following ones that continue it (`DE 281 260 691`, `TX - 471102`)."""
    taken = [words[0]]
    for word in words[1:]:
        close = word.x0 - taken[-1].x1 < 0.6 * word.height
        continues = word.text.isdigit() and (taken[-1].text.isdigit() or len(taken[-1].text) == 2)
        if not close or not (continues or word.text in "-/" or taken[-1].text in "-/"):
            break
        taken.append(word)
    span = join(taken)
    return _Value(span.text.replace(" ", "").strip(_EDGES), span, max(gap, 0.0), below)


def _features(reading: Reading, hit: Hit, value: _Value) -> dict[str, float]:
    label = reading.rows[hit.row].words[hit.first : hit.last + 1]
    compact = _compact(value.text)
    is_tax_id = any(name.endswith("tax_id") for name in hit.classes)
    dates = [date.span for date in reading.dates if value.span.words[0] in date.span.words]
    return {
        "same_row": float(not value.below),
        "below": float(value.below),
        "beside_label": max(0.0, 1 - value.gap / 0.3),
        "label_length": min(sum(len(word.text) for word in label) / 10, 1.0),
        "label_score": hit.score,
        "other_label": float(bool(hit.classes & {"other_id", "order_id"})),
        "high_on_page": 1 - value.span.y / reading.layout.height,
        "has_digit": float(any(c.isdigit() for c in value.text)),
        "plain_length": float(_PLAIN.fullmatch(value.text) is not None),
        "tax_id_shape": float(is_tax_id and any(shape.fullmatch(compact) for shape in _TAX_ID_SHAPES)),
        "is_date": float(any(len(span.text) > 0.7 * len(value.text) for span in dates)),
        "too_short": float(is_tax_id and sum(c.isdigit() for c in compact) < _MIN_TAX_ID_DIGITS),
        "is_amount": float(_AMOUNT.fullmatch(value.text) is not None),
    }
