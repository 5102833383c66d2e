"""The table `scored_cells`: what the scores of each document and backend were made from; and a summary of what is stored."""

from collections.abc import Mapping, Sequence

from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.common import NewRow
from ocr_pipeline.warehouse.tables.scores import IS_RIGHT

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


def rows(cells: Mapping[Cell, str | None]) -> list[NewRow]:
    """The rows of cells and what they were made from; None: nothing can be scored any more."""
    return [
        {"document_id": document_id, "backend": backend, "content": content}
        for (document_id, backend), content in cells.items()
        if content is not None
    ]


def wrong(reader: Reader, backend: str, limit: int) -> list[StoredScore]:
    """The first stored scores of a backend that are not right."""
    columns = ", ".join(f"s.{name}" for name in StoredScore._fields)
    query = (
        f"SELECT {columns} FROM field_scores s WHERE s.backend = ? AND NOT ({IS_RIGHT}) ORDER BY s.document_id, s.field"
        " LIMIT ?"
    )
    return reader.select(StoredScore, query, [backend, limit])


def outcomes(reader: Reader, backends: Sequence[str]) -> dict[str, dict[Outcome, int]]:
    """How many stored scores of each backend have each outcome."""
    counts: dict[str, dict[Outcome, int]] = {backend: {} for backend in backends}
    query = """
        SELECT backend, outcome, count(*) AS n FROM field_scores WHERE backend IN (SELECT unnest(?)) GROUP BY ALL
        """
    for row in reader.rows(query, [list(backends)]):
        counts[row["backend"]][row["outcome"]] = row["n"]
    return counts
