"""Counts of outcomes that add up, with precision, recall and F1: the only place that computes them.

`Counts` is the number of one set of values. Resampling needs thousands of such numbers at once: the functions below do the
same on arrays whose last axis is `PARTS`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from ocr_pipeline.evaluation.statistics.rates import rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Outcome = Literal["correct", "wrong", "spurious", "missing", "both_empty"]
"""`wrong`: both have a value and they differ. `spurious`: only the prediction has one. `missing`: only the label has
one. `both_empty` is counted but never enters a headline score, because it would inflate it (awslabs/stickler #354)."""

PrintedReads = Literal["correct", "wrong", "unreadable"]
"""What the printed text of a date says by itself, beside the labelled date."""

RIGHT: tuple[Outcome, ...] = ("correct", "both_empty")
"""Outcomes of a value that is correct, or rightly left empty."""

PARTS = ("correct", "predicted", "labelled")
"""The last axis of arrays of counts: what precision, recall and F1 are computed from."""


@dataclass(frozen=True)
class Counts:
    """Numbers of values by outcome. They add up: `a + b`, `sum(counts)`.

    A wrong value is a false positive and a false negative: the value given is not on the label, and that of the label was
    not given. Rates are 0..1, and None if undefined (nothing to divide by).
    """

    correct: int = 0
    wrong: int = 0
    spurious: int = 0
    missing: int = 0
    both_empty: int = 0

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Self:
        """Count outcomes."""
        numbers = Counter(outcomes)
        return cls(*(numbers[outcome] for outcome in get_args(Outcome)))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.correct + other.correct,
            self.wrong + other.wrong,
            self.spurious + other.spurious,
            self.missing + other.missing,
            self.both_empty + other.both_empty,
        )

    def __radd__(self, start: int) -> "Counts":
        """`sum` starts with 0."""
        return self if start == 0 else NotImplemented

    @property
    def tp(self) -> int:
        """True positives."""
        return self.correct

    @property
    def fp(self) -> int:
        """False positives: values given that are not those of the label."""
        return self.wrong + self.spurious

    @property
    def fn(self) -> int:
        """False negatives: labelled values that were not given."""
        return self.wrong + self.missing

    @property
    def predicted(self) -> int:
        """Values given."""
        return self.tp + self.fp

    @property
    def labelled(self) -> int:
        """Labelled values."""
        return self.tp + self.fn

    @property
    def right(self) -> int:
        """Values that are correct, or rightly left empty."""
        return self.correct + self.both_empty

    @property
    def total(self) -> int:
        """All values that were compared."""
        return self.correct + self.wrong + self.spurious + self.missing + self.both_empty

    @property
    def parts(self) -> tuple[int, int, int]:
        """The numbers of `PARTS`."""
        return self.correct, self.predicted, self.labelled

    @property
    def precision(self) -> float | None:
        """tp / (tp + fp)."""
        return rate(self.tp, self.predicted)

    @property
    def recall(self) -> float | None:
        """tp / (tp + fn)."""
        return rate(self.tp, self.labelled)

    @property
    def f1(self) -> float | None:
        """2 · tp / (2 · tp + fp + fn), which is 2 · correct / (values predicted + values labelled)."""
        return rate(2 * self.tp, self.predicted + self.labelled)


LABELLED: tuple[Outcome, ...] = tuple(outcome for outcome in get_args(Outcome) if Counts.of([outcome]).labelled)
"""Outcomes of a value that the label has."""


def part_table() -> "NDArray[np.int8]":
    """What each outcome adds to `PARTS`: (outcomes + 1, 3). Row 0 is a value without outcome, then the order of `Outcome`."""
    import numpy as np

    return np.array([Counts().parts, *(Counts.of([outcome]).parts for outcome in get_args(Outcome))], np.int8)


def array_of(documents: Iterable[Counts]) -> "NDArray[np.int64]":
    """The counts of documents as an array: (documents, 3)."""
    import numpy as np

    return np.array([counts.parts for counts in documents], np.int64).reshape(-1, len(PARTS))


def f1_terms(parts: "NDArray[np.integer[Any]]") -> "NDArray[np.int64]":
    """Numerator and denominator of F1: (..., 2) from (..., 3). Like counts, they may be added before they are divided."""
    import numpy as np

    wide = _wide(parts)
    return np.stack([2 * wide[..., 0], wide[..., 1] + wide[..., 2]], axis=-1)


def precision_terms(parts: "NDArray[np.integer[Any]]") -> "NDArray[np.int64]":
    """Numerator and denominator of precision: (..., 2) from (..., 3)."""
    return _wide(parts)[..., [0, 1]]


def recall_terms(parts: "NDArray[np.integer[Any]]") -> "NDArray[np.int64]":
    """Numerator and denominator of recall: (..., 2) from (..., 3)."""
    return _wide(parts)[..., [0, 2]]


def _wide(parts: "NDArray[np.integer[Any]]") -> "NDArray[np.int64]":
    import numpy as np

    return parts.astype(np.int64)


def quotient(terms: "NDArray[Any]") -> "NDArray[np.float64]":
    """Rates from their terms: (...) from (..., 2). NaN where undefined."""
    import numpy as np

    numerators, denominators = terms[..., 0], terms[..., 1]
    undefined = np.full(numerators.shape, np.nan)
    rates: NDArray[np.float64] = np.divide(numerators, denominators, out=undefined, where=denominators > 0)
    return rates
