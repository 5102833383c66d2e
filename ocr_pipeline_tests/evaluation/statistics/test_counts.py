"""The number type: counts that add up, and their rates, alone and as arrays."""

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.evaluation.statistics.counts import (
    LABELLED,
    RIGHT,
    Counts,
    Outcome,
    array_of,
    f1_terms,
    part_table,
    precision_terms,
    quotient,
    recall_terms,
)

COUNTS = st.builds(Counts, *[st.integers(0, 50)] * len(get_args(Outcome)))


@pytest.mark.parametrize(
    ("counts", "positives", "precision", "recall", "f1"),
    [
        (Counts(), (0, 0, 0), None, None, None),
        (Counts(both_empty=5), (0, 0, 0), None, None, None),
        (Counts(correct=3, wrong=1), (3, 1, 1), 3 / 4, 3 / 4, 3 / 4),
        (Counts(spurious=2), (0, 2, 0), 0, None, 0),
        (Counts(missing=2), (0, 0, 2), None, 0, 0),
        (Counts(correct=4, wrong=1, spurious=2, missing=3, both_empty=9), (4, 3, 4), 4 / 7, 4 / 8, 8 / 15),
    ],
)
def test_rates(
    counts: Counts, positives: tuple[int, int, int], precision: float | None, recall: float | None, f1: float | None
) -> None:
    assert (counts.tp, counts.fp, counts.fn) == positives
    assert (counts.precision, counts.recall, counts.f1) == (precision, recall, f1)


@given(st.lists(COUNTS, max_size=8))
def test_counts_add_up_whatever_the_order(parts: list[Counts]) -> None:
    assert sum(parts, Counts()) == sum(reversed(parts), Counts())
    if parts:
        assert sum(parts) == sum(parts, Counts()), "sum starts with the number 0"
    assert sum(parts, Counts()).total == sum(part.total for part in parts)
    assert all((a + b).labelled == a.labelled + b.labelled for a, b in pairwise(parts))


@given(st.lists(st.sampled_from(get_args(Outcome))))
def test_counted_outcomes(outcomes: list[Outcome]) -> None:
    counts = Counts.of(outcomes)
    assert counts == sum((Counts.of([outcome]) for outcome in outcomes), Counts())
    assert counts.labelled == sum(outcome in LABELLED for outcome in outcomes)
    assert counts.right == sum(outcome in RIGHT for outcome in outcomes)
    table = dict(zip(get_args(Outcome), part_table()[1:].tolist(), strict=True))
    assert np.sum([[0, 0, 0], *(table[outcome] for outcome in outcomes)], axis=0).tolist() == list(counts.parts)


@given(st.lists(COUNTS, min_size=1, max_size=8))
def test_arrays_give_the_rates_of_counts(documents: list[Counts]) -> None:
    parts = array_of(documents)
    for terms, name in ((f1_terms, "f1"), (precision_terms, "precision"), (recall_terms, "recall")):
        single = [None if np.isnan(value) else value for value in quotient(terms(parts))]
        assert single == [getattr(counts, name) for counts in documents]
        together = quotient(terms(parts).sum(axis=0))
        assert (None if np.isnan(together) else together) == getattr(sum(documents, Counts()), name)


def test_counts_add_only_to_counts() -> None:
    with pytest.raises(TypeError):
        sum([Counts()], 1)
