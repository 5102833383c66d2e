"""Decides whether a document is an invoice, a receipt or a credit note."""

from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked, rank
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.schemas import DocumentType

_WEIGHTS = {"title": 1.0, "payment": 1.5, "narrow": 1.0, "due_date": 1.0, "buyer": 0.7, "base": 1.0}


def choose(reading: Reading) -> Ranked[DocumentType] | None:
    """The kind of document with the best evidence; None for a document without any."""
    if not reading.rows:
        return None
    title = {"invoice": 0.0, "receipt": 0.0, "credit_note": 0.0}
    first = {name: reading.rows[0].span for name in title}
    said: set[str] = set()
    for row in reading.rows:
        for hit in reading.keywords.in_row(row.index):
            said |= hit.classes
            for name in title:
                if f"{name}_title" in hit.classes and not title[name]:
                    title[name] = hit.score
                    first[name] = row.span
    paid = float(bool(said & {"cash", "change"}))
    features = {
        "invoice": {"title": title["invoice"], "due_date": float("due_date" in said), "buyer": float("buyer" in said)},
        "receipt": {"title": title["receipt"], "payment": paid},
        "credit_note": {"title": title["credit_note"], "base": title["credit_note"] * (1 - paid)},
    }
    kinds: tuple[DocumentType, ...] = ("invoice", "receipt", "credit_note")
    ranked = rank([Candidate(kind, first[kind], features[kind]) for kind in kinds], _WEIGHTS)
    return ranked[0] if ranked[0].score > 0 else None
