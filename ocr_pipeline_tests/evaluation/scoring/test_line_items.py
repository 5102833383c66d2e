"""Lists of an invoice: which rows are paired, and what counts as right."""

import time
from collections.abc import Sequence
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.evaluation.scoring.line_items import ListCounts, RowScore, list_counts, score_list
from ocr_pipeline.evaluation.scoring.settings import Rules

Entry = dict[str, Any]


def item(description: str | None = None, amount: str | None = None, **more: str) -> Entry:
    numbers = {"amount": amount, **more}
    return {"description": description, **{name: Decimal(text) for name, text in numbers.items() if text is not None}}


def pairs(rows: Sequence[RowScore]) -> list[tuple[int | None, int | None, str]]:
    return [(row.truth_position, row.prediction_position, row.outcome()) for row in rows]


COFFEE, CAKE, WATER = item("Flat White", "8.40"), item("Käsekuchen", "9.60"), item("Wasser 0,5", "3.20")


def test_rows_are_paired_in_any_order() -> None:
    for order in permutations([COFFEE, CAKE, WATER]):
        rows = score_list("line_items", [COFFEE, CAKE, WATER], order)
        assert [row.outcome() for row in rows] == ["correct"] * 3
        assert [order[row.prediction_position or 0] for row in rows] == [COFFEE, CAKE, WATER]


def test_wrong_missing_and_spurious_rows() -> None:
    misread = item("FLAT WHITE", "84.00")
    rows = score_list("line_items", [COFFEE, CAKE], [item("Zwischensumme", "18.00"), misread, item("MwSt", "2.00")])
    assert pairs(rows) == [(0, 1, "wrong"), (1, None, "missing"), (None, 0, "spurious"), (None, 2, "spurious")]
    assert list_counts(rows).columns() == {
        "rows_correct": 0,
        "rows_wrong": 1,
        "rows_spurious": 2,
        "rows_missing": 1,
        "rows_correct_strict": 0,
        "rows_correct_lenient": 0,
        "cells_correct": 1,
        "cells_wrong": 1,
        "cells_spurious": 4,
        "cells_missing": 2,
        "cells_both_empty": 0,
        "cells_correct_strict": 0,
        "cells_correct_lenient": 1,
    }


def test_levels_of_rows_and_cells() -> None:
    rows = score_list(
        "line_items", [COFFEE, CAKE, WATER], [COFFEE, item("KÄSEKUCHEN", "9.60"), item("Waser 05", "3.22")]
    )
    counts = list_counts(rows).columns()
    assert [counts[f"rows_correct{level}"] for level in ("_strict", "", "_lenient")] == [1, 2, 3]
    assert [counts[f"cells_correct{level}"] for level in ("_strict", "", "_lenient")] == [3, 4, 6]


def test_assignment_is_optimal_for_all_rows_together() -> None:
    """Row by row, the first label would take the only prediction that fits the second."""
    rows = score_list(
        "line_items", [item("Tee", "2.00"), item("Tee", "3.00")], [item("Tee", "3.00"), item("Tea", "2.00")]
    )
    assert pairs(rows) == [(0, 1, "wrong"), (1, 0, "correct")]


@pytest.mark.parametrize("other", ["1", "3"])
@pytest.mark.parametrize("wrong", ["1.00", "9.00"])
def test_whole_rows_are_preferred_among_equally_many_cells(other: str, wrong: str) -> None:
    """The other way round, both pairs would have two correct cells each, and no row would be correct."""
    right = item("Tee", "4.00", quantity="2", unit_price="2.00")
    label = item("Tee", wrong, quantity="2", unit_price=wrong)
    found = item("Saft", "4.00", quantity=other, unit_price="2.00")
    assert pairs(score_list("line_items", [label, right], [found, right])) == [
        (0, None, "missing"),
        (1, 1, "correct"),
        (None, 0, "spurious"),
    ]


def test_rows_with_nothing_in_common_are_not_paired() -> None:
    rows = score_list("line_items", [COFFEE], [item("Summe", "99.00")])
    assert pairs(rows) == [(0, None, "missing"), (None, 0, "spurious")]


def test_unlabelled_columns_are_not_scored() -> None:
    [row] = score_list("line_items", [COFFEE], [item("Flat White", "8.40", quantity="2", unit_price="4.20")])
    assert ([cell.field for cell in row.cells], row.outcome()) == (["description", "amount"], "correct")


