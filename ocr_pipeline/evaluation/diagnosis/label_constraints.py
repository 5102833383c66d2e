"""Labels that break a constraint of their schema."""

from collections.abc import Mapping

from ocr_pipeline.document_schema.constraints import broken_fields
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue, text_of
from ocr_pipeline.schemas import Label


def constraint_issues(labels: Mapping[str, Label], schemas: Mapping[str, DocumentSchema]) -> list[LabelIssue]:
    """An issue for each labelled field that a broken constraint names: which of them is wrong, arithmetic does not tell."""
    return [
        LabelIssue(
            document_id=document_id,
            field=field,
            label=text_of(label, field),
            value=None,
            kinds=("arithmetic",),
            reason=sentence,
            independent=True,
            score=2.0,
        )
        for document_id, label in labels.items()
        if (schema := schemas.get(label.invoice.NAME)) is not None and not schema.is_invoice
        for fields, sentence in broken_fields(schema.spec, label.invoice)
        for field in fields
        if field in label.labelled_fields
    ]
