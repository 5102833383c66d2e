"""Outcomes of a document that changed between the last two evaluations."""

from dataclasses import dataclass
from datetime import datetime

from ocr_pipeline.evaluation.ranking.columns import CODES
from ocr_pipeline.evaluation.ranking.outcomes import LETTERS
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader

_OUTCOMES = {LETTERS[code]: name for name, code in CODES.items()}


@dataclass(frozen=True)
class Change:
    """The outcome of a field before and in the last evaluation, and when that was."""

    field: str
    before: str
    now: str
    evaluated_at: datetime


def changes(reader: Reader, document_id: str, backend: str) -> list[Change]:
    """The changed outcomes between the last two evaluations of `backend` that include this document. A field that was not
    labelled in either evaluation is left out."""
    rows = tables.history.outcomes_of(reader, document_id, backend)
    evaluations = list(dict.fromkeys(row.evaluation_id for row in rows))[-2:]
    if len(evaluations) < 2:
        return []
    old, new = ({row.field: row for row in rows if row.evaluation_id == evaluation} for evaluation in evaluations)
    return [
        Change(field, _OUTCOMES[old[field].letter], _OUTCOMES[row.letter], row.evaluated_at)
        for field, row in new.items()
        if field in old and row.letter != old[field].letter and LETTERS[0] not in (row.letter, old[field].letter)
    ]
