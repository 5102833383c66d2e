"""One document: its label against what a backend extracted."""

from ocr_pipeline.evaluation.compare import FieldScore, FieldValue, compare_field
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Invoice, Label


def score_document(label: Label, extraction: Extraction | None) -> list[FieldScore]:
    """Score every labelled single-valued field, in display order. A field that the label does not mention is left out.

    `extraction` is None for a document that failed: every value of its label is missed, so that a backend cannot gain
    by failing.
    """
    predicted = Invoice() if extraction is None else extraction.invoice
    return [
        compare_field(
            FIELD_KINDS[field],
            getattr(label.invoice, field),
            getattr(predicted, field),
            _alternatives(label, field),
            field=field,
        )
        for field in label.labelled_fields
    ]


def _alternatives(label: Label, field: str) -> list[FieldValue]:
    """Alternatives are written as in `invoice`, so the invoice model reads them; an empty one accepts nothing."""
    values = [getattr(Invoice.model_validate({field: text}), field) for text in label.alternatives.get(field, [])]
    return [value for value in values if value is not None]
