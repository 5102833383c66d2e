"""Chooses invoice date and due date among the printed dates."""

from collections import Counter
from datetime import date
from statistics import median

from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked, rank
from ocr_pipeline.extraction.rules.dates import PrintedDate
from ocr_pipeline.extraction.rules.reading import Reading

INVOICE_DATE_WEIGHTS = {
    "keyword_invoice_date": 2.0,
    "keyword_other_date": -2.5,
    "keyword_due_date": -3.0,
    "keyword_invoice_id": 0.5,
    "keyword_purchase_order": -1.5,
    "shape_trust": 2.0,
    "has_time": 0.8,
    "times_printed": 1.0,
    "first_date": 0.6,
    "high_on_page": 0.5,
    "far_from_others": -1.5,
    "other_reading": -1.5,
}
DUE_DATE_WEIGHTS = {"keyword_due_date": 2.0, "keyword_other_date": -1.0, "shape_trust": 0.5, "other_reading": -1.5}
_DUE_AT_LEAST = 1.5


def candidates(reading: Reading) -> list[Candidate[date]]:
    """One candidate per printed date, and one more where its digits allow another date."""
    if not reading.dates:
        return []
    counts = Counter(printed.value for printed in reading.dates)
    median_year = median(printed.value.year for printed in reading.dates)
    found = []
    for position, printed in enumerate(reading.dates):
        features = _features(reading, printed) | {"first_date": float(position == 0)}
        for value in (printed.value, printed.other_reading):
            if value is None:
                continue
            own = {
                "times_printed": min(counts[value] - (value == printed.value), 3) / 3,
                "far_from_others": min(abs(value.year - median_year) / 5, 1.0),
                "other_reading": float(value != printed.value),
            }
            found.append(Candidate(value, printed.span, features | own))
    return found


def _features(reading: Reading, printed: PrintedDate) -> dict[str, float]:
    labels = reading.labels(printed.row, printed.first, printed.span)
    features = {
        f"keyword_{name}": labels.strength(name)
        for name in ("invoice_date", "due_date", "other_date", "invoice_id", "purchase_order")
    }
    nearest = _nearest_label(reading, printed)
    if nearest:
        for name in ("invoice_date", "due_date", "other_date"):
            features[f"keyword_{name}"] = (
                float(name in nearest) if nearest & {name} else 0.3 * features[f"keyword_{name}"]
            )
    return features | {
        "shape_trust": printed.shape.trust,
        "has_time": float(printed.has_time),
        "high_on_page": 1 - printed.span.y / reading.layout.height,
    }


def _nearest_label(reading: Reading, printed: PrintedDate) -> frozenset[str]:
    """Date keywords of the last such phrase left of the date: in `Date 1.2. Due 3.4.` each date has its own."""
    wanted = {"invoice_date", "due_date", "other_date"}
    hits = [hit for hit in reading.keywords.in_row(printed.row) if hit.last < printed.first and hit.classes & wanted]
    return hits[-1].classes if hits else frozenset()


def choose(found: list[Candidate[date]]) -> tuple[list[Ranked[date]], list[Ranked[date]]]:
    """Candidates for the invoice date and for the due date, the best first; empty where none is good enough."""
    issued = rank(found, INVOICE_DATE_WEIGHTS)
    due = rank(found, DUE_DATE_WEIGHTS)
    return issued, due if due and due[0].score >= _DUE_AT_LEAST else []
