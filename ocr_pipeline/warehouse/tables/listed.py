"""What the list of documents and the overview of the report show of scores: counted and numbered by the database, as most of
them are the same as in every report before."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import CURRENT_SCORES, Scoring
from ocr_pipeline.warehouse.tables.diagnosis import OF_CURRENT_SCORES


def numbered_outcomes(
    reader: Reader, scoring: Scoring, fields: Sequence[str], outcomes: Sequence[str], attributions: Sequence[str]
) -> Mapping[str, list[list[int]]]:
    """By document, its current scores as [backend, field, outcome, attribution], by backend and field: positions in these
    lists and in the backends of `scoring`, -1 for no attribution. Other fields and outcomes are left out.

    The database packs the four into one number: of 3.5 million scores, lists of them took 6 GB. Documents share the lists.
    """
    backend_names, field_names = sorted(scoring.backends), sorted(fields)
    rows = reader.rows(
        f"""
        WITH packed AS (
            SELECT s.document_id, (((list_position($backend_names, s.backend) - 1) * len($fields)
                    + list_position($field_names, s.field) - 1) * len($outcomes)
                    + list_position($outcomes, s.outcome) - 1) * (len($attributions) + 1)
                    + coalesce(list_position($attributions, a.attribution), 0) AS number
            FROM (SELECT s.* FROM {CURRENT_SCORES}) s LEFT JOIN attributions a ON {OF_CURRENT_SCORES}
        )
        SELECT document_id, list(number ORDER BY number) AS numbers FROM packed WHERE number IS NOT NULL GROUP BY document_id
        """,
        {
            **scoring.parameters,
            "backend_names": backend_names,
            "fields": list(fields),
            "field_names": field_names,
            "outcomes": list(outcomes),
            "attributions": list(attributions),
        },
    )

    @cache
    def unpacked(number: int) -> list[int]:
        rest, attribution = divmod(number, len(attributions) + 1)
        rest, outcome = divmod(rest, len(outcomes))
        backend, field = divmod(rest, len(fields))
        at = scoring.backends.index(backend_names[backend]), fields.index(field_names[field])
        return [*at, outcome, attribution - 1]

    return {row["document_id"]: [unpacked(number) for number in row["numbers"]] for row in rows}


class AttributionCount(NamedTuple):
    """How many values of a backend have this attribution."""

    dataset: str
    backend: str
    attribution: str
    number: int


def attribution_counts(reader: Reader, scoring: Scoring) -> list[AttributionCount]:
    """The attributions of current scores, counted."""
    return reader.select(
        AttributionCount,
        f"""
        SELECT a.dataset, a.backend, a.attribution, count(*) AS number
        FROM attributions a JOIN (SELECT s.* FROM {CURRENT_SCORES}) s ON {OF_CURRENT_SCORES}
        GROUP BY ALL ORDER BY ALL
        """,
        scoring.parameters,
    )


def differing_values(reader: Reader, backends: Sequence[str]) -> dict[str, dict[str, dict[str, str | None]]]:
    """By document and field, what all backends with a result have for it, if it is not written alike; None: no value."""
    rows = reader.rows(
        """
        WITH results AS (
            SELECT e.document_id, e.backend, list_position($backends, e.backend) AS position
            FROM extractions e JOIN documents d USING (document_id)
            WHERE e.status = 'ok' AND list_contains($backends, e.backend)
                AND coalesce(d.reason, '') NOT IN ('missing_file', 'split')
        ), counts AS (SELECT document_id, count(*) AS backends FROM results GROUP BY document_id
        ), differing AS (
            SELECT document_id, f.field
            FROM results JOIN extracted_fields f USING (document_id, backend) JOIN counts USING (document_id)
            GROUP BY document_id, f.field HAVING count(*) < any_value(backends) OR count(DISTINCT f.value) > 1
        )
        SELECT document_id, d.field, list(backend ORDER BY position) AS backends, list(f.value ORDER BY position) AS found
        FROM differing d JOIN results USING (document_id)
        LEFT JOIN extracted_fields f USING (document_id, backend, field) GROUP BY document_id, d.field ORDER BY document_id
        """,
        {"backends": list(backends)},
    )
    values: dict[str, dict[str, dict[str, str | None]]] = {}
    for row in rows:
        values.setdefault(row["document_id"], {})[row["field"]] = dict(zip(row["backends"], row["found"], strict=True))
    return values
