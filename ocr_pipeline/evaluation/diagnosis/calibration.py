"""How sure a value is: evidence about it, calibrated on labelled documents to a probability, and what that is worth.

A logistic regression turns the evidence into a probability, one for each backend of a data set (Platt, Probabilistic
Outputs for Support Vector Machines, 1999). A value is never reported with a probability that was fitted on its own
document or on a copy of it: documents are cut into folds by groups of copies, and each fold gets the probabilities of a
model that was fitted on the others. Thresholds for accepting are chosen in the same way. An empty value is a statement,
too: that the document does not have it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ocr_pipeline.evaluation.statistics.intervals import wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

METHOD = "logistic regression"
FOLDS = 5
BINS = 10
FEWEST_GROUPS, FEWEST_OF_A_KIND = 30, 10
"""With fewer documents (copies counted once), or fewer right or wrong values than this, nothing is calibrated: a fold
would hold one or two errors, and a probability fitted to them is a guess with decimals."""
TARGETS = (0.0, 0.005, 0.01, 0.02, 0.05)
"""Shares of wrong among what is accepted, for which thresholds are chosen."""
SHARES = tuple(step / 10 for step in range(1, 11))
"""Shares of the surest documents, for the curve."""
_DRAWS = 200
_SEED = 20261125


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value, or the statement that there is none, with the evidence about it.

    `features` are named numbers; one that is not known is left out. `correct` is None where nothing is labelled.
    `group` is that of copies of one document.
    """

    document_id: str
    group: str
    field: str
    prediction: str | None
    correct: bool | None
    features: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How well the confidences of one backend fit. Columns as in the table `calibrations`.

    `ece`: expected calibration error, the mean distance of confidence and accuracy over bins of equal size, weighted by
    size (Naeini et al., AAAI 2015). It is above 0 even for a perfect calibration, the more the fewer values: so much is
    `ece_by_chance`, the mean over outcomes that are drawn from the confidences themselves. `brier`: mean squared error.
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


@dataclass(frozen=True, kw_only=True)
class Bin:
    """A point of the reliability curve: values of like confidence, and how many of them are right."""

    bin: int
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What is accepted without a look, and how much of it is wrong. Columns as in the table `risk_coverage`."""

    level: str
    target_risk: float | None
    threshold: float | None
    n: int
    accepted: int
    coverage: float
    errors: int
    risk: float | None
    risk_low: float | None
    risk_high: float | None


@dataclass(frozen=True)
class Calibrated:
    """`confidences` and `folds` by the position of the value; None where there is none."""

    calibration: Calibration
    confidences: Sequence[float | None]
    folds: Sequence[int | None]
    reliability: Sequence[Bin]
    acceptance: Sequence[Acceptance]


def calibrate(values: Sequence[Value], *, folds: int = FOLDS) -> Calibrated:
    """Confidences of all values of one backend and data set, and how good they are.

    Labelled values get theirs from models that did not see their group; unlabelled ones from a model fitted on all
    labelled documents, for the fields that are labelled somewhere.
    """
    labelled = [index for index, value in enumerate(values) if value.correct is not None]
    groups = sorted({values[index].group for index in labelled})
    errors = sum(not values[index].correct for index in labelled)
    counts: dict[str, Any] = {
        "documents": len({values[index].document_id for index in labelled}),
        "groups": len(groups),
        "values": len(labelled),
        "errors": errors,
    }
    lacking = _lacking(len(groups), len(labelled) - errors, errors)
    nothing = [None] * len(values)
    if lacking:
        calibration = Calibration(status="too_few", message=lacking, method=None, **counts)
        return Calibrated(calibration, nothing, nothing, [], [])

    import numpy as np

    fields = sorted({values[index].field for index in labelled})
    known = [index for index, value in enumerate(values) if value.field in fields]
    matrix = _matrix([values[index] for index in known], fields)
    row_of = {index: row for row, index in enumerate(known)}
    rows = np.array([row_of[index] for index in labelled])
    right = np.array([bool(values[index].correct) for index in labelled])
    fold_of = _folds(groups, folds)
    fold = np.array([fold_of[values[index].group] for index in labelled])

    found = np.full(len(labelled), np.nan)
    for number in range(folds):
        inside = fold == number
        found[inside] = _fitted(matrix[rows[~inside]], right[~inside], matrix[rows[inside]])
    confidences: list[float | None] = list(nothing)
    in_fold: list[int | None] = list(nothing)
    for position, index in enumerate(labelled):
        confidences[index], in_fold[index] = float(found[position]), int(fold[position])
    others = [index for index in known if values[index].correct is None]
    if others:
        fresh = _fitted(matrix[rows], right, matrix[np.array([row_of[index] for index in others])])
        for index, confidence in zip(others, fresh, strict=True):
            confidences[index] = float(confidence)

    bins = reliability(found, right)
    calibration = Calibration(
        status="ok",
        message=None,
        method=f"{METHOD}, {folds} folds by document",
        ece=expected_calibration_error(found, right),
        ece_by_chance=_by_chance(found),
        brier=float(np.mean((found - right) ** 2)),
        auc=_auc(found, right),
        **counts,
    )
    accepted = _documents([values[index] for index in labelled], found, right, fold)
    return Calibrated(
        calibration,
        confidences,
        in_fold,
        bins,
        [*acceptance("document", *accepted), *acceptance("value", found, right, fold)],
    )


def _lacking(groups: int, right: int, wrong: int) -> str | None:
    if groups < FEWEST_GROUPS:
        return f"{groups} labelled documents; {FEWEST_GROUPS} are needed to calibrate."
    for name, count in (("wrong", wrong), ("right", right)):
        if count < FEWEST_OF_A_KIND:
            return f"{count} {name} values; {FEWEST_OF_A_KIND} are needed to calibrate."
    return None


def _matrix(values: Sequence[Value], fields: Sequence[str]) -> "Floats":
    """One row per value: the evidence, what of it is not known, and the field. What is not known counts as 0."""
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


def _fitted(train: "Floats", right: "Bools", apply: "Floats") -> "Floats":
    """Probabilities for `apply` of a model fitted on `train`."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if right.all() or not right.any():
        return np.full(len(apply), float(right.mean()))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000))
    model.fit(train, right)
    return np.asarray(model.predict_proba(apply)[:, 1], dtype=np.float64)


