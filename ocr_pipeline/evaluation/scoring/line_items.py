"""Line items and tax lines: which extracted row corresponds to which labelled one, and how many rows and cells are right.

Rows are paired by the optimal assignment (Kuhn, The Hungarian Method for the Assignment Problem, 1955;
`scipy.optimize.linear_sum_assignment`): the pairing with the most correct cells; among those, with the most correct rows;
among those, with the most similar text. So the order of rows and columns does not matter. Two rows without a correct cell
or similar text are not paired: the labelled one is missing, and the other one spurious.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Self, get_args

from ocr_pipeline.document_fields import LIST_KINDS, Fields
from ocr_pipeline.evaluation.scoring.comparators import (
    ANLS_CUT,
    COMPARATORS,
    FieldValue,
    is_empty,
)
from ocr_pipeline.evaluation.scoring.fields import FieldScore, compare_field
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules
from ocr_pipeline.evaluation.statistics.counts import RIGHT, Counts, Outcome

ListName = str
"""`line_items`, `tax_lines`, or a list of an own schema."""

Entry = Mapping[str, FieldValue | None]
"""A row of a list: its value by column."""

ROW_OUTCOMES: tuple[Outcome, ...] = ("correct", "wrong", "spurious", "missing")
"""A compared row has a value: it is never `both_empty`."""

_SIMILARITY_STEPS = 1000
"""Similarities are rounded to thousandths, so that all weights are integers, whose sums are exact as floats."""


@dataclass(frozen=True, kw_only=True)
class RowScore:
    """A labelled row and the extracted row assigned to it, or one of the two alone.

    The row is correct at a level when each of its cells is correct or rightly empty at that level.
    """

    truth_position: int | None
    """Position in the label, from 0."""
    prediction_position: int | None
    cells: tuple[FieldScore, ...]
    """One per compared column; `field` is the column's name."""

    def outcome(self, level: Literal["outcome", "outcome_strict", "outcome_lenient"] = "outcome") -> Outcome:
        """One of `ROW_OUTCOMES`; `wrong`: assigned, but a cell is not correct."""
        if self.prediction_position is None:
            return "missing"
        if self.truth_position is None:
            return "spurious"
        return "correct" if all(getattr(cell, level) in RIGHT for cell in self.cells) else "wrong"


def score_list(
    name: ListName,
    truth: Sequence[Entry],
    prediction: Sequence[Entry],
    rules: Rules = DEFAULT_RULES,
    columns: Iterable[str] | None = None,
) -> list[RowScore]:
    """Compare a list of a document with its label: labelled rows in their order, then spurious rows in theirs.

    A column without any labelled value is left out; in the other columns, an empty labelled cell means that there is no
    value. Rows without a value in the remaining columns are not compared. An empty `truth` is no label: the result is empty.
    `columns`: those to compare; default: of that list of invoices.
    """
    kinds = {column: rules.kind_of(f"{name}.{column}") for column in columns or LIST_KINDS[name]}
    kinds = {column: kind for column, kind in kinds.items() if any(_has(entry, {column: kind}) for entry in truth)}
    # Sorted by content, so that the choice among equally good assignments does not depend on the order of rows.
    labelled, extracted = (
        sorted(
            ((position, entry) for position, entry in enumerate(entries) if _has(entry, kinds)),
            key=lambda row: [str(row[1].get(column)) for column in kinds],
        )
        for entries in (truth, prediction)
    )

    def score(expected: tuple[int, Entry] | None, actual: tuple[int, Entry] | None) -> RowScore:
        return RowScore(
            truth_position=expected[0] if expected else None,
            prediction_position=actual[0] if actual else None,
            cells=tuple(
                compare_field(
                    kind,
                    expected[1].get(column) if expected else None,
                    actual[1].get(column) if actual else None,
                    field=column,
                    tolerance=rules.tolerance_of(f"{name}.{column}"),
                )
                for column, kind in kinds.items()
            ),
        )

    pairs = _assign([entry for _, entry in labelled], [entry for _, entry in extracted], kinds)
    of_labelled = [score(row, extracted[pairs[i]] if i in pairs else None) for i, row in enumerate(labelled)]
    assigned = set(pairs.values())
    spurious = [score(None, row) for j, row in enumerate(extracted) if j not in assigned]
    return [
        *sorted(of_labelled, key=lambda row: row.truth_position or 0),
        *sorted(spurious, key=lambda row: row.prediction_position or 0),
    ]


def entries_of(values: Fields, name: ListName) -> list[Entry]:
    """The rows of a list of a document; none if its schema has no such list."""
    columns = values.LISTS.get(name, {})
    return [{column: getattr(entry, column) for column in columns} for entry in getattr(values, name, ())]


