"""How probably a value is right: evidence about it, calibrated on labelled documents.

A logistic regression turns the evidence into a probability, one model per backend and data set. A probability never comes
from a model that was fitted on the value's own document or a copy of it: documents are cut into folds by groups of copies,
and each fold gets the probabilities of a model fitted on the others. Thresholds for acceptance are chosen in the same way.
An empty value is a statement, too: that the document does not have it.

Before there are enough labels, and for fields without a label, a value has the confidence of the calibration that ships with
the package (`features["shipped"]`; `extraction/rules/confidence.py`). `sources` says which one it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.diagnosis.acceptance import Acceptance, acceptance
from ocr_pipeline.evaluation.diagnosis.value_columns import UNKNOWN, ValueColumns, numbered
from ocr_pipeline.evaluation.statistics.calibration import (
    Bin,
    area_under_curve,
    calibration_error_by_chance,
    expected_calibration_error,
    logistic,
    one_thread,
    reliability,
)

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.statistics.calibration import Bools, Floats, Integers

METHOD = "logistic regression"
SHIPPED, PROJECT = "shipped", "project"
FOLDS = 5
MIN_GROUPS, MIN_OUTCOMES = 30, 10
"""Documents (copies counted once), and right or wrong values, needed to calibrate. With fewer, a fold would hold one or two
errors, and a probability fitted to them would be a guess with decimals."""
_SEED = 20261125


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value, or the statement that there is none, with the evidence about it.

    `features` are named numbers; unknown ones are left out. `correct` is None if the field is not labelled. `group` is that
    of copies of one document.
    """

    document_id: str
    group: str
    field: str
    prediction: str | None
    correct: bool | None
    features: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How well the confidences of one backend hold. Columns as in the table `calibrations`.

    `ece`: expected calibration error. It is above 0 even for a perfect calibration, the more so the fewer values there are:
    `ece_by_chance` is what perfect confidences would have. `brier`: mean squared error.
    """

    status: str
    message: str | None
    method: str | None
    documents: int
    groups: int
    values: int
    errors: int
    ece: float | None = None
    ece_by_chance: float | None = None
    brier: float | None = None
    auc: float | None = None


@dataclass(frozen=True)
class Calibrated:
    """The confidences of a backend on a data set. `confidences`, `sources` (shipped or project) and `folds` by position of the
    value; None if unknown."""

    calibration: Calibration
    confidences: Sequence[float | None]
    sources: Sequence[str | None]
    folds: Sequence[int | None]
    reliability: Sequence[Bin]
    acceptance: Sequence[Acceptance]


def calibrate(values: "Sequence[Value] | ValueColumns") -> Calibrated:
    """Compute the confidences of all values of one backend and data set, and how well they hold.

    Labelled values get theirs from models that did not see their group; unlabelled ones from a model fitted on all
    labelled documents, for the fields that are labelled somewhere.
    """
    import numpy as np

    columns = values if isinstance(values, ValueColumns) else ValueColumns.of(values)
    labelled = np.flatnonzero(columns.correct != UNKNOWN)
    positions = labelled.tolist()
    right = columns.correct[labelled] == 1
    documents, of_document = numbered([columns.documents[index] for index in positions])
    of_group = [columns.groups[index] for index in positions]
    groups = sorted(set(of_group))
    calibration = _counts(len(documents), len(groups), right)
    unknown = np.full(len(columns), np.nan)
    if calibration.message:
        return Calibrated(calibration, *_with_shipped(columns, unknown), [None] * len(columns), [], [])

    fold_of = _folds(groups)
    fold = np.array([fold_of[group] for group in of_group])
    with one_thread():
        own, confidences = _fit(columns, labelled, right, fold)
    in_fold: list[int | None] = [None] * len(columns)
    for position, index in enumerate(positions):
        in_fold[index] = int(fold[position])
    calibration = replace(
        calibration,
        method=f"{METHOD}, {FOLDS} folds by document",
        ece=expected_calibration_error(own, right),
        ece_by_chance=calibration_error_by_chance(own),
        brier=float(np.mean((own - right) ** 2)),
        auc=area_under_curve(own, right),
    )
    by_document = _documents(of_document, own, right, fold)
    by_value = (own, right, fold)
    accepted = [*acceptance("document", *by_document), *acceptance("value", *by_value, targets=())]
    return Calibrated(calibration, *_with_shipped(columns, confidences), in_fold, reliability(own, right), accepted)


def _with_shipped(columns: ValueColumns, own: "Floats") -> tuple[list[float | None], list[str | None]]:
    """The project's confidences (NaN: none), and those of the shipped calibration for values without one; and which is which.
    None is above the limit of its value."""
    import numpy as np

    shipped, limit = columns.feature("shipped"), columns.feature("limit")
    is_shipped = np.isnan(own) & ~np.isnan(shipped) & columns.given
    sure = np.fmin(np.where(is_shipped, shipped, own), np.where(np.isnan(own) & ~is_shipped, np.nan, limit))
    sources = [SHIPPED if from_package else PROJECT for from_package in is_shipped.tolist()]
    known = (~np.isnan(sure)).tolist()
    return (
        [confidence if there else None for confidence, there in zip(sure.tolist(), known, strict=True)],
        [source if there else None for source, there in zip(sources, known, strict=True)],
    )


def _counts(documents: int, groups: int, right: "Bools") -> Calibration:
    """A calibration without figures, and why nothing can be calibrated if there are too few values."""
    errors = len(right) - int(right.sum())
    message = _too_few(groups, len(right) - errors, errors)
    return Calibration(
        status="too_few" if message else "ok",
        message=message,
        method=None,
        documents=documents,
        groups=groups,
        values=len(right),
        errors=errors,
    )


def _too_few(groups: int, right: int, wrong: int) -> str | None:
    if groups < MIN_GROUPS:
        return f"{groups} labelled documents; {MIN_GROUPS} are needed to calibrate."
    for name, count in (("wrong", wrong), ("right", right)):
        if count < MIN_OUTCOMES:
            return f"{count} {name} values; {MIN_OUTCOMES} are needed to calibrate."
    return None


def _fit(columns: ValueColumns, labelled: "Integers", right: "Bools", fold: "Integers") -> tuple["Floats", "Floats"]:
    """Confidences of the labelled values, and of all values (NaN for fields without a label)."""
    import numpy as np

    fields = sorted({columns.fields[index] for index in labelled.tolist()})
    is_labelled = set(fields)
    known = np.flatnonzero([field in is_labelled for field in columns.fields])
    matrix = columns.matrix(known, fields)
    rows = np.searchsorted(known, labelled)
    own = np.full(len(labelled), np.nan)
    for number in np.unique(fold):
        inside = fold == number
        own[inside] = logistic(matrix[rows[~inside]], right[~inside], matrix[rows[inside]])
    confidences = np.full(len(columns), np.nan)
    confidences[labelled] = own
    unlabelled = np.flatnonzero(columns.correct[known] == UNKNOWN)
    if len(unlabelled):
        confidences[known[unlabelled]] = logistic(matrix[rows], right, matrix[unlabelled])
    return own, confidences


def _folds(groups: Sequence[str]) -> dict[str, int]:
    """Assign groups to folds of equal size, in an order that is independent of their names."""
    import numpy as np

    order = np.random.default_rng(_SEED).permutation(len(groups))
    return {groups[index]: position % FOLDS for position, index in enumerate(order)}


def _documents(
    documents: "Integers", confidences: "Floats", right: "Bools", fold: "Integers"
) -> tuple["Floats", "Bools", "Integers"]:
    """Confidences, correctness and folds of whole documents: as sure as the least sure value, right if all values are.
    `documents`: the number of each value's."""
    import numpy as np

    count = int(documents.max()) + 1
    least, wrong, of_fold = np.full(count, np.inf), np.zeros(count, dtype=bool), np.zeros(count, dtype=np.int64)
    np.minimum.at(least, documents, confidences)
    np.logical_or.at(wrong, documents, ~right)
    of_fold[documents] = fold
    return least, ~wrong, of_fold
