"""Line items and tax lines: which extracted row is which labelled one, and how many rows and cells are right.

The rows are assigned to each other by the optimal assignment (Kuhn, The Hungarian Method for the Assignment Problem, 1955;
`scipy.optimize.linear_sum_assignment`): of all ways to pair them, one with the most correct cells; of these, one with the
most correct rows; of these, one with the most similar texts. So neither the order of the rows nor that of the columns
counts. A pair without a correct cell or a similar text is none: then the labelled row is missing, and the other one spurious.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ocr_pipeline.evaluation.scoring.comparators import (
    ANLS_CUT,
    COMPARATORS,
    FieldScore,
    FieldValue,
    Outcome,
    compare_field,
    is_empty,
)
from ocr_pipeline.evaluation.scoring.settings import USUAL, Rules
from ocr_pipeline.schemas import LIST_KINDS, FieldKind, Invoice

ListName = Literal["line_items", "tax_lines"]
LISTS: tuple[ListName, ...] = get_args(ListName)

Entry = Mapping[str, FieldValue | None]
"""A row of a list: its value by column."""

ROW_OUTCOMES: tuple[Outcome, ...] = ("correct", "wrong", "spurious", "missing")
"""A row that is compared has a value: it is never `both_empty`."""

_SIMILARITY_STEPS = 1000
"""Similarities are compared to a thousandth, so that all weights are whole numbers, which a float adds up exactly."""


@dataclass(frozen=True, kw_only=True)
class RowScore:
    """A labelled row and the row that was assigned to it, or one of the two alone.

    The row is correct at a level when each of its cells is correct or rightly empty at that level.
    """

    truth_position: int | None
    """Position in the label, from 0."""
    prediction_position: int | None
    cells: tuple[FieldScore, ...]
    """One per compared column; `field` is the column's name."""

    def outcome(self, level: Literal["outcome", "outcome_strict", "outcome_lenient"] = "outcome") -> Outcome:
        """One of `ROW_OUTCOMES`; `wrong` is assigned, and a cell is not correct."""
        if self.prediction_position is None:
            return "missing"
        if self.truth_position is None:
            return "spurious"
        return "correct" if all(getattr(cell, level) in ("correct", "both_empty") for cell in self.cells) else "wrong"


def score_list(
    name: ListName, truth: Sequence[Entry], prediction: Sequence[Entry], rules: Rules = USUAL
) -> list[RowScore]:
    """Compare a list of a document with its label: labelled rows in their order, then the spurious ones in theirs.

    A column in which no labelled row has a value is not labelled, and is left out; in one that some rows have, an empty
    cell is labelled as empty. A row that has no value in the columns that are left is not compared. An empty `truth` is
    no label: the result is empty.
    """
    kinds = {column: rules.kind_of(f"{name}.{column}") for column in LIST_KINDS[name]}
    kinds = {column: kind for column, kind in kinds.items() if any(_has(entry, {column: kind}) for entry in truth)}
    # Rows in an order of their own: which of several equally good assignments is found depends on nothing else.
    labelled, found = (
        sorted(
            ((position, entry) for position, entry in enumerate(entries) if _has(entry, kinds)),
            key=lambda row: [str(row[1].get(column)) for column in kinds],
        )
        for entries in (truth, prediction)
    )

    def score(expected: tuple[int, Entry] | None, given: tuple[int, Entry] | None) -> RowScore:
        return RowScore(
            truth_position=expected[0] if expected else None,
            prediction_position=given[0] if given else None,
            cells=tuple(
                compare_field(
                    kind,
                    expected[1].get(column) if expected else None,
                    given[1].get(column) if given else None,
                    field=column,
                    tolerance=rules.tolerance_of(f"{name}.{column}"),
                )
                for column, kind in kinds.items()
            ),
        )

    pairs = _assign([entry for _, entry in labelled], [entry for _, entry in found], kinds)
    of_labelled = [score(row, found[pairs[i]] if i in pairs else None) for i, row in enumerate(labelled)]
    assigned = set(pairs.values())
    spurious = [score(None, row) for j, row in enumerate(found) if j not in assigned]
    return [
        *sorted(of_labelled, key=lambda row: row.truth_position or 0),
        *sorted(spurious, key=lambda row: row.prediction_position or 0),
    ]


