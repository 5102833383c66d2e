from typing import Any

import pytest

from ocr_pipeline.evaluation.ranking.standing import Offer, pareto_front, standings
from ocr_pipeline.evaluation.statistics.intervals import wilson
from ocr_pipeline_tests.evaluation.cubes import cube


def test_macro_f1_weighs_fields_equally() -> None:
    # total 6 of 6 right, date 0 of 1: micro would be 12 / 14
    [row] = standings(cube(["cw", *["c-"] * 5]), set())
    assert row.macro_f1 == pytest.approx((1 + 0) / 2)
    assert row.macro_f1_low is not None
    assert row.macro_f1_high is not None
    assert row.macro_f1_low <= 0.5 <= row.macro_f1_high


def test_fields_without_values_are_not_in_macro_f1() -> None:
    [row] = standings(cube(["ci", "cb"]), set())
    assert (row.macro_f1, row.macro_f1_low) == (1.0, None)
    [nothing] = standings(cube(["bi", "bb"]), set())
    assert nothing.macro_f1 is None


def test_straight_through_needs_every_field_and_a_result() -> None:
    outcomes = cube(["cc", "cb", "cw", "bb", "b-", "--"], ["cc", "cc", "cc", "cc", "cc", "cc"])
    first, second = standings(outcomes, {("a", "d004"), ("b", "d000")})
    assert (first.straight_through_documents, first.straight_through_rate) == (3, 3 / 5)  # not run on the last one
    assert (first.straight_through_low, first.straight_through_high) == wilson(3, 5)
    assert second.straight_through_documents == 5


@pytest.mark.parametrize(
    ("offers", "front"),
    [
        # better but dearer, worse but cheaper: both are useful; worse and dearer is not
        ({"a": (0.9, 2, 1), "b": (0.8, 1, 1), "c": (0.7, 1.5, 1)}, {"a": True, "b": True, "c": False}),
        ({"a": (0.9, 1, 1), "b": (0.9, 1, 1)}, {"a": True, "b": True}),
        ({"a": (0.9, 1, 1), "b": (0.9, 1, 2)}, {"a": True, "b": False}),
        # nothing is cheaper than free: whatever the unknown price is, b is beaten
        ({"a": (0.9, 0, 1), "b": (0.8, None, 1)}, {"a": True, "b": False}),
        # the better one may cost anything: whether the other is worth its money depends on that
        ({"a": (0.9, None, 1), "b": (0.8, 0.5, 1)}, {"a": True, "b": None}),
        ({"a": (0.9, None, 1), "b": (0.8, 0.5, 0.5)}, {"a": True, "b": True}),
        ({"a": (0.9, None, None), "b": (0.8, None, None)}, {"a": True, "b": None}),
        ({"a": (None, 0, 0), "b": (0.1, 1, 1)}, {"a": None, "b": True}),
        ({"a": (0.0, 1, 1)}, {"a": True}),
    ],
)
def test_pareto_front(offers: dict[str, Any], front: dict[str, bool | None]) -> None:
    assert pareto_front({name: Offer(*offer) for name, offer in offers.items()}) == front