def _folds(groups: Sequence[str], folds: int) -> dict[str, int]:
    """A fold for each group, of equal size, in an order that has nothing to do with their names."""
    import numpy as np

    order = np.random.default_rng(_SEED).permutation(len(groups))
    return {groups[index]: position % folds for position, index in enumerate(order)}


def expected_calibration_error(confidences: "Floats", right: "Bools") -> float:
    """See `Calibration.ece`; 0..1."""
    return sum(one.n * abs(one.confidence - one.accuracy) for one in reliability(confidences, right)) / len(right)


def reliability(confidences: "Floats", right: "Bools") -> list[Bin]:
    """Ten bins of equal size by confidence (fewer for fewer than ten values), with Wilson intervals of 95 %."""
    import numpy as np

    order = np.argsort(confidences, kind="stable")
    found = []
    for number, part in enumerate(np.array_split(order, min(BINS, len(order)))):
        hits = int(right[part].sum())
        interval = wilson(hits, len(part))
        assert interval is not None
        found.append(
            Bin(
                bin=number,
                n=len(part),
                confidence=float(confidences[part].mean()),
                accuracy=hits / len(part),
                accuracy_low=interval[0],
                accuracy_high=interval[1],
            )
        )
    return found


def _by_chance(confidences: "Floats") -> float:
    import numpy as np

    draws = np.random.default_rng(_SEED).random((_DRAWS, len(confidences))) < confidences
    return float(np.mean([expected_calibration_error(confidences, draw) for draw in draws]))


def _auc(confidences: "Floats", right: "Bools") -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(right, confidences))


def _documents(
    values: Sequence[Value], confidences: "Floats", right: "Bools", fold: "NDArray[np.int64]"
) -> tuple["Floats", "Bools", "NDArray[np.int64]"]:
    """The same for whole documents: as sure as their least sure value, right where all labelled values are."""
    import numpy as np

    rows: dict[str, list[int]] = {}
    for index, value in enumerate(values):
        rows.setdefault(value.document_id, []).append(index)
    parts = list(rows.values())
    return (
        np.array([confidences[part].min() for part in parts]),
        np.array([right[part].all() for part in parts]),
        np.array([fold[part[0]] for part in parts]),
    )


def acceptance(level: str, confidences: "Floats", right: "Bools", fold: "NDArray[np.int64]") -> list[Acceptance]:
    """What is accepted at each target risk, and the curve of the surest 10 % to all.

    For a target risk, each fold is judged by the threshold that the other folds need for it, so that the risk is that
    of a threshold which has not seen the document; `threshold` is the one from all, for new documents. The curve has no
    threshold that was chosen: it orders by confidence and counts (risk-coverage curve; El-Yaniv and Wiener, JMLR 2010).
    """
    import numpy as np

    rows = []
    for target in TARGETS:
        accepted = np.zeros(len(right), dtype=bool)
        for number in np.unique(fold):
            inside = fold == number
            threshold = _threshold(confidences[~inside], right[~inside], target)
            if threshold is not None:
                accepted[inside] = confidences[inside] >= threshold
        rows.append(_acceptance(level, target, _threshold(confidences, right, target), right, accepted))
    order = np.argsort(-confidences, kind="stable")
    for share in SHARES:
        surest = order[: max(1, round(share * len(order)))]
        accepted = np.zeros(len(right), dtype=bool)
        accepted[surest] = True
        rows.append(_acceptance(level, None, float(confidences[surest[-1]]), right, accepted))
    return rows


def _threshold(confidences: "Floats", right: "Bools", target: float) -> float | None:
    """The lowest confidence from which on at most `target` of all is wrong; None where there is none."""
    import numpy as np

    order = np.argsort(-confidences, kind="stable")
    sure = confidences[order]
    risk = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    last_of_its_value = np.append(sure[1:] < sure[:-1], True) if len(sure) else np.array([], dtype=bool)
    good = np.flatnonzero((risk <= target) & last_of_its_value)
    return float(sure[good[-1]]) if len(good) else None


def _acceptance(
    level: str, target: float | None, threshold: float | None, right: "Bools", accepted: "Bools"
) -> Acceptance:
    count, errors = int(accepted.sum()), int((accepted & ~right).sum())
    interval = wilson(errors, count)
    return Acceptance(
        level=level,
        target_risk=target,
        threshold=threshold,
        n=len(right),
        accepted=count,
        coverage=count / len(right),
        errors=errors,
        risk=errors / count if count else None,
        risk_low=interval[0] if interval else None,
        risk_high=interval[1] if interval else None,
    )
