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


def calibrate(values: Sequence[Value]) -> Calibrated:
    """Compute the confidences of all values of one backend and data set, and how well they hold.

    Labelled values get theirs from models that did not see their group; unlabelled ones from a model fitted on all
    labelled documents, for the fields that are labelled somewhere.
    """
    import numpy as np

    labelled = [index for index, value in enumerate(values) if value.correct is not None]
    known = [values[index] for index in labelled]
    right = np.array([bool(value.correct) for value in known], dtype=bool)
    groups = sorted({value.group for value in known})
    calibration = _counts(known, len(groups), right)
    unknown: list[None] = [None] * len(values)
    if calibration.message:
        return Calibrated(calibration, *_with_shipped(values, unknown), unknown, [], [])

    fold_of = _folds(groups)
    fold = np.array([fold_of[value.group] for value in known])
    with one_thread():
        own, confidences = _fit(values, labelled, right, fold)
    in_fold: list[int | None] = list(unknown)
    for position, index in enumerate(labelled):
        in_fold[index] = int(fold[position])
    calibration = replace(
        calibration,
        method=f"{METHOD}, {FOLDS} folds by document",
        ece=expected_calibration_error(own, right),
        ece_by_chance=calibration_error_by_chance(own),
        brier=float(np.mean((own - right) ** 2)),
        auc=area_under_curve(own, right),
    )
    by_document = _documents(known, own, right, fold)
    by_value = (own, right, fold)
    accepted = [*acceptance("document", *by_document), *acceptance("value", *by_value, targets=())]
    return Calibrated(calibration, *_with_shipped(values, confidences), in_fold, reliability(own, right), accepted)


def _with_shipped(values: Sequence[Value], own: Sequence[float | None]) -> tuple[list[float | None], list[str | None]]:
    """The project's confidences, and those of the shipped calibration for values without one; and which is which. None is
    above the limit of its value."""
    confidences, sources = list(own), [None if confidence is None else PROJECT for confidence in own]
    for index, value in enumerate(values):
        shipped = value.features.get("shipped")
        if confidences[index] is None and shipped is not None and value.prediction is not None:
            confidences[index], sources[index] = shipped, SHIPPED
    for index, value in enumerate(values):
        sure = confidences[index]
        if sure is not None and "limit" in value.features:
            confidences[index] = min(sure, value.features["limit"])
    return confidences, sources


def _counts(labelled: Sequence[Value], groups: int, right: "Bools") -> Calibration:
    """A calibration without figures, and why nothing can be calibrated if there are too few values."""
    errors = len(labelled) - int(right.sum())
    message = _too_few(groups, len(labelled) - errors, errors)
    return Calibration(
        status="too_few" if message else "ok",
        message=message,
        method=None,
        documents=len({value.document_id for value in labelled}),
        groups=groups,
        values=len(labelled),
        errors=errors,
    )


def _too_few(groups: int, right: int, wrong: int) -> str | None:
    if groups < MIN_GROUPS:
        return f"{groups} labelled documents; {MIN_GROUPS} are needed to calibrate."
    for name, count in (("wrong", wrong), ("right", right)):
        if count < MIN_OUTCOMES:
            return f"{count} {name} values; {MIN_OUTCOMES} are needed to calibrate."
    return None


def _fit(
    values: Sequence[Value], labelled: Sequence[int], right: "Bools", fold: "Integers"
) -> tuple["Floats", list[float | None]]:
    """Confidences of the labelled values, and of all values by position (None for fields without a label)."""
    import numpy as np

    fields = sorted({values[index].field for index in labelled})
    known = [index for index, value in enumerate(values) if value.field in fields]
    matrix = matrix_of([values[index] for index in known], fields)
    row_of = {index: row for row, index in enumerate(known)}
    rows = np.array([row_of[index] for index in labelled])
    own = np.full(len(labelled), np.nan)
    for number in np.unique(fold):
        inside = fold == number
        own[inside] = logistic(matrix[rows[~inside]], right[~inside], matrix[rows[inside]])
    confidences: list[float | None] = [None] * len(values)
    for position, index in enumerate(labelled):
        confidences[index] = float(own[position])
    unlabelled = [index for index in known if values[index].correct is None]
    if unlabelled:
        rest = logistic(matrix[rows], right, matrix[np.array([row_of[index] for index in unlabelled])])
        for index, confidence in zip(unlabelled, rest, strict=True):
            confidences[index] = float(confidence)
    return own, confidences


def matrix_of(values: Sequence[Value], fields: Sequence[str]) -> "Floats":
    """One row per value: the evidence, which of it is unknown, and the field. Unknown evidence counts as 0."""
    import numpy as np

    names = sorted({name for value in values for name in value.features})
    matrix = np.zeros((len(values), 2 * len(names) + len(fields)))
    for row, value in enumerate(values):
        for column, name in enumerate(names):
            if name in value.features:
                matrix[row, column] = value.features[name]
            else:
                matrix[row, len(names) + column] = 1.0
        matrix[row, 2 * len(names) + fields.index(value.field)] = 1.0
    return matrix


def _folds(groups: Sequence[str]) -> dict[str, int]:
    """Assign groups to folds of equal size, in an order that is independent of their names."""
    import numpy as np

    order = np.random.default_rng(_SEED).permutation(len(groups))
    return {groups[index]: position % FOLDS for position, index in enumerate(order)}


def _documents(
    values: Sequence[Value], confidences: "Floats", right: "Bools", fold: "Integers"
) -> tuple["Floats", "Bools", "Integers"]:
    """Confidences, correctness and folds of whole documents: as sure as the least sure value, right if all values are."""
    import numpy as np

    positions: dict[str, list[int]] = {}
    for index, value in enumerate(values):
        positions.setdefault(value.document_id, []).append(index)
    parts = list(positions.values())
    return (
        np.array([confidences[part].min() for part in parts]),
        np.array([right[part].all() for part in parts]),
        np.array([fold[part[0]] for part in parts]),
    )
