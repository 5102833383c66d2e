"""From scores to probabilities, and how well probabilities hold: the one place for calibration in the project.

Two methods, because the inputs differ:

    isotonic   one score per value whose order can be trusted, as of a trained ranker or an ensemble's member
    logistic   several pieces of evidence of unlike scale, some unknown, as `diagnosis.confidence` has about any backend

Neither is ever applied to a document that it was fitted on. What follows from probabilities (bins, errors, thresholds) is
the same for both. Arrays hold one entry per value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.statistics.intervals import wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Integers = NDArray[np.int64]

BINS = 10
_DRAWS = 200
_SEED = 20261125


def isotonic(scores: Sequence[float], right: Sequence[bool]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Fit a rising curve from score to the share of right values. Returns its points as (scores, shares)."""
    from sklearn.isotonic import IsotonicRegression

    if not scores:
        return (0.0,), (0.0,)
    curve = IsotonicRegression(out_of_bounds="clip").fit(list(scores), [float(flag) for flag in right])
    return tuple(map(float, curve.X_thresholds_)), tuple(map(float, curve.y_thresholds_))


def logistic(evidence: "Floats", right: "Bools", new_evidence: "Floats") -> "Floats":
    """Fit a logistic regression and return the probabilities of the rows of `new_evidence`.

    Source: Platt, Probabilistic Outputs for Support Vector Machines, 1999. Columns are standardised.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if right.all() or not right.any():
        return np.full(len(new_evidence), float(right.mean()))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000))
    model.fit(evidence, right)
    return np.asarray(model.predict_proba(new_evidence)[:, 1], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Bin:
    """A point of the reliability curve: values of similar confidence and the share of them that is right."""

    bin: int
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


def equal_bins(confidences: "Floats | Sequence[float]", bins: int = BINS) -> "list[Integers]":
    """Cut values into bins of equal size by confidence: positions, lowest confidence first. Fewer values, fewer bins."""
    import numpy as np

    order = np.argsort(confidences, kind="stable")
    return list(np.array_split(order, min(bins, len(order)))) if len(order) else []


def reliability(confidences: "Floats", right: "Bools") -> list[Bin]:
    """Compute the reliability curve: ten bins of equal size with Wilson intervals of 95 %."""
    curve = []
    for number, part in enumerate(equal_bins(confidences)):
        hits = int(right[part].sum())
        interval = wilson(hits, len(part))
        assert interval is not None
        curve.append(
            Bin(
                bin=number,
                n=len(part),
                confidence=float(confidences[part].mean()),
                accuracy=hits / len(part),
                accuracy_low=interval[0],
                accuracy_high=interval[1],
            )
        )
    return curve


def expected_calibration_error(confidences: "Floats", right: "Bools") -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by size (Naeini et al., AAAI 2015), 0..1."""
    return sum(part.n * abs(part.confidence - part.accuracy) for part in reliability(confidences, right)) / len(right)


def calibration_error_by_chance(confidences: "Floats") -> float:
    """Expected calibration error of perfect confidences: the mean over outcomes drawn from the confidences themselves."""
    import numpy as np

    draws = np.random.default_rng(_SEED).random((_DRAWS, len(confidences))) < confidences
    return float(np.mean([expected_calibration_error(confidences, draw) for draw in draws]))


def area_under_curve(confidences: "Floats", right: "Bools") -> float:
    """Probability that a right value has a higher confidence than a wrong one."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(right, confidences))


def risk_threshold(
    confidences: "Floats | Sequence[float]", right: "Bools | Sequence[bool]", risk: float, *, split_ties: bool = False
) -> float | None:
    """Find the lowest confidence above which at most `risk` (0..1) of all values is wrong; None if there is none.

    Values of equal confidence are accepted together. With `split_ties`, the right ones among them come first, which is
    optimistic: the reports inside trained models were made like this, and changing them would make the models stale.
    """
    import numpy as np

    sure, wrong = np.asarray(confidences, dtype=np.float64), ~np.asarray(right, dtype=bool)
    order = np.lexsort((wrong, -sure)) if split_ties else np.argsort(-sure, kind="stable")
    sorted_confidences = sure[order]
    risks = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    is_end = np.ones(len(order), dtype=bool)
    if not split_ties:
        is_end[:-1] = sorted_confidences[1:] < sorted_confidences[:-1]
    accepted = np.flatnonzero((risks <= risk) & is_end)
    return float(sorted_confidences[accepted[-1]]) if len(accepted) else None
