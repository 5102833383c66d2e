"""From scores to probabilities, and how well probabilities hold: the one place for calibration in the project.

Two methods, because the inputs differ:

    isotonic   one score per value whose order can be trusted, as of a trained ranker or an ensemble's member
    logistic   several pieces of evidence of unlike scale, some unknown, as `diagnosis.confidence` has about any backend

Neither is ever applied to a document that it was fitted on. What follows from probabilities (bins, errors, thresholds) is
the same for both. Arrays hold one entry per value.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    """Fit a logistic regression and return the probabilities of the rows of `new_evidence`."""
    return Logistic.fit(evidence, right).probabilities(new_evidence)


@contextmanager
def one_thread() -> Iterator[None]:
    """For many small fits: threads of BLAS that wait for the next product take more time than the products."""
    import scipy.optimize  # noqa: F401  # limits hold for libraries that are loaded
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


_PENALTY = 1 / 0.3
"""Of the squared weights, in units of the loss of one value."""


@dataclass(frozen=True, eq=False)
class Logistic:
    """A logistic regression over standardised columns, those of `columns`: the others do not vary in what it was fitted on.

    The result is that of scikit-learn's StandardScaler and LogisticRegression(C=0.3): the same algorithm with the same
    tolerances. The import of scikit-learn alone takes longer than a hundred fits.
    Source: Platt, Probabilistic Outputs for Support Vector Machines, 1999.
    """

    columns: "Bools"
    mean: "Floats"
    scale: "Floats"
    weights: "Floats"
    """The last one is the intercept."""

    @classmethod
    def fit(cls, evidence: "Floats", right: "Bools") -> "Logistic":
        """One row of evidence per value. If all are right, or none, every value is as probable."""
        import numpy as np
        from scipy.optimize import minimize
        from scipy.special import expit

        columns = evidence.max(axis=0) > evidence.min(axis=0)
        if right.all() or not right.any():
            columns[:] = False
            return cls(columns, np.zeros(0), np.zeros(0), np.array([np.inf if right.all() else -np.inf]))
        mean, scale = evidence[:, columns].mean(axis=0), evidence[:, columns].std(axis=0)
        rows, targets, count = (evidence[:, columns] - mean) / scale, right.astype(np.float64), len(right)
        penalty = _PENALTY / count

        def loss(weights: "Floats") -> "tuple[float, Floats]":
            """The mean loss with its penalty, and the gradient."""
            slopes, scores = weights[:-1], rows @ weights[:-1] + weights[-1]
            errors = (expit(scores) - targets) / count
            mean_loss = float((np.logaddexp(0, scores) - targets * scores).sum()) / count
            gradient = np.append(errors @ rows + penalty * slopes, errors.sum())
            return mean_loss + 0.5 * penalty * float(slopes @ slopes), gradient

        options = {"maxiter": 1000, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(np.float64).eps}
        found = minimize(loss, np.zeros(rows.shape[1] + 1), method="L-BFGS-B", jac=True, options=options)
        return cls(columns, mean, scale, found.x)

    def probabilities(self, evidence: "Floats") -> "Floats":
        """How probably each value is right."""
        import numpy as np
        from scipy.special import expit

        rows = (evidence[:, self.columns] - self.mean) / self.scale
        return np.asarray(expit(rows @ self.weights[:-1] + self.weights[-1]), dtype=np.float64)


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
    errors = np.zeros(_DRAWS)
    for part in equal_bins(confidences):
        accuracies = draws[:, part].sum(axis=1) / len(part)
        errors += len(part) * np.abs(float(confidences[part].mean()) - accuracies)
    return float(np.mean(errors / len(confidences)))


def area_under_curve(confidences: "Floats", right: "Bools") -> float:
    """Probability that a right value has a higher confidence than a wrong one: the area under the ROC curve by trapezoids."""
    import numpy as np

    order = np.argsort(-confidences, kind="stable")
    last_of_equals = np.append(np.flatnonzero(np.diff(confidences[order])), len(order) - 1)
    hits = np.cumsum(right[order])[last_of_equals]
    misses = 1 + last_of_equals - hits
    corners = np.concatenate([[True], (np.diff(misses, 2) != 0) | (np.diff(hits, 2) != 0), [True]])[-len(hits) :]
    shares = [np.append(0, counts[corners]) / counts[-1] for counts in (misses, hits)]
    return float(np.trapezoid(shares[1], shares[0]))


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
