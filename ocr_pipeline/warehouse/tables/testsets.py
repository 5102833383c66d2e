"""What test sets freeze, from the tables `documents` and `labels`."""

from collections.abc import Collection

from ocr_pipeline.documents.testsets import FrozenDocument
from ocr_pipeline.warehouse.connection import Reader


def labelled_documents(reader: Reader, dataset: str | None = None) -> dict[str, FrozenDocument]:
    """Every document with a valid label, by id; those whose file was deleted are left out."""
    rows = reader.rows(
        """
        SELECT d.document_id, d.dataset, coalesce(l.schema_name, 'invoice') AS schema_name, d.sha256, l.label_sha256
        FROM documents d JOIN labels l USING (document_id)
        WHERE l.status = 'ok' AND l.label_sha256 IS NOT NULL AND d.sha256 IS NOT NULL
            AND coalesce(d.reason, '') NOT IN ('missing_file', 'split') AND ($dataset IS NULL OR d.dataset = $dataset)
        ORDER BY d.document_id
        """,
        {"dataset": dataset},
    )
    return {row.pop("document_id"): FrozenDocument(**row) for row in rows}


def labelled_fields(reader: Reader, document_ids: Collection[str]) -> tuple[str, ...]:
    """The fields that labels of these documents have, sorted."""
    rows = reader.rows(
        "SELECT DISTINCT field FROM ground_truth WHERE document_id IN (SELECT unnest(?)) ORDER BY field",
        [list(document_ids)],
    )
    return tuple(row["field"] for row in rows)
