"""Scores of several answers of a model about the same documents: how far a score depends on which answer is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS
from ocr_pipeline.evaluation.scoring.fields import FieldScore
from ocr_pipeline.evaluation.scoring.line_items import RowScore
from ocr_pipeline.evaluation.scoring.stage import DocumentScores
from ocr_pipeline.evaluation.statistics.counts import Counts


@dataclass(frozen=True, kw_only=True)
class RepeatScore:
    """One field, or the cells of one list, of one answer. Columns as in the table `repeat_scores`.

    `repeat`: 1 is the answer that counts in all other scores. `in_all`: whether it is part of `all_fields`; lists are not.
    """

    document_id: str
    dataset: str
    backend: str
    repeat: int
    field: str
    prediction: str | None
    differs: bool
    in_all: bool
    correct: int
    wrong: int
    spurious: int
    missing: int

    @property
    def counts(self) -> Counts:
        return Counts(self.correct, self.wrong, self.spurious, self.missing)


def score_repeats(answers: Mapping[int, Sequence[DocumentScores]]) -> list[RepeatScore]:
    """Make a row for every field of every document that was asked about more than once.

    Args:
        answers: the scores of each answer, by its number from 1.
    """
    first_of = {document.document_id: document for document in answers.get(1, ())}
    rows: list[RepeatScore] = []
    repeated: set[str] = set()
    for repeat, documents in sorted(answers.items()):
        if repeat == 1:
            continue
        for document in documents:
            if first := first_of.get(document.document_id):
                repeated.add(document.document_id)
                rows += _rows(document, first, repeat)
    return [row for key in sorted(repeated) for row in _rows(first_of[key], first_of[key], 1)] + rows


def _rows(document: DocumentScores, first: DocumentScores, repeat: int) -> list[RepeatScore]:
    row = partial(_row, document, repeat)
    of_first = {score.field: score for score in first.fields}
    rows = [
        row(
            score.field,
            score.prediction,
            score.field in of_first and not _same(score, of_first[score.field]),
            Counts.of([score.outcome]),
            in_all=True,
        )
        for score in document.fields
    ]
    for name, entries in document.lists.items():
        counts = Counts.of(cell.outcome for entry in entries for cell in entry.cells)
        rows.append(row(name, None, _cells(document, name) != _cells(first, name), counts, in_all=False))
    return rows


def _row(
    document: DocumentScores,
    repeat: int,
    field: str,
    prediction: str | None,
    differs: bool,
    counts: Counts,
    *,
    in_all: bool,
) -> RepeatScore:
    return RepeatScore(
        document_id=document.document_id,
        dataset=document.dataset,
        backend=document.backend,
        repeat=repeat,
        field=field,
        prediction=prediction,
        differs=differs,
        in_all=in_all,
        correct=counts.correct,
        wrong=counts.wrong,
        spurious=counts.spurious,
        missing=counts.missing,
    )


def _same(one: FieldScore, other: FieldScore) -> bool:
    """Whether two answers have the same value: text by the rules of the headline."""
    values = (one.prediction, other.prediction)
    comparator = COMPARATORS[one.kind]
    if values[0] == values[1] or None in values or comparator.value_type is not str:
        return values[0] == values[1]
    return bool(comparator.normalised(values[0]) == comparator.normalised(values[1]))


def _cells(document: DocumentScores, name: str) -> list[tuple[str, str | None]]:
    lists: Mapping[str, Sequence[RowScore]] = {str(key): rows for key, rows in document.lists.items()}
    return sorted(
        (cell.field, cell.prediction)
        for row in lists.get(name, ())
        for cell in row.cells
        if cell.prediction is not None
    )
