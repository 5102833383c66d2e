"""The queue of labels that may be wrong."""

from collections.abc import Sequence
from typing import NamedTuple

from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.diagnosis import QueuedIssue


class Issues(NamedTuple):
    """The queue, a notice if issues of stale scores are left out, and whether anything was scored."""

    rows: Sequence[QueuedIssue]
    notice: str | None
    scored: bool


def label_issues(reader: Reader, scoring: Scoring, dataset: str | None = None, document: str | None = None) -> Issues:
    """The current issues, worst first."""
    rows = tables.diagnosis.queued_issues(reader, scoring, dataset, document)
    scored = bool(rows) or tables.scores.exist(reader, {})
    return Issues(rows, tables.current.states(reader, scoring).notice(dataset), scored)
