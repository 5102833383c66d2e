"""Candidates for the kind of document: each kind that has a title, judged by what else the document says."""

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.schemas import DocumentType

WEIGHTS = {"title": 1.0, "first_title": 1.5, "paid_in_cash": 2.0, "due_date": 1.0, "buyer": 0.7, "nothing_paid": 1.0}
_PAYMENT = frozenset({"cash", "change"})
_KINDS: tuple[DocumentType, ...] = ("invoice", "receipt", "credit_note")


def candidates(reading: Reading) -> list[Candidate[DocumentType]]:
    """The kinds whose title stands on the document, the first title first."""
    titles: dict[DocumentType, Span] = {}
    said: set[str] = set()
    for row in reading.rows:
        classes = reading.keywords.classes(row.index)
        said |= classes if reading.has_money(row.index) or not classes & _PAYMENT else classes - _PAYMENT
        for kind in _KINDS:
            if f"{kind}_title" in classes:
                titles.setdefault(kind, row.span)
    paid = bool(said & _PAYMENT)
    features: dict[DocumentType, dict[str, bool]] = {
        "invoice": {"due_date": "due_date" in said, "buyer": "buyer" in said},
        "receipt": {"paid_in_cash": paid},
        "credit_note": {"nothing_paid": not paid},
    }
    return [
        Candidate(
            kind,
            span,
            {"title": 1.0, "first_title": float(position == 0)}
            | {name: float(holds) for name, holds in features[kind].items()},
        )
        for position, (kind, span) in enumerate(titles.items())
    ]
