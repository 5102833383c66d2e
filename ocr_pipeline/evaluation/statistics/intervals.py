"""Confidence intervals of the scores of one backend.

A proportion over independent documents has a Wilson interval. F1, and any ratio over several fields of a document, has
a bootstrap interval that draws whole documents, because the fields of one document succeed and fail together.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ocr_pipeline.evaluation.statistics.counts import PARTS, f1_terms, precision_terms, quotient, recall_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Parts = NDArray[np.integer[Any]]

Interval = tuple[float, float]
"""(low, high)."""

MIN_DOCUMENTS = 5
"""With fewer documents a bootstrap has too little to resample, and its narrow interval would feign certainty."""

RESAMPLES = 2000


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Compute the Wilson score interval of a proportion, within 0..1; None for n = 0.

    Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927). Unlike the
    normal approximation it holds for small n and for proportions of 0 and 1.
    """
    from statistics import NormalDist

    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes out of {n} is not a proportion")
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    # The bounds touch 0 and 1 exactly in theory; rounding must not push them past the share itself.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


def bootstrap_f1(
    per_document: "Parts", *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = 0.95
) -> Interval | None:
    """Compute the interval of the micro-averaged F1, by drawing documents.

    `per_document` has the shape (documents, 3), see `counts.PARTS`. Documents without a predicted
    or labelled value are left out; the result is None if fewer than 5 documents remain.

    Percentile bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. The same seed gives
    the same interval. It has no width if all documents score the same: then the Wilson intervals beside it say more.
    """
    return _bootstrap_ratio(f1_terms(_checked(per_document)), seed, resamples, confidence)


def bootstrap_precision(
    per_document: "Parts", *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = 0.95
) -> Interval | None:
    """Compute the interval of precision over several fields per document; otherwise as `bootstrap_f1`."""
    return _bootstrap_ratio(precision_terms(_checked(per_document)), seed, resamples, confidence)


def bootstrap_recall(
    per_document: "Parts", *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = 0.95
) -> Interval | None:
    """Compute the interval of recall over several fields per document; otherwise as `bootstrap_f1`."""
    return _bootstrap_ratio(recall_terms(_checked(per_document)), seed, resamples, confidence)


def bootstrap_median(
    values: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES, confidence: float = 0.95
) -> Interval | None:
    """Percentile bootstrap interval of the median of one value per document, in the unit of `values`; None without values.

    No full sample is drawn. Drawing n of n values means drawing n uniform ranks, and the k-th smallest of n uniform
    numbers has the distribution Beta(k, n + 1 - k) (David and Nagaraja, Order Statistics, 2003): exact, and as fast for
    100,000 documents as for ten.
    """
    import numpy as np

    n = len(values)
    if n == 0:
        return None
    ordered = np.sort(np.asarray(values, dtype=float))
    rng = np.random.default_rng(seed)
    k = (n + 1) // 2
    lower = rng.beta(k, n + 1 - k, size=resamples)
    upper = lower if n % 2 else lower + (1 - lower) * rng.beta(1, n - k, size=resamples)  # the next larger one
    ranks = np.minimum(np.floor(np.stack([lower, upper]) * n).astype(int), n - 1)
    return _percentiles(ordered[ranks].mean(axis=0), confidence)


def _checked(per_document: "Parts") -> "Parts":
    import numpy as np

    counts = np.asarray(per_document)
    if counts.ndim != 2 or counts.shape[1] != len(PARTS):
        raise ValueError(f"per_document must have the shape (documents, 3), not {counts.shape}")
    return counts


def _bootstrap_ratio(terms: "Parts", seed: int, resamples: int, confidence: float) -> Interval | None:
    import numpy as np

    pairs = terms[terms[:, 1] > 0]
    if len(pairs) < MIN_DOCUMENTS:
        return None
    # Documents with equal counts are exchangeable: drawing the number of each kind is the same as drawing documents, and
    # there are few kinds.
    kinds, frequencies = np.unique(pairs, axis=0, return_counts=True)
    counted = tuple(zip(map(tuple, kinds.tolist()), frequencies.tolist(), strict=True))
    return _interval_of(counted, seed, resamples, confidence)


@lru_cache(maxsize=10_000)  # leaderboard, slices and history ask for the same intervals
def _interval_of(
    counted: tuple[tuple[tuple[int, ...], int], ...], seed: int, resamples: int, confidence: float
) -> Interval:
    """`counted`: terms of a document, and how many documents have them."""
    import numpy as np

    kinds, frequencies = (np.array(column) for column in zip(*counted, strict=True))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(frequencies.sum(), frequencies / frequencies.sum(), size=resamples)
    return _percentiles(quotient(drawn @ kinds), confidence)


def _percentiles(estimates: "NDArray[np.floating[Any]]", confidence: float) -> Interval:
    import numpy as np

    low, high = np.quantile(estimates, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
