"""Candidates for invoice date and due date among the printed dates."""

from collections import Counter
from datetime import date
from statistics import median

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields import tax_eras
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.dates import PrintedDate

INVOICE_DATE_WEIGHTS = {
    "keyword_invoice_date": 2.0,
    "keyword_other_date": -2.5,
    "keyword_due_date": -3.0,
    "keyword_invoice_id": 0.8,
    "keyword_purchase_order": -1.5,
    "shape_trust": 2.0,
    "has_time": 0.8,
    "times_printed": 1.0,
    "first_date": 0.6,
    "high_on_page": 0.5,
    "far_from_others": -1.5,
    "other_order": -1.5,
    "only_date": 0.5,
    "before_tax_era": -2.0,
    "year_misread": -0.5,
}
DUE_DATE_WEIGHTS = {"keyword_due_date": 2.0, "keyword_other_date": -1.0, "shape_trust": 0.5, "other_order": -1.5}
INVOICE_DATE_AT_LEAST = 0.0
DUE_DATE_AT_LEAST = 1.5

_DATE_LABELS = ("invoice_date", "due_date", "other_date")
_OTHER_LABELS = ("invoice_id", "purchase_order")


def candidates(reading: Reading) -> list[Candidate[date]]:
    """One candidate per printed date, and one for each other date that its digits allow."""
    if not reading.dates:
        return []
    counts = Counter(printed.value for printed in reading.dates)
    years = tax_eras.era(reading)
    usual_year = median(printed.value.year for printed in reading.dates)
    dates = []
    for position, printed in enumerate(reading.dates):
        features = _features(reading, printed) | {"first_date": float(position == 0)}
        for value in (printed.value, *printed.other_values):
            own = {
                "times_printed": min(counts[value] - (value == printed.value), 3) / 3,
                "far_from_others": min(abs(value.year - usual_year) / 5, 1.0),
                "other_order": float(value != printed.value),
                "only_date": float(len(counts) == 1),
            }
            meant = tax_eras.corrected(value, years) if years and value.year < years[0] else None
            early = {"before_tax_era": float(meant is not None)}
            dates.append(Candidate(value, printed.span, features | own | early, printed.repair))
            if meant is not None:
                dates.append(
                    Candidate(meant, printed.span, features | own | {"year_misread": 1.0}, tax_eras.YEAR_MISREAD)
                )
    return dates


def _features(reading: Reading, printed: PrintedDate) -> dict[str, float]:
    labels = reading.labels(printed.row, printed.first, printed.span)
    strengths = {name: labels.strength(name) for name in (*_DATE_LABELS, *_OTHER_LABELS)}
    own = _own_labels(reading, printed)
    if own & set(_DATE_LABELS):
        strengths |= {name: float(name in own) for name in _DATE_LABELS}
    return {f"keyword_{name}": strength for name, strength in strengths.items()} | {
        "shape_trust": printed.shape.trust,
        "has_time": float(printed.has_time),
        "high_on_page": 1 - printed.span.y / reading.layout.height,
    }


def _own_labels(reading: Reading, printed: PrintedDate) -> frozenset[str]:
    """Classes between the date before it in the row and this one: in `Date 1.2. Due 3.4.` each date has its own."""
    others = [other.last for other in reading.dates if other.row == printed.row and other.last < printed.first]
    start = max(others, default=-1)
    hits = [hit for hit in reading.keywords.in_row(printed.row) if start < hit.first and hit.last < printed.first]
    return frozenset().union(*(hit.classes for hit in hits))
