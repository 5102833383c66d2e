"""Warnings about extracted values, from `extractions`."""

from collections.abc import Sequence

from ocr_pipeline.warehouse.connection import Reader


def warnings(reader: Reader, backends: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """By document, the warnings about its values with the backends that give them; without deleted files."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in reader.rows(
        """
        SELECT e.document_id, e.backend, unnest(e.warnings) AS warning FROM extractions e JOIN documents d USING (document_id)
        WHERE e.backend IN (SELECT unnest(?)) AND coalesce(d.reason, '') NOT IN ('missing_file', 'split') ORDER BY ALL
        """,
        [list(backends)],
    ):
        found.setdefault(row["document_id"], {}).setdefault(row["warning"], []).append(row["backend"])
    return found
