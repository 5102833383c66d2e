"""Rows of leaderboard and comparisons of one data set, `d`."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow
from ocr_pipeline.warehouse.tables.ranking import BoardRow, FieldRow


def _made(row_type: type, **values: Any) -> Any:
    """A row; columns that are not given are None."""
    return row_type(**{field.name: values.get(field.name) for field in fields(row_type)})


def board(backend: str, *, cost: float | None = 0.0, seconds: float | None = None) -> BoardRow:
    row: BoardRow = _made(
        BoardRow,
        dataset="d",
        backend=backend,
        status="ok",
        cost_per_document=cost,
        seconds_per_document=seconds,
        labelled_documents=10,
    )
    return row


def field_row(backend: str, *, n: int, f1: float | None) -> FieldRow:
    row: FieldRow = _made(FieldRow, dataset="d", backend=backend, field=ALL_FIELDS, n=n, f1=f1)
    return row


def comparison(a: str, b: str, *, difference: float, p: float) -> ComparisonRow:
    row: ComparisonRow = _made(
        ComparisonRow,
        dataset="d",
        field=ALL_FIELDS,
        rules="headline",
        backend_a=a,
        backend_b=b,
        difference=difference,
        p=p,
        p_holm=p,
        evaluated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return row
