"""The tables, one module per family: it writes and reads its tables and is the only place that names their columns.

Does not belong here: opening the database (`connection`), changing the schema (`migrations`), and decisions about what a
row means.
"""

from ocr_pipeline.warehouse.tables import (
    calls,
    comparisons,
    confidence,
    current,
    diagnosis,
    documents,
    evidence,
    extractions,
    findings,
    history,
    inputs,
    labels,
    places,
    ranking,
    repeats,
    review,
    scale,
    score_columns,
    scored,
    scores,
    sources,
    testsets,
    truth,
    values,
    warned,
    words,
    work,
)
from ocr_pipeline.warehouse.tables.common import SHARED, NewRow, NewRows, empty

__all__ = [
    "NewRow",
    "NewRows",
    "calls",
    "column_descriptions",
    "comparisons",
    "confidence",
    "current",
    "diagnosis",
    "documents",
    "empty",
    "evidence",
    "extractions",
    "findings",
    "history",
    "inputs",
    "labels",
    "places",
    "ranking",
    "repeats",
    "review",
    "scale",
    "score_columns",
    "scored",
    "scores",
    "sources",
    "testsets",
    "truth",
    "values",
    "warned",
    "words",
    "work",
]

FAMILIES = (
    documents,
    labels,
    words,
    extractions,
    calls,
    evidence,
    scores,
    scored,
    places,
    repeats,
    ranking,
    comparisons,
    history,
    diagnosis,
    findings,
    confidence,
    review,
    scale,
    truth,
)


def column_descriptions(table: str) -> dict[str, str]:
    """What each column of a table means; one of `SHARED` may not occur in the table."""
    return {**SHARED, **next(family.COLUMNS[table] for family in FAMILIES if table in family.COLUMNS)}
