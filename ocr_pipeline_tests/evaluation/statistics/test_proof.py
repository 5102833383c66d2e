"""Bounds, the numbers of labels they need, and thresholds that hold although they are chosen."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from ocr_pipeline.evaluation.statistics.proof import documents_needed, lower_bound, percent, prove, upper_bound


@pytest.mark.parametrize(
    ("errors", "n", "bound"), [(0, 299, "1 %"), (0, 99, "3 %"), (1, 279, "1.7 %"), (2, 279, "2.3 %"), (3, 3, "100 %")]
)
def test_bounds_as_the_tables_have_them(errors: int, n: int, bound: str) -> None:
    assert percent(upper_bound(errors, n)) == bound


@pytest.mark.parametrize(("errors", "n"), [(0, 1), (1, 10), (4, 60), (9, 10)])
def test_a_bound_is_where_the_binomial_tail_is_five_percent(errors: int, n: int) -> None:
    def tail(rate: float, counts: range) -> float:
        chance = Fraction(rate)
        return float(sum(comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in counts))

    assert tail(upper_bound(errors, n), range(errors + 1)) == pytest.approx(0.05)
    if errors:
        assert tail(lower_bound(errors, n), range(errors, n + 1)) == pytest.approx(0.05)


@pytest.mark.parametrize(("target", "errors", "needed"), [(0.01, 0, 299), (0.03, 0, 99), (0.05, 0, 59), (0.05, 1, 93)])
def test_documents_needed(target: float, errors: int, needed: int) -> None:
    assert documents_needed(target, errors) == needed
    assert upper_bound(errors, needed) <= target < upper_bound(errors, needed - 1)


def test_a_threshold_goes_as_low_as_is_proved() -> None:
    confidences = np.linspace(0.001, 1, 600)
    found = prove(confidences, confidences > 0.5, 0.03)
    assert found.threshold is not None
    assert 0.45 < found.threshold < 0.55  # one step
    assert (found.accepted, found.errors) == (int((confidences >= found.threshold).sum()), max(0, found.accepted - 300))
    assert found.bound == upper_bound(found.errors, found.accepted) <= 0.03
    assert found.sentence.startswith(f"accept {found.accepted / 6:.0f} % of documents ({found.accepted} of 600; ")
    assert found.sentence.endswith(f"wrong, at most {percent(found.bound)} with 95 % confidence)")


def test_too_few_labels_say_how_many_are_needed_and_what_can_be_proved() -> None:
    found = prove(np.linspace(0, 1, 120), np.full(120, True), 0.01)
    assert (found.threshold, found.needed) == (None, 299)
    assert found.smallest == 0.025  # 119 without an error
    assert found.sentence == (
        "accept nothing: 1 % needs 299 without an error, there are 120 labelled documents; 2.5 % can be proved"
    )


def test_the_sequence_ends_at_the_first_threshold_that_is_not_proved() -> None:
    """The surest documents are wrong: no later threshold is looked at, however good it is on the whole."""
    right = np.ones(1000, dtype=bool)
    right[-40:] = False
    found = prove(np.linspace(0, 1, 1000), right, 0.05)
    assert (found.threshold, found.accepted, found.errors) == (None, 500, 40)
    assert found.sentence.startswith("accept nothing: 40 of the 500 surest labelled documents are wrong, at most 10.")


def test_one_error_among_the_surest_does_not_end_the_search_if_there_are_labels_enough() -> None:
    right = np.ones(400, dtype=bool)
    right[-1] = False
    confidences = np.linspace(0, 1, 400)
    assert prove(confidences, right, 0.05).accepted == 400
    assert prove(confidences[-100:], right[-100:], 0.05).threshold is None


def test_equal_confidences_are_accepted_together_and_negative_ones_never() -> None:
    confidences = np.array([0.9] * 200 + [-1.0] * 100)
    assert prove(confidences, np.array([True] * 300), 0.05).accepted == 200
    assert prove(np.full(100, 0.9), np.array([False] * 30 + [True] * 70), 0.05).threshold is None
    assert prove([], [], 0.05).labelled == 0


def test_the_target_holds_although_the_threshold_is_chosen() -> None:
    """Risk that rises with the share accepted: the true risk behind the chosen threshold is above the target in at most 5 % of
    the samples."""
    random, above = np.random.default_rng(3), 0
    for _ in range(400):
        rank = random.random(400)
        found = prove(-rank + 1, random.random(400) > 0.3 * rank**2, 0.05)
        if found.threshold is not None:
            share = 1 - found.threshold
            above += 0.1 * share**2 > 0.05  # mean of 0.3 r² up to this share
    assert above <= 400 * 0.05
