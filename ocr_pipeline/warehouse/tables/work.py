"""How much backends have read, and what it took."""

from datetime import date
from typing import NamedTuple

from ocr_pipeline.warehouse.connection import Reader


def documents_read(reader: Reader) -> dict[str, int]:
    """By data set, how many documents whose file exists at least one backend has read without failing."""
    rows = reader.rows(
        """
        SELECT d.dataset, count(DISTINCT d.document_id) AS n FROM documents d JOIN extractions e USING (document_id)
        WHERE e.status = 'ok' AND coalesce(d.reason, '') NOT IN ('missing_file', 'split') GROUP BY d.dataset
        """
    )
    return {row["dataset"]: row["n"] for row in rows}


class DayOfWork(NamedTuple):
    """What one backend needed for the documents that it read on one day (UTC)."""

    backend: str
    day: date
    documents: int
    seconds: float | None
    """Median of engine and extractor together."""
    cost_usd: float | None
    """Mean; None: unknown for a document."""


def days_of_work(reader: Reader, dataset: str) -> list[DayOfWork]:
    """By backend and day, from the results in use; imported predictions, whose times are not ours, are left out."""
    return reader.select(
        DayOfWork,
        """
        SELECT e.backend, CAST(e.updated_at AS DATE) AS day, count(*) AS documents,
               median(e.seconds + coalesce(e.ocr_seconds, 0)) AS seconds,
               CASE WHEN bool_and(e.cost_usd IS NOT NULL) THEN avg(e.cost_usd) END AS cost_usd
        FROM extractions e JOIN documents d USING (document_id)
        WHERE d.dataset = ? AND e.status = 'ok' AND NOT coalesce(e.reported, false)
        GROUP BY ALL ORDER BY e.backend, day
        """,
        [dataset],
    )
