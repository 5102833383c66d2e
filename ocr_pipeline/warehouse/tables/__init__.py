"""A file per table family: it reads and writes its tables, and nothing else names their columns.

What does not belong here: opening the database (`connection`), changing its schema (`migrations`), and decisions about what a
row means.
"""

from ocr_pipeline.warehouse.tables import documents, evidence, extractions, history, labels, ranking, scores, words
from ocr_pipeline.warehouse.tables.common import NewRows, Row, empty

__all__ = [
    "NewRows",
    "Row",
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