def entries_of(invoice: Invoice, name: ListName) -> list[Entry]:
    """The rows of a list of an invoice."""
    return [{column: getattr(entry, column) for column in LIST_KINDS[name]} for entry in getattr(invoice, name)]


def _assign(truth: Sequence[Entry], prediction: Sequence[Entry], kinds: Mapping[str, FieldKind]) -> dict[int, int]:
    """The optimal assignment of labelled to found rows, by index."""
    if not truth or not prediction:
        return {}
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    shape = (len(truth), len(prediction))
    correct, similarity = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    all_right = np.ones(shape, dtype=bool)
    for column, kind in kinds.items():
        expected, given = _forms(truth, column, kind), _forms(prediction, column, kind)
        codes = {form: code for code, form in enumerate(dict.fromkeys([*expected, *given]))}
        equal = np.equal.outer([codes[form] for form in expected], [codes[form] for form in given])
        there = np.array([form is not None for form in expected])
        correct += equal & there[:, None]
        all_right &= equal
        if COMPARATORS[kind].value_type is str:
            similarity = np.maximum(similarity, _similarities(expected, given))
    # All similarities together weigh less than one cell. A row that is right never costs a cell elsewhere: whatever its two
    # sides have in common with other rows, those have in common with each other. So the two need no order of their own.
    weight = min(shape) * _SIMILARITY_STEPS + 1
    weights = (correct + all_right) * weight + np.round(similarity * _SIMILARITY_STEPS)
    rows, columns = linear_sum_assignment(weights, maximize=True)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if weights[i, j] > 0}


def _similarities(truth: Sequence[Any], prediction: Sequence[Any]) -> Any:
    """ANLS of each pair of texts, both in their normalised form; 0 where one of them is empty."""
    import numpy as np
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    texts, others = ([form or "" for form in forms] for forms in (truth, prediction))
    similarity = cdist(texts, others, scorer=Levenshtein.normalized_similarity, dtype=np.float64)
    both = np.logical_and.outer([bool(text) for text in texts], [bool(text) for text in others])
    return np.where(both & (similarity > ANLS_CUT), similarity, 0.0)


def _forms(entries: Sequence[Entry], column: str, kind: FieldKind) -> list[Any]:
    """What has to be equal for two cells to be the same; None where a cell is empty."""
    normalised = COMPARATORS[kind].normalised
    values = [entry.get(column) for entry in entries]
    return [None if is_empty(kind, value) else normalised(value) for value in values]


def _has(entry: Entry, kinds: Mapping[str, FieldKind]) -> bool:
    return any(not is_empty(kind, entry.get(column)) for column, kind in kinds.items())


def list_counts(rows: Sequence[RowScore]) -> dict[str, int]:
    """How many rows and cells of a list have which outcome: `rows_correct`, `cells_wrong`, ...

    How many are correct at the other levels is in `rows_correct_strict`, `cells_correct_lenient` and so on; what is missing
    or spurious is so at every level, and the rest is wrong.
    """
    cells = [cell for row in rows for cell in row.cells]
    of_rows, of_cells = Counter(row.outcome() for row in rows), Counter(cell.outcome for cell in cells)
    return {
        **{f"rows_{outcome}": of_rows[outcome] for outcome in ROW_OUTCOMES},
        "rows_correct_strict": sum(row.outcome("outcome_strict") == "correct" for row in rows),
        "rows_correct_lenient": sum(row.outcome("outcome_lenient") == "correct" for row in rows),
        **{f"cells_{outcome}": of_cells[outcome] for outcome in get_args(Outcome)},
        "cells_correct_strict": sum(cell.outcome_strict == "correct" for cell in cells),
        "cells_correct_lenient": sum(cell.outcome_lenient == "correct" for cell in cells),
    }
