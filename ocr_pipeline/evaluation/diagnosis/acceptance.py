"""What could be accepted without review at a given risk: thresholds and the risk-coverage curve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.evaluation.statistics.intervals import wilson
from ocr_pipeline.evaluation.statistics.proof import prove
from ocr_pipeline.evaluation.statistics.rates import high, low, rate

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.statistics.calibration import Bools, Floats, Integers

TARGETS = (0.01, 0.02, 0.03, 0.05)
"""Shares of wrong documents among the accepted ones, for which thresholds are proved."""
SHARES = tuple(step / 10 for step in range(1, 11))
"""Shares of the surest values, for the curve."""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What is accepted without review, and how much of it is wrong. Columns as in the table `risk_coverage`."""

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


Choose = Callable[["Floats", "Bools", float], float | None]
"""Finds the threshold for a target: (confidences, right, target) -> threshold, None if there is none."""


def proved_threshold(confidences: "Floats", right: "Bools", target: float) -> float | None:
    """The threshold whose error has an upper bound of at most the target."""
    return prove(confidences, right, target, offer=False).threshold


def acceptance(
    level: str,
    confidences: "Floats",
    right: "Bools",
    fold: "Integers",
    targets: Sequence[float] = TARGETS,
    choose: Choose = proved_threshold,
) -> list[Acceptance]:
    """Compute what is accepted at each target risk, and the curve of the surest 10 % to 100 %.

    For a target risk, each fold is judged by the threshold that the other folds give for it, so that no threshold has seen
    the documents whose risk is reported; `threshold` is the one of all folds, for new documents. The curve chooses no
    threshold: it orders by confidence and counts (risk-coverage curve; El-Yaniv and Wiener, JMLR 2010). Bounds take what is
    counted as independent: values of one document are not, so they have a curve and no targets.
    """
    import numpy as np

    rows = []
    for target in targets:
        accepted = np.zeros(len(right), dtype=bool)
        for number in np.unique(fold):
            inside = fold == number
            threshold = choose(confidences[~inside], right[~inside], target)
            if threshold is not None:
                accepted[inside] = confidences[inside] >= threshold
        rows.append(_acceptance(level, target, choose(confidences, right, target), right, accepted))
    order = np.argsort(-confidences, kind="stable")
    for share in SHARES:
        surest = order[: max(1, round(share * len(order)))]
        accepted = np.zeros(len(right), dtype=bool)
        accepted[surest] = True
        rows.append(_acceptance(level, None, float(confidences[surest[-1]]), right, accepted))
    return rows


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
        risk=rate(errors, count),
        risk_low=low(interval),
        risk_high=high(interval),
    )
