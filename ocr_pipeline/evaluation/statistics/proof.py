"""What labels prove about the share of wrong documents among accepted ones: bounds, thresholds, numbers of labels.

Every statement is about an upper bound (one-sided, 95 %), never about the share that was counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.statistics.calibration import Bools, Floats, Integers

CONFIDENCE = 0.95
STEP = 0.05
"""Share of the labelled documents between two thresholds that are tested."""
START = 0.5
"""Share of the labelled documents that the first threshold accepts, if they are enough to prove the target."""
MAX_OFFER = 200
"""Thousandths: higher targets are not worth an offer."""


@lru_cache(maxsize=100_000)  # thresholds are tried for every fold and target, with the same counts again and again
def upper_bound(errors: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided upper bound of an error rate after `errors` of `n`; 1 without any.

    Source: Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 26 (1934). Exact for any n.
    """
    from scipy.special import betaincinv

    _check(errors, n)
    return 1.0 if errors >= n else float(betaincinv(errors + 1, n - errors, confidence))


def lower_bound(errors: int, n: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided lower bound; 0 without an error."""
    from scipy.special import betaincinv

    _check(errors, n)
    return 0.0 if errors == 0 else float(betaincinv(errors, n - errors + 1, 1 - confidence))


def _check(errors: int, n: int) -> None:
    if not 0 <= errors <= n:
        raise ValueError(f"{errors} errors in {n} documents is not a proportion")


@lru_cache(maxsize=10_000)
def documents_needed(target: float, errors: int = 0) -> int:
    """The fewest accepted documents that prove an error rate of at most `target` (0..1) with this many errors among them."""
    if not 0 < target < 1:
        raise ValueError(f"a target of {target} cannot be proved")
    low, high = errors, errors + 1
    while upper_bound(errors, high) > target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if upper_bound(errors, middle) <= target else (middle, high)
    return high


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What labels prove about accepting from a confidence on.

    Attributes:
        target: the highest share of wrong documents that was wanted (0..1).
        threshold: accept from this confidence on; None: nothing is proved, so nothing is accepted.
        labelled: labelled documents.
        accepted: of these, above the threshold; without one, of the fewest that could prove the target.
        errors: wrong ones among the accepted.
        bound: upper bound of their error rate.
        needed: the fewest accepted documents that prove the target without an error.
        smallest: the smallest target that can be proved with these labels; None: none.
    """

    target: float
    threshold: float | None
    labelled: int
    accepted: int
    errors: int
    bound: float
    needed: int
    smallest: float | None

    @property
    def proved(self) -> bool:
        return self.threshold is not None

    @property
    def sentence(self) -> str:
        """What may be accepted, or what is missing."""
        if self.threshold is not None:
            return (
                f"accept {100 * self.accepted / self.labelled:.0f} % of documents ({self.accepted} of {self.labelled};"
                f" {self.errors} wrong, at most {percent(self.bound)} with 95 % confidence)"
            )
        offer = (
            f"{percent(self.smallest)} can be proved" if self.smallest is not None else "no target can be proved yet"
        )
        if self.labelled < self.needed:
            labels = f"{self.labelled} labelled document{'s' * (self.labelled != 1)}"
            return f"accept nothing: {percent(self.target)} needs {self.needed} without an error, there are {labels}; {offer}"
        return (
            f"accept nothing: {self.errors} of the {self.accepted} surest labelled documents are wrong, at most"
            f" {percent(self.bound)} with 95 % confidence; {offer}"
        )


def percent(share: float) -> str:
    """As a percentage with one decimal, rounded up, so that a bound stays one."""
    from math import ceil

    return f"{ceil(round(1000 * share, 6)) / 10:g} %"


def prove(
    confidences: "Floats | Sequence[float]", right: "Bools | Sequence[bool]", target: float, *, offer: bool = True
) -> Proof:
    """Find the threshold above which the least is wrong, at most `target` as an upper bound that holds although it is chosen.

    Fixed-sequence testing over thresholds (Angelopoulos et al., Learn then Test, Annals of Applied Statistics 19, 2025): the
    order is fixed before any label is looked at, from few documents that can prove the target (`_first`) towards more in steps
    of `STEP`, and it ends at the first threshold that is not proved; so no correction for their number is needed. Of those
    that are proved, the one with the lowest bound is taken.
    Confidences have to come from models that did not see the document; a negative one is never accepted. Without `offer`, the
    smallest target that can be proved is not looked for.
    """
    import numpy as np

    sure, flags = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=bool)
    order = np.argsort(-sure, kind="stable")
    wrong, ordered = np.cumsum(~flags[order]), sure[order]
    ordered = ordered[: int((ordered >= 0).sum())]
    counts = _sequence(ordered, _first(target, len(sure)))
    proved = _proved(wrong, counts, target)
    tried = proved or (counts[0] if counts else len(ordered))
    errors = int(wrong[tried - 1]) if tried else 0
    return Proof(
        target=target,
        threshold=float(ordered[proved - 1]) if proved else None,
        labelled=len(sure),
        accepted=tried,
        errors=errors,
        bound=upper_bound(errors, tried),
        needed=documents_needed(target),
        smallest=None if proved or not offer else _smallest(wrong, ordered, target),
    )


def nothing(labelled: int, target: float) -> Proof:
    """What too few labels prove."""
    needed = documents_needed(target)
    return Proof(
        target=target, threshold=None, labelled=labelled, accepted=0, errors=0, bound=1.0, needed=needed, smallest=None
    )


def _first(target: float, labelled: int) -> int:
    """How many documents the first threshold accepts. One error among the very surest, as likely as not a wrong label, must
    not end the search; so it does not begin at the fewest documents if there are labels enough."""
    return max(documents_needed(target), round(START * labelled))


def _sequence(ordered: "Floats", first: int) -> list[int]:
    """How many documents each tested threshold accepts, in the order of the tests; equal confidences together."""
    step = max(1, round(STEP * len(ordered)))
    return sorted({_with_equals(ordered, count) for count in range(first, len(ordered) + 1, step)})


def _with_equals(ordered: "Floats", count: int) -> int:
    """The number of the surest `count` and of those that are as sure as the last of them."""
    import numpy as np

    return int(np.searchsorted(-ordered, -ordered[count - 1], side="right"))


def _proved(wrong: "Integers", counts: Sequence[int], target: float) -> int:
    """Of the thresholds that are proved, the one with the lowest bound; 0: none. The last one would be the luckiest: its error
    on other documents is above the target more often."""
    best, lowest = 0, 1.0
    for count in counts:
        bound = upper_bound(int(wrong[count - 1]), count)
        if bound > target:
            break
        if bound <= lowest:
            best, lowest = count, bound
    return best


def _smallest(wrong: "Integers", ordered: "Floats", above: float) -> float | None:
    """The smallest target in steps of 0.1 % for which something is proved."""
    for step in range(int(1000 * above) + 1, MAX_OFFER + 1):
        target = step / 1000
        first = _first(target, len(wrong))
        # The first threshold alone: if it is not proved, no other one is tried.
        if first <= len(ordered) and _proved(wrong, [_with_equals(ordered, first)], target):
            return target
    return None
