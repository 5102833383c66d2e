"""Candidates for numbers that name something: the invoice, an order, a tax registration."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked, rank
from ocr_pipeline.extraction.rules.keywords import Hit
from ocr_pipeline.extraction.rules.layout import Span, join
from ocr_pipeline.extraction.rules.reading import Reading

WEIGHTS = {
    "same_row": 1.0,
    "below": 0.6,
    "beside_label": 0.6,
    "label_length": 1.0,
    "label_score": 1.0,
    "high_on_page": 0.4,
    "is_date": -4.0,
    "is_amount": -2.0,
    "has_digit": 1.0,
    "other_label": -1.5,
    "plain_length": 0.4,
    "tax_id_shape": 2.0,
}
_AT_LEAST = 2.6

_IDENTIFIER = re.compile(r"[A-Z0-9][A-Z0-9./_\-]{1,30}", re.IGNORECASE)
_TAX_ID_SHAPES = (
    re.compile(
        r"(?:DE|AT|BE|BG|CY|CZ|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)[A-Z0-9]{8,12}"
    ),
    re.compile(r"\d{12}"),  # Malaysian GST
    re.compile(r"CHE\d{9}"),
)


@dataclass(frozen=True)
class _Value:
    text: str
    span: Span
    gap: float
    below: bool


def candidates(reading: Reading, keyword_class: str) -> list[Candidate[str]]:
    """Identifiers that stand right of or below a keyword of the class, in reading order."""
    found = []
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            if keyword_class in hit.classes:
                found += [_candidate(reading, hit, value) for value in _values(reading, hit)]
    return found


def choose(found: list[Candidate[str]]) -> list[Ranked[str]]:
    """Candidates by score, the best first; empty where none is good enough."""
    ranked = rank(found, WEIGHTS)
    return ranked if ranked and ranked[0].score >= _AT_LEAST else []


def _values(reading: Reading, hit: Hit) -> Iterator[_Value]:
    words = reading.rows[hit.row].words
    rest = [word for word in words[hit.last + 1 :] if any(c.isalnum() for c in word.text)]
    while rest and not any(c.isdigit() for c in rest[0].text) and len(rest[0].text.strip(".:#")) <= 3:
        rest.pop(0)
    if rest and any(c.isdigit() for c in rest[0].text):
        yield _value(rest, rest[0].x0 - words[hit.last].x1, below=False)
        return
    if not rest and hit.row + 1 < len(reading.rows):
        under = [
            word
            for word in reading.rows[hit.row + 1].words
            if min(word.x1, hit.x1) - max(word.x0, hit.x0) > 0 and any(c.isdigit() for c in word.text)
        ]
        if under:
            yield _value(under[:1], under[0].y - words[hit.last].y, below=True)


def _value(words: list[Span], gap: float, *, below: bool) -> _Value:
    """The first word, with the following ones where they continue it (`DE 281 260 691`, `TX - 471102`)."""
    taken = [words[0]]
    for word in words[1:]:
        close = word.x0 - taken[-1].x1 < 0.6 * word.height
        continues = word.text.isdigit() and (taken[-1].text.isdigit() or len(taken[-1].text) == 2)
        dash = word.text in "-/" or taken[-1].text in "-/"
        if not (close and (continues or dash)):
            break
        taken.append(word)
    span = join(taken)
    text = span.text.replace(" ", "").strip(":.,;#()[]*'\"")
    return _Value(text, span, gap, below)


def _candidate(reading: Reading, hit: Hit, value: _Value) -> Candidate[str]:
    start = value.span.words[0]
    length = sum(len(word.text) for word in reading.rows[hit.row].words[hit.first : hit.last + 1])
    compact = value.text.replace(".", "").replace("-", "").upper()
    features = {
        "same_row": float(not value.below),
        "below": float(value.below),
        "beside_label": max(0.0, 1 - max(value.gap, 0) / 0.3),
        "label_length": min(length / 10, 1.0),
        "label_score": hit.score,
        "high_on_page": 1 - value.span.y / reading.layout.height,
        "is_date": float(any(start in printed.span.words for printed in reading.dates)),
        "is_amount": float(re.fullmatch(r"\d+[.,]\d\d", value.text) is not None),
        "has_digit": float(any(c.isdigit() for c in value.text)),
        "other_label": float(bool(hit.classes & {"other_id", "order_id"})),
        "plain_length": float(4 <= len(value.text) <= 20 and _IDENTIFIER.fullmatch(value.text) is not None),
        "tax_id_shape": float("tax_id" in " ".join(hit.classes) and any(s.fullmatch(compact) for s in _TAX_ID_SHAPES)),
    }
    return Candidate(value.text, value.span, features)
