"""What the page of comparisons shows: pairs of backends, and values that only one of the two has right."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE
from ocr_pipeline.inspection import current
from ocr_pipeline.inspection.repeats import spreads
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.flips import Flip

MAX_FLIPS = 40
"""Flipped values of a pair that are listed; `ocr-pipeline compare A B --json` has all."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two backends on the documents of both. `row`: all fields together; `flips`: the first of the `count` values that only
    one of them has right; `notes`: differences within the noise of a backend."""

    row: ComparisonRow
    fields: Sequence[ComparisonRow]
    flips: Sequence[Flip]
    count: int
    notes: Sequence[str]


def pairs(reader: Reader, dataset: str, scoring: Scoring) -> list[Pair]:
    """Every pair of backends of a data set."""
    every = current.comparisons(reader, scoring, dataset=dataset).rows
    rows = [row for row in every if row.rules == HEADLINE]
    spread = spreads(reader, dataset)
    overall = [row for row in rows if row.field == ALL_FIELDS]
    chosen = [(row.backend_a, row.backend_b) for row in overall]
    flips = tables.flips.flipped_values(reader, scoring, chosen, dataset, most=MAX_FLIPS)
    found = []
    for row, names in zip(overall, chosen, strict=True):
        fields = [other for other in rows if (other.backend_a, other.backend_b) == names and other.field != ALL_FIELDS]
        noise = spread.notes_on([row, *fields])
        found.append(Pair(row=row, fields=fields, flips=flips[names].first, count=flips[names].number, notes=noise))
    return found
