"""The table `scored_cells`: what the scores of each document and backend were made from."""

from collections.abc import Mapping, Sequence

from ocr_pipeline.warehouse.connection import Reader

Cell = tuple[str, str]
"""(document, backend)."""

COLUMNS = {"scored_cells": {"content": "Changes with everything that the scores depend on."}}


def scorable(reader: Reader, backends: Sequence[str], made_by: str) -> dict[Cell, str]:
    """What the scores of each labelled document and backend would be made from, as a text that changes with it.

    Args:
        made_by: rules and code that score.
    """
    rows = reader.rows(
        """
        SELECT e.document_id, e.backend, md5(concat_ws('|', $made_by, l.dataset, l.schema_name, l.shape, l.label_sha256,
            l.run_id, l.updated_at, e.status, e.result_key, e.extractor_fingerprint, e.engine_fingerprint, e.run_id,
            e.updated_at, o.run_id, o.updated_at)) AS content
        FROM extractions e JOIN labels l USING (document_id)
        LEFT JOIN ocr_text o ON o.document_id = e.document_id AND o.engine = e.engine
        WHERE l.status = 'ok' AND e.backend IN (SELECT unnest($backends))
        """,
        {"backends": list(backends), "made_by": made_by},
    )
    return {(row["document_id"], row["backend"]): row["content"] for row in rows}


def scored(reader: Reader, backends: Sequence[str]) -> dict[Cell, str]:
    """The same of the stored scores."""
    rows = reader.rows("FROM scored_cells WHERE backend IN (SELECT unnest(?))", [list(backends)])
    return {(row["document_id"], row["backend"]): row["content"] for row in rows}


def changed(now: Mapping[Cell, str], before: Mapping[Cell, str]) -> list[Cell]:
    """The cells to score or to remove, in order."""
    return sorted(cell for cell in now.keys() | before.keys() if now.get(cell) != before.get(cell))
