"""Values beside the label of an identifier: right of it in its row, or below it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.keywords import Hit
from ocr_pipeline.extraction.rules.reading.layout import Span, join
from ocr_pipeline.extraction.rules.text import plain

EDGES = ":.,;#()[]*'\""
"""Marks around an identifier that are not a part of it."""

_FILLERS = frozenset({"no", "nr", "n", "id", "num", "number", "nummer", "numero", "o"})
"""Words between a label and its value."""
_BESIDE = 0.03
"""Text this close behind a label belongs to it, so nothing is searched below."""
_COUNTRY_PREFIX = re.compile(r"[A-Z]{2}|CHE")
_BRACKETED = re.compile(r"\(.*\)")
_AMOUNT = re.compile(r"\d+[.,]\d\d")


@dataclass(frozen=True)
class LabelledValue:
    """A text beside a label, `gap` away from it in page widths; `below` it or in the same row."""

    hit: Hit
    text: str
    span: Span
    gap: float
    below: bool


def find(reading: Reading, *classes: str) -> Iterator[LabelledValue]:
    """Values right of or below a keyword of one of the classes, in reading order."""
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            value = _value_of(reading, hit) if hit.classes & set(classes) else None
            if value is not None:
                yield value


def features(reading: Reading, value: LabelledValue) -> dict[str, float]:
    """How a value stands to its label, and what shape it has."""
    hit = value.hit
    label = reading.rows[hit.row].words[hit.first : hit.last + 1]
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
        "is_date": float(any(len(span.text) > 0.7 * len(value.text) for span in dates)),
        "is_amount": float(_AMOUNT.fullmatch(value.text) is not None),
    }


def compact(text: str) -> str:
    """An identifier without the dots and dashes that only group it, upper case."""
    return text.replace(".", "").replace("-", "").upper()


def _value_of(reading: Reading, hit: Hit) -> LabelledValue | None:
    """The value right of a label, or below it if nothing is right of it."""
    words = reading.rows[hit.row].words
    rest = [word for word in words[hit.last + 1 :] if _says_something(word)]
    while rest and plain(rest[0].text).strip(".:#°") in _FILLERS:
        rest.pop(0)
    if rest and (_has_digit(rest[0]) or _COUNTRY_PREFIX.fullmatch(rest[0].text)):
        return _value(hit, rest, rest[0].x0 - hit.x1, below=False)
    if hit.row + 1 < len(reading.rows) and not (rest and rest[0].x0 - hit.x1 < _BESIDE):
        for word in reading.rows[hit.row + 1].words:
            if _has_digit(word) and min(word.x1, hit.x1) > max(word.x0, hit.x0):
                return _value(hit, [word], word.y - words[hit.last].y, below=True)
    return None


def _says_something(word: Span) -> bool:
    return any(c.isalnum() for c in word.text) and not _BRACKETED.fullmatch(word.text)


def _has_digit(word: Span) -> bool:
    return any(c.isdigit() for c in word.text)


def _value(hit: Hit, words: Sequence[Span], gap: float, *, below: bool) -> LabelledValue:
    """The first word, with the following ones that continue it (`DE 281 260 691`, `TX - 471102`)."""
    taken = [words[0]]
    for word in words[1:]:
        close = word.x0 - taken[-1].x1 < 0.6 * word.height
        continues = word.text.isdigit() and (taken[-1].text.isdigit() or len(taken[-1].text) == 2)
        if not close or not (continues or word.text in "-/" or taken[-1].text in "-/"):
            break
        taken.append(word)
    span = join(taken)
    return LabelledValue(hit, span.text.replace(" ", "").strip(EDGES), span, max(gap, 0.0), below)
