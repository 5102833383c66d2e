"""Whether a difference is real or luck: McNemar's test, the randomization test, the paired bootstrap over documents, and
Holm's correction for many tests.

Everything is deterministic: equal input and seed give equal output.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ocr_pipeline.evaluation.statistics.intervals import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALPHA = 0.05
"""A difference is significant if its corrected p is below."""

PAIRED_RESAMPLES = 5000
"""The smallest p of a randomization test is 1 / 5001 = 0.0002: still below 0.05 when Holm multiplies it by 200."""

_DRAWS_AT_A_TIME = 2_000_000
_KEPT_DRAWS = 5_000_000
"""Draws that are kept in memory: 20 MB each."""


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p of "A and B are right equally often", from the documents that only one of them has right.

    Under this hypothesis each of these documents favours either side with probability 1/2; documents that both or neither
    have right do not matter. Source: McNemar, Psychometrika 12 (1947), with the exact binomial instead of chi-squared.
    """
    from scipy.special import bdtr

    if only_a == only_b:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for the number of tests, in the same order.

    Calling those below 0.05 significant is wrong about any of them in at most 5 % of such families. Source: Holm, A
    Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979).
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def resampled_sums(per_document: "NDArray[Any]", *, seed: int = 0, resamples: int = PAIRED_RESAMPLES) -> "Floats":
    """Column sums of samples of documents, drawn with replacement: (resamples, columns) from (documents, columns).

    All columns are summed over the same draws. So differences between columns are paired, and one call serves all backends
    and fields: time grows with the documents, not with the pairs.
    """
    return _sums(_drawn, per_document, seed, resamples)


def _drawn(documents: int, size: int, rng: "np.random.Generator") -> "NDArray[Any]":
    """How often each document is drawn, in `size` samples."""
    import numpy as np

    drawn = rng.integers(0, documents, size=(size, documents))
    drawn += documents * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * documents).reshape(size, documents)


Draw = Callable[[int, int, "np.random.Generator"], "NDArray[Any]"]
"""Draws samples: (documents, samples, generator) -> (samples, documents)."""


def _sums(draw: Draw, per_document: "NDArray[Any]", seed: int, resamples: int) -> "Floats":
    """Column sums of all samples: (resamples, columns) from (documents, columns)."""
    import numpy as np

    documents, columns = per_document.shape
    values = _summable(per_document)
    sums = np.empty((resamples, columns))
    done = 0
    for weights in _draws(draw, documents, resamples, seed):
        sums[done : done + len(weights)] = weights.astype(values.dtype, copy=False) @ values
        done += len(weights)
    return sums


def _draws(draw: Draw, documents: int, resamples: int, seed: int) -> "Iterable[NDArray[Any]]":
    """All samples, some thousand at a time. Those of few documents are kept, as each set of rules asks for the same."""
    at_a_time = max(1, _DRAWS_AT_A_TIME // max(documents, 1))
    of_all = _kept_draws if documents * resamples <= _KEPT_DRAWS else _each_draw
    return of_all(draw, documents, resamples, at_a_time, seed)


def _each_draw(draw: Draw, documents: int, resamples: int, at_a_time: int, seed: int) -> "Iterator[NDArray[Any]]":
    import numpy as np

    rng = np.random.default_rng(seed)
    for start in range(0, resamples, at_a_time):
        yield draw(documents, min(at_a_time, resamples - start), rng)


@lru_cache(maxsize=4)
def _kept_draws(draw: Draw, documents: int, resamples: int, at_a_time: int, seed: int) -> "tuple[NDArray[Any], ...]":
    import numpy as np

    return tuple(part.astype(np.float32) for part in _each_draw(draw, documents, resamples, at_a_time, seed))


def _summable(values: "NDArray[Any]") -> "NDArray[np.floating[Any]]":
    """Floats to sum up: of single precision if the sums of any sample are whole numbers that are exact in it."""
    import numpy as np

    exact = np.issubdtype(values.dtype, np.integer) and len(values) * np.abs(values).max(initial=0) < 2**24
    return values.astype(np.float32 if exact else np.float64)


def percentile_interval(estimates: "Floats", confidence: float = 0.95) -> Interval | None:
    """Percentile interval of resampled estimates. NaN (samples without anything to count) is left out."""
    import numpy as np

    known = estimates[~np.isnan(estimates)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def swapped_sums(differences: "NDArray[Any]", *, seed: int = 0, resamples: int = PAIRED_RESAMPLES) -> "Floats":
    """Column sums over documents drawn by a fair coin each: (resamples, columns) from (documents, columns).

    With A minus B as columns, this is what A loses and B gains if the two change places in the drawn documents. All columns
    share the same coins.
    """
    return _sums(_tossed, differences, seed, resamples)


def _tossed(documents: int, size: int, rng: "np.random.Generator") -> "NDArray[Any]":
    """Whether each document is drawn by its coin, in `size` samples."""
    import numpy as np

    return rng.random((size, documents), dtype=np.float32) < 0.5


def randomization_p(difference: float, under_chance: "Floats") -> float:
    """Two-sided p of "A and B are interchangeable": the share of random exchanges that differ at least as much.

    Under this hypothesis A and B are equally likely to change places in a document, in all its fields together. Unlike a p
    from the bootstrap it holds for few documents: five lost documents out of seven give p = 2 / 32, and 0.0004 by the
    bootstrap. For one field it is McNemar's test. One is added to both numbers, because the observed difference is one of
    the exchanges. Source: Noreen, Computer-Intensive Methods for Testing Hypotheses (1989); for F1: Yeh, More Accurate Tests
    for the Statistical Significance of Result Differences, COLING 2000.
    """
    import numpy as np

    as_far = np.count_nonzero(np.abs(under_chance) >= abs(difference) - 1e-12)
    return (1 + int(as_far)) / (1 + len(under_chance))
