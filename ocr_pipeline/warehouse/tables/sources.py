"""What values of `extracted_fields` were read from: the page, a code, XML."""

from collections.abc import Sequence
from typing import NamedTuple

from ocr_pipeline.evaluation.diagnosis.truth import SourcedValue
from ocr_pipeline.warehouse.connection import Reader


def values_read_from(reader: Reader, backends: Sequence[str]) -> dict[tuple[str, str], dict[str, int]]:
    """How many values were read from page, code and XML, by (data set, backend). Imported values are not counted."""
    rows = reader.rows(
        """
        SELECT d.dataset, f.backend, f.read_from, count(*) AS count
        FROM extracted_fields f JOIN documents d USING (document_id)
        WHERE f.backend IN (SELECT unnest(?)) AND f.read_from IS NOT NULL
            AND coalesce(d.reason, '') NOT IN ('missing_file', 'split')
        GROUP BY ALL ORDER BY ALL
        """,
        [list(backends)],
    )
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        counts.setdefault((row["dataset"], row["backend"]), {})[row["read_from"]] = row["count"]
    return counts


class Sources(NamedTuple):
    """What the values of one cell of `extractions` were read from (page, code, xml)."""

    document_id: str
    backend: str
    sources: list[str]


def sources_of_cells(reader: Reader) -> list[Sources]:
    """The sources of every cell with values whose sources are known."""
    return reader.select(
        Sources,
        """
        SELECT document_id, backend, list_sort(list_distinct(list(read_from))) AS sources
        FROM extracted_fields WHERE read_from IS NOT NULL GROUP BY document_id, backend ORDER BY ALL
        """,
    )


def sourced_values(reader: Reader, backends: Sequence[str]) -> dict[str, dict[str, dict[str, SourcedValue]]]:
    """The values of `extracted_values` with what they were read from, by document, backend and field."""
    values: dict[str, dict[str, dict[str, SourcedValue]]] = {}
    for row in reader.rows(
        """
        SELECT f.document_id, f.backend, f.field, f.value, f.read_from, f.others
        FROM extracted_fields f JOIN documents d USING (document_id)
        WHERE f.backend IN (SELECT unnest(?)) AND coalesce(d.reason, '') NOT IN ('missing_file', 'split') ORDER BY ALL
        """,
        [list(backends)],
    ):
        found = SourcedValue(row["value"], row["read_from"], row["others"] or {})
        values.setdefault(row["document_id"], {}).setdefault(row["backend"], {})[row["field"]] = found
    return values
