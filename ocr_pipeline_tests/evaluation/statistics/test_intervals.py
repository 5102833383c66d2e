import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.evaluation.statistics.intervals import (
    MIN_DOCUMENTS,
    bootstrap_f1,
    bootstrap_median,
    bootstrap_precision,
    bootstrap_recall,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe, Two-sided confidence intervals for the single proportion (Statistics in Medicine 1998), table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (1, 1, 0.2065, 1.0000),
    ],
)
def test_wilson(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_without_trials() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("successes", "n"), [(2, 1), (-1, 1), (0, -1)])
def test_wilson_refuses_impossible_proportions(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="not a proportion"):
        wilson(successes, n)


@given(n=st.integers(1, 10_000), share=st.floats(0, 1), confidence=st.floats(0.01, 0.9999))
def test_wilson_contains_the_share_and_stays_a_share(n: int, share: float, confidence: float) -> None:
    successes = round(share * n)
    interval = wilson(successes, n, confidence)
    assert interval is not None
    assert 0 <= interval[0] <= successes / n <= interval[1] <= 1
    assert interval[0] < interval[1]


COUNTS = st.lists(
    st.sampled_from([(1, 1, 1), (0, 1, 1), (0, 1, 0), (0, 0, 1), (0, 0, 0), (3, 5, 4)]), min_size=1, max_size=30
)


@given(counts=COUNTS, seed=st.integers(0, 2**31))
def test_bootstrap_is_deterministic_and_a_share(counts: list[tuple[int, int, int]], seed: int) -> None:
    per_document = np.array(counts)
    for bootstrap, weights in (
        (bootstrap_f1, (2, 1, 1)),
        (bootstrap_precision, (1, 1, 0)),
        (bootstrap_recall, (1, 0, 1)),
    ):
        interval = bootstrap(per_document, seed=seed, resamples=50)
        assert interval == bootstrap(per_document, seed=seed, resamples=50)
        assert interval == bootstrap(
            per_document[::-1], seed=seed, resamples=50
        )  # the order of documents does not matter
        if np.count_nonzero((per_document[:, 1:] * weights[1:]).any(axis=1)) < MIN_DOCUMENTS:
            assert interval is None
        else:
            assert interval is not None
            assert 0 <= interval[0] <= interval[1] <= 1


def test_bootstrap_depends_on_the_seed() -> None:
    per_document = np.array([(1, 1, 1)] * 13 + [(0, 1, 1)] * 5 + [(0, 0, 1)] * 3)
    assert bootstrap_f1(per_document, seed=1, resamples=50) != bootstrap_f1(per_document, seed=2, resamples=50)


def test_bootstrap_without_documents() -> None:
    assert bootstrap_f1(np.empty((0, 3), dtype=int)) is None
    assert bootstrap_f1(np.zeros((5, 3), dtype=int)) is None


def test_documents_without_values_do_not_move_an_interval() -> None:
    per_document = np.array([(1, 1, 1)] * 10 + [(0, 1, 1)] * 10)
    padded = np.concatenate([per_document, np.zeros((1000, 3), dtype=int)])
    assert bootstrap_f1(per_document) == bootstrap_f1(padded)


def test_bootstrap_without_spread_has_no_width() -> None:
    assert bootstrap_f1(np.array([(1, 1, 1)] * 10)) == (1.0, 1.0)
    assert bootstrap_f1(np.array([(0, 0, 1)] * 10)) == (0.0, 0.0)


def test_bootstrap_f1_equals_drawing_documents_one_by_one() -> None:
    rng = np.random.default_rng(7)
    correct = rng.integers(0, 6, size=60)
    per_document = np.stack([correct, correct + rng.integers(0, 3, 60), correct + rng.integers(1, 4, 60)], axis=1)
    totals = per_document[rng.integers(0, 60, size=(20_000, 60))].sum(axis=1)
    brute_force = np.quantile(2 * totals[:, 0] / (totals[:, 1] + totals[:, 2]), [0.025, 0.975])
    assert bootstrap_f1(per_document, resamples=20_000) == pytest.approx(brute_force, abs=0.005)


@pytest.mark.parametrize("shape", [(3,), (5, 2), (2, 3, 1)])
def test_bootstrap_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        bootstrap_f1(np.ones(shape, dtype=int))


def test_clustered_errors_widen_the_interval() -> None:
    """Ten documents, each entirely right or wrong, are less evidence than a hundred independent values."""
    clustered = bootstrap_recall(np.array([(10, 10, 10)] * 5 + [(0, 10, 10)] * 5))
    independent = wilson(50, 100)
    assert clustered is not None
    assert independent is not None
    assert clustered[1] - clustered[0] > 2 * (independent[1] - independent[0])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 100, 101])
@pytest.mark.parametrize("confidence", [0.4, 0.95])
def test_bootstrap_median_equals_drawing_values_one_by_one(n: int, confidence: float) -> None:
    rng = np.random.default_rng(3)
    values = np.linspace(0, 1, n)
    drawn = np.median(values[rng.integers(0, n, size=(20_000, n))], axis=1)
    brute_force = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    assert bootstrap_median(list(values), resamples=20_000, confidence=confidence) == pytest.approx(
        brute_force, abs=0.015
    )


def test_bootstrap_median_without_values() -> None:
    assert bootstrap_median([]) is None


@given(values=st.lists(st.floats(0, 1000), min_size=1, max_size=30), seed=st.integers(0, 2**31))
def test_bootstrap_median_is_deterministic_and_within_the_values(values: list[float], seed: int) -> None:
    interval = bootstrap_median(values, seed=seed, resamples=50)
    assert interval == bootstrap_median(values[::-1], seed=seed, resamples=50)
    assert interval is not None
    # Halving a sum of two equal numbers is exact, but a subnormal half is not: hence no strict bound.
    assert min(values) - 1e-9 <= interval[0] <= interval[1] <= max(values) + 1e-9


def test_intervals_of_100_000_documents_take_less_than_a_second_of_processor_time() -> None:
    rng = np.random.default_rng(0)
    correct = rng.integers(0, 2, size=100_000)
    per_document = np.stack([correct, np.ones_like(correct), np.ones_like(correct)], axis=1)
    start = time.process_time()
    bootstrap_f1(per_document)
    bootstrap_median(correct.tolist())
    assert time.process_time() - start < 1
