"""The tables, one module per family: it writes and reads its tables and is the only place that names their columns.

Does not belong here: opening the database (`connection`), changing the schema (`migrations`), and decisions about what a
row means.

The modules are imported when they are used: a command needs few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ocr_pipeline.warehouse.tables.common import SHARED, NewRow, NewRows, empty

if TYPE_CHECKING:
    from ocr_pipeline.warehouse.tables import (
        calls,
        comparisons,
        confidence,
        current,
        diagnosis,
        document_files,
        documents,
        due,
        evidence,
        extractions,
        findings,
        flips,
        history,
        inputs,
        known_values,
        labels,
        listed,
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

__all__ = [
    "NewRow",
    "NewRows",
    "calls",
    "column_descriptions",
    "comparisons",
    "confidence",
    "current",
    "diagnosis",
    "document_files",
    "documents",
    "due",
    "empty",
    "evidence",
    "extractions",
    "findings",
    "flips",
    "history",
    "inputs",
    "known_values",
    "labels",
    "listed",
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
    "documents",
    "labels",
    "words",
    "extractions",
    "calls",
    "evidence",
    "scores",
    "scored",
    "places",
    "repeats",
    "ranking",
    "comparisons",
    "history",
    "diagnosis",
    "findings",
    "confidence",
    "review",
    "scale",
    "truth",
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def families() -> list[Any]:
    """The modules of `FAMILIES`."""
    return [__getattr__(name) for name in FAMILIES]


def column_descriptions(table: str) -> dict[str, str]:
    """What each column of a table means; one of `SHARED` may not occur in the table."""
    return {**SHARED, **next(family.COLUMNS[table] for family in families() if table in family.COLUMNS)}