def _assign(truth: Sequence[Entry], prediction: Sequence[Entry], kinds: Mapping[str, str]) -> dict[int, int]:
    """Assign labelled to extracted rows optimally, by index."""
    if not truth or not prediction:
        return {}
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    shape = (len(truth), len(prediction))
    correct, similarity = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    all_right = np.ones(shape, dtype=bool)
    for column, kind in kinds.items():
        expected, actual = _forms(truth, column, kind), _forms(prediction, column, kind)
        codes = {form: code for code, form in enumerate(dict.fromkeys([*expected, *actual]))}
        equal = np.equal.outer([codes[form] for form in expected], [codes[form] for form in actual])
        has_label = np.array([form is not None for form in expected])
        correct += equal & has_label[:, None]
        all_right &= equal
        if COMPARATORS[kind].value_type is str:
            similarity = np.maximum(similarity, _similarities(expected, actual))
    # All similarities together weigh less than one cell. Pairing an entirely correct row never costs a cell elsewhere: what
    # its two sides share with other rows, those rows share with each other. So cells and rows can be added up.
    weight = min(shape) * _SIMILARITY_STEPS + 1
    weights = (correct + all_right) * weight + np.round(similarity * _SIMILARITY_STEPS)
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if weights[i, j] > 0}


def _similarities(truth: Sequence[Any], prediction: Sequence[Any]) -> Any:
    """ANLS of each pair of texts in their normalised form; 0 if either is empty."""
    import numpy as np
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    texts, others = ([form or "" for form in forms] for forms in (truth, prediction))
    similarity = cdist(texts, others, scorer=Levenshtein.normalized_similarity, dtype=np.float64)
    both = np.logical_and.outer([bool(text) for text in texts], [bool(text) for text in others])
    return np.where(both & (similarity > ANLS_CUT), similarity, 0.0)


def _forms(entries: Sequence[Entry], column: str, kind: str) -> list[Any]:
    """Normalised forms of a column, equal for equal cells; None for an empty cell."""
    normalised = COMPARATORS[kind].normalised
    values = [entry.get(column) for entry in entries]
    return [None if is_empty(kind, value) else normalised(value) for value in values]


def _has(entry: Entry, kinds: Mapping[str, str]) -> bool:
    return any(not is_empty(kind, entry.get(column)) for column, kind in kinds.items())


Unit = Literal["rows", "cells"]


class LevelCounts(NamedTuple):
    """Counts by the rules of each level. Missing and spurious rows and cells are so at every level."""

    headline: Counts
    strict: Counts
    lenient: Counts


@dataclass(frozen=True, kw_only=True)
class ListCounts:
    """Rows and cells of one list of one document by outcome, as the table `line_item_scores` holds them."""

    rows: LevelCounts
    cells: LevelCounts

    def columns(self) -> dict[str, int]:
        """The columns of the table."""
        units: dict[Unit, LevelCounts] = {"rows": self.rows, "cells": self.cells}
        columns = {
            f"{unit}_{outcome}": count
            for unit, levels in units.items()
            for outcome, count in vars(levels.headline).items()
            if unit == "cells" or outcome in ROW_OUTCOMES
        }
        for unit, levels in units.items():
            columns |= {
                f"{unit}_correct_strict": levels.strict.correct,
                f"{unit}_correct_lenient": levels.lenient.correct,
            }
        return columns

    @classmethod
    def of_columns(cls, columns: Mapping[str, int]) -> Self:
        """The counts that `columns` of the table hold."""
        return cls(rows=_levels_of(columns, "rows"), cells=_levels_of(columns, "cells"))


def _levels_of(columns: Mapping[str, int], unit: Unit) -> LevelCounts:
    headline = Counts(**{outcome: columns.get(f"{unit}_{outcome}", 0) for outcome in get_args(Outcome)})
    compared = headline.correct + headline.wrong
    strict, lenient = (columns[f"{unit}_correct_{level}"] for level in ("strict", "lenient"))
    return LevelCounts(
        headline=headline,
        strict=replace(headline, correct=strict, wrong=compared - strict),
        lenient=replace(headline, correct=lenient, wrong=compared - lenient),
    )


def list_counts(rows: Sequence[RowScore]) -> ListCounts:
    """Count the rows and cells of a list by outcome."""
    cells = [cell for row in rows for cell in row.cells]
    return ListCounts(
        rows=LevelCounts(
            headline=Counts.of(row.outcome() for row in rows),
            strict=Counts.of(row.outcome("outcome_strict") for row in rows),
            lenient=Counts.of(row.outcome("outcome_lenient") for row in rows),
        ),
        cells=LevelCounts(
            headline=Counts.of(cell.outcome for cell in cells),
            strict=Counts.of(cell.outcome_strict for cell in cells),
            lenient=Counts.of(cell.outcome_lenient for cell in cells),
        ),
    )


class StoredList(NamedTuple):
    """The counts of one list of one document and backend, as the table `line_item_scores` holds them."""

    document_id: str
    dataset: str
    backend: str
    list: ListName
    counts: ListCounts