def test_empty_cells_of_labelled_columns_are_labelled_as_empty() -> None:
    labels = [item("Flat White", "8.40", quantity="2"), CAKE]
    rows = score_list("line_items", labels, [labels[0], item("Käsekuchen", "9.60", quantity="1")])
    assert [[cell.outcome for cell in row.cells] for row in rows] == [
        ["correct", "correct", "correct"],
        ["correct", "spurious", "correct"],
    ]
    assert [row.outcome() for row in rows] == ["correct", "wrong"]


def test_empty_rows_and_empty_labels_are_not_compared() -> None:
    assert pairs(score_list("line_items", [COFFEE, item("--")], [item(), COFFEE, item(quantity="3")])) == [
        (0, 1, "correct")
    ]
    assert score_list("line_items", [], [COFFEE]) == []
    assert pairs(score_list("line_items", [COFFEE], [])) == [(0, None, "missing")]


def test_tax_lines() -> None:
    def line(rate: str, amount: str) -> Entry:
        return {"rate": Decimal(rate), "amount": Decimal(amount)}

    rows = score_list("tax_lines", [line("19", "3.02"), line("7", "1.72")], [line("7.0", "1.72"), line("19", "3.03")])
    assert pairs(rows) == [(0, 1, "wrong"), (1, 0, "correct")]


def test_columns_are_compared_by_the_rules() -> None:
    rules = Rules.model_validate({"fields": {"line_items.amount": {"within": "1"}}})
    [usual], [generous] = (
        score_list("line_items", [COFFEE], [item("Flat White", "9.20")], used) for used in (Rules(), rules)
    )
    assert (usual.outcome("outcome_lenient"), generous.outcome("outcome_lenient")) == ("wrong", "correct")


ENTRIES = st.lists(
    st.builds(
        item,
        st.sampled_from(["Tee", "TEE", "Tea", "Kuchen", "Käse", "-", None]),
        st.sampled_from(["1.00", "1.004", "2.00", None]),
        quantity=st.sampled_from(["1", "2"]),
    ),
    max_size=5,
)


@given(ENTRIES, ENTRIES, st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_does_not_matter(truth: list[Entry], found: list[Entry], random: Random) -> None:
    def shuffled(entries: list[Entry]) -> list[Entry]:
        rows = [dict(random.sample(list(entry.items()), len(entry))) for entry in entries]
        return random.sample(rows, len(rows))

    counts = list_counts(score_list("line_items", truth, found))
    assert list_counts(score_list("line_items", shuffled(truth), shuffled(found))) == counts


@given(ENTRIES, ENTRIES)
def test_every_row_and_cell_counts_once(truth: list[Entry], found: list[Entry]) -> None:
    rows = score_list("line_items", truth, found)
    if not truth:
        assert rows == []
        return
    kept = [row.truth_position for row in rows if row.truth_position is not None]
    given_back = [row.prediction_position for row in rows if row.prediction_position is not None]
    assert sorted(kept) == list(range(len(truth)))  # each has a quantity: none is empty
    assert sorted(given_back) == list(range(len(found)))
    counts = list_counts(rows).columns()
    assert ListCounts.of_columns(counts) == list_counts(rows), "as the table holds them"
    assert counts["rows_correct_strict"] <= counts["rows_correct"] <= counts["rows_correct_lenient"]
    assert counts["cells_correct_strict"] <= counts["cells_correct"] <= counts["cells_correct_lenient"]
    assert sum(counts[f"cells_{name}"] for name in ("correct", "wrong", "spurious", "missing", "both_empty")) == sum(
        len(row.cells) for row in rows
    )


@given(ENTRIES, ENTRIES)
def test_assignment_has_the_most_correct_cells(truth: list[Entry], found: list[Entry]) -> None:
    truth, found = truth[:4], found[:4]
    rows = score_list("line_items", truth, found)
    size = max(len(truth), len(found))
    columns = {cell.field for row in rows for cell in row.cells}
    alone = {
        (i, j): sum(
            cell.outcome == "correct"
            for row in score_list("line_items", [truth[i]], [found[j]])
            for cell in row.cells
            if cell.field in columns
        )
        for i in range(len(truth))
        for j in range(len(found))
    }
    best = max(
        (sum(alone.get(pair, 0) for pair in enumerate(order)) for order in permutations(range(size), len(truth))),
        default=0,
    )
    assert list_counts(rows).cells.headline.correct == best


@pytest.mark.slow
def test_a_thousand_rows() -> None:
    labels = [item(f"Position {number}", f"{number}.00") for number in range(1000)]
    start = time.process_time()
    rows = score_list("line_items", labels, labels[::-1])
    assert list_counts(rows).rows.headline.correct == 1000
    assert time.process_time() - start < 10
