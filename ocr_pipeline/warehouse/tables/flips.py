"""Values of which exactly one of two backends is right, from `field_scores`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import CURRENT_SCORES, Scoring
from ocr_pipeline.warehouse.tables.scores import IS_RIGHT

Pair = tuple[str, str]
"""Backends A and B."""


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A value that exactly one of two backends has right. `right`: a or b."""

    document_id: str
    field: str
    truth: str | None
    prediction_a: str | None
    prediction_b: str | None
    right: str


class Flips(NamedTuple):
    """The first flipped values of a pair, and how many there are."""

    first: Sequence[Flip]
    number: int


def flipped_values(
    reader: Reader,
    scoring: Scoring,
    pairs: Sequence[Pair],
    dataset: str,
    field: str | None = None,
    *,
    most: int | None = None,
) -> Mapping[Pair, Flips]:
    """The values that exactly one of two backends has right, for each of these pairs; those that only A has right come first.

    Args:
        field: only of this one.
        most: how many of each pair; None: all.
    """
    rows = reader.rows(
        f"""
        WITH current AS (
            SELECT s.backend, s.document_id, s.field, s.truth, s.prediction, {IS_RIGHT} AS is_right
            FROM {CURRENT_SCORES} AND s.dataset = $dataset AND ($field IS NULL OR s.field = $field)
        ), pairs AS (SELECT unnest($a::VARCHAR[]) AS backend_a, unnest($b::VARCHAR[]) AS backend_b)
        SELECT backend_a, backend_b, document_id, field, coalesce(a.truth, b.truth) AS truth,
               a.prediction AS prediction_a, b.prediction AS prediction_b,
               CASE WHEN a.is_right THEN 'a' ELSE 'b' END AS "right", count(*) OVER of_pair AS count
        FROM pairs JOIN current a ON a.backend = backend_a JOIN current b USING (document_id, field)
        WHERE b.backend = backend_b AND a.is_right <> b.is_right
        WINDOW of_pair AS (PARTITION BY backend_a, backend_b)
        QUALIFY $most IS NULL OR row_number() OVER (of_pair ORDER BY "right", document_id, field) <= $most
        ORDER BY "right", document_id, field
        """,
        {
            **scoring.parameters,
            "backends": sorted({backend for pair in pairs for backend in pair}),
            "dataset": dataset,
            "field": field,
            "most": most,
            "a": [a for a, _ in pairs],
            "b": [b for _, b in pairs],
        },
    )
    first: dict[Pair, list[Flip]] = {pair: [] for pair in pairs}
    counts = dict.fromkeys(pairs, 0)
    for row in rows:
        pair = (row.pop("backend_a"), row.pop("backend_b"))
        counts[pair] = row.pop("count")
        first[pair].append(Flip(**row))
    return {pair: Flips(first[pair], counts[pair]) for pair in pairs}
