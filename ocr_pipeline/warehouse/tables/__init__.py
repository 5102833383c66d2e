"""A file per table family: it reads and writes its tables, and nothing else names their columns.

What does not belong here: opening the database (`connection`), changing its schema (`migrations`), and decisions about what a
row means.
"""

from ocr_pipeline.warehouse.tables import (
    diagnosis,
    documents,
    evidence,
    extractions,
    history,
    labels,
    ranking,
    scores,
    words,
)
from ocr_pipeline.warehouse.tables.common import SHARED, NewRows, Row, empty

__all__ = [
    "NewRows",
    "Row",
    "column_descriptions",
    "diagnosis",
    "documents",
    "empty",
    "evidence",
    "extractions",
    "history",
    "labels",
    "ranking",
    "scores",
    "words",
]

_FAMILIES = (documents, labels, words, extractions, evidence, scores, ranking, history, diagnosis)


def column_descriptions(table: str) -> dict[str, str]:
    """What each column of a table means; one of `SHARED` may not occur in the table."""
    return {**SHARED, **next(family.COLUMNS[table] for family in _FAMILIES if table in family.COLUMNS)}
