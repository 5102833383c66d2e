"""Labels that break a constraint of their schema."""

from collections.abc import Mapping

from ocr_pipeline.document_schema.constraints import broken_fields
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue, contradictions
from ocr_pipeline.schemas import Label


def constraint_issues(labels: Mapping[str, Label], schemas: Mapping[str, DocumentSchema]) -> list[LabelIssue]:
    """An issue for each labelled field that a broken constraint names."""
    return [
        issue
        for document_id, label in labels.items()
        if (schema := schemas.get(label.invoice.NAME)) is not None and not schema.is_invoice
        for fields, sentence in broken_fields(schema.spec, label.invoice)
        for issue in contradictions(document_id, label, fields, sentence)
    ]
