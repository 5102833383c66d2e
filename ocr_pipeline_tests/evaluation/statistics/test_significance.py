from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1
from ocr_pipeline.evaluation.statistics.significance import (
    holm,
    mcnemar,
    percentile_interval,
    randomization_p,
    resampled_sums,
    swapped_sums,
)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (0, 0, 1.0),
        (3, 3, 1.0),
        (0, 5, 2 / 32),
        (1, 9, 2 * (1 + 10) / 1024),  # by hand: 0 or 1 of 10
        (9, 1, 2 * (1 + 10) / 1024),
    ],
)
def test_mcnemar_by_hand(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar(only_a, only_b) == pytest.approx(p)


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_mcnemar_is_the_binomial_test(only_a: int, only_b: int) -> None:
    expected = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9, abs=1e-200)


def test_holm_by_example() -> None:
    # sorted: 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04, which must not be less than the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_is_between_p_and_bonferroni(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for p, after in zip(p_values, corrected, strict=True):
        assert p <= after <= min(1.0, len(p_values) * max(p_values))
        assert all(after <= other for q, other in zip(p_values, corrected, strict=True) if q > p)


def test_samples_have_the_size_of_the_data() -> None:
    sums = resampled_sums(np.array([[1, 0], [1, 2], [1, 4]]), resamples=500)
    assert sums.shape == (500, 2)
    assert (sums[:, 0] == 3).all()
    assert set(sums[:, 1]) == {0, 2, 4, 6, 8, 10, 12}
    assert sums[:, 1].mean() == pytest.approx(6, abs=0.5)


def test_samples_do_not_depend_on_the_batch_size(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(40).reshape(20, 2)
    whole = resampled_sums(values, seed=3, resamples=50)
    monkeypatch.setattr("ocr_pipeline.evaluation.statistics.significance._DRAWS_AT_A_TIME", 130)
    assert (resampled_sums(values, seed=3, resamples=50) == whole).all()


def test_interval_equals_scipy() -> None:
    rng = np.random.default_rng(5)
    a, b, labelled = rng.integers(0, 5, 80), rng.integers(0, 4, 80), np.full(80, 5)

    def difference(a: Any, b: Any, labelled: Any, axis: int) -> Any:
        return (a.sum(axis) - b.sum(axis)) / labelled.sum(axis)

    expected = stats.bootstrap(
        (a, b, labelled), difference, paired=True, method="percentile", rng=1
    ).confidence_interval
    drawn = resampled_sums(np.stack([a, b, labelled], axis=1))
    found = percentile_interval((drawn[:, 0] - drawn[:, 1]) / drawn[:, 2])
    assert found == pytest.approx((expected.low, expected.high), abs=0.006)


def test_interval_equals_that_of_the_leaderboard() -> None:
    rng = np.random.default_rng(7)
    correct = rng.integers(0, 4, 60)
    counts = np.stack([correct, np.full(60, 3), np.full(60, 3)], axis=1)
    drawn = resampled_sums(counts)
    found = percentile_interval(2 * drawn[:, 0] / (drawn[:, 1] + drawn[:, 2]))
    assert found == pytest.approx(bootstrap_f1(counts), abs=0.006)


def test_samples_without_an_estimate_are_left_out() -> None:
    estimates = np.linspace(0, 1, 101)
    assert percentile_interval(np.append(estimates, [np.nan] * 50)) == percentile_interval(estimates)
    assert percentile_interval(np.array([np.nan])) is None


def randomized(a: Any, b: Any, labelled: int) -> float:
    """p for shares of `labelled` values, as the comparisons compute it for F1."""
    swapped = swapped_sums((a - b)[:, None])[:, 0]
    return randomization_p((a.sum() - b.sum()) / labelled, (a.sum() - b.sum() - 2 * swapped) / labelled)


@pytest.mark.parametrize(("only_a", "only_b"), [(5, 0), (7, 1), (20, 8), (3, 3), (0, 12)])
def test_randomization_of_one_field_is_mcnemar(only_a: int, only_b: int) -> None:
    a = np.array([1] * only_a + [0] * only_b + [1] * 30)
    b = np.array([0] * only_a + [1] * only_b + [1] * 30)
    found = randomized(a, b, len(a))
    assert found == pytest.approx(mcnemar(only_a, only_b), abs=0.02)
    assert found == randomized(b, a, len(a))


def test_randomization_equals_scipy() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.binomial(6, 0.8, 50), rng.binomial(6, 0.72, 50)
    expected = stats.permutation_test(
        (a, b), lambda x, y: (x - y).mean(), permutation_type="samples", n_resamples=5000, rng=1
    ).pvalue
    assert 0.001 < expected < 0.2
    assert randomized(a, b, 300) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("advantage", [0.0, 0.08])
def test_coverage_on_simulated_documents(advantage: float) -> None:
    """Of 300 data sets of 80 documents the 95 % interval holds the true difference in about 95 %, and p is below 0.05 in
    about 5 % where there is none. Documents are easy or hard for both, so the backends are correlated."""
    rng = np.random.default_rng(11)
    held = rejected = 0
    for seed in range(300):
        ease = rng.beta(6, 2, size=(80, 1))
        a = rng.binomial(4, ease * 0.9)
        b = rng.binomial(4, ease * (0.9 - advantage))
        drawn = resampled_sums(np.concatenate([a, b], axis=1), seed=seed, resamples=400)
        differences = (drawn[:, 0] - drawn[:, 1]) / (4 * 80)
        interval = percentile_interval(differences)
        assert interval is not None
        held += interval[0] <= 0.75 * advantage <= interval[1]
        swapped = swapped_sums((a - b).sum(axis=1)[:, None], seed=seed, resamples=400)[:, 0]
        observed = (a.sum() - b.sum()) / (4 * 80)
        rejected += randomization_p(observed, observed - 2 * swapped / (4 * 80)) < 0.05
    assert 0.91 <= held / 300 <= 0.98
    if advantage == 0:
        assert rejected / 300 <= 0.09
    else:
        assert rejected / 300 > 0.3
