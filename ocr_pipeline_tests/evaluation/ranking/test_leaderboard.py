from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.evaluation.ranking.leaderboard import Leaderboard, leaderboard
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.runs import BackendSummary, ExtractionRun
from ocr_pipeline.evaluation.ranking.summaries import FieldSummary
from ocr_pipeline.evaluation.scoring.line_items import ListCounts, StoredList
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.evaluation.statistics.counts import Outcome
from ocr_pipeline.evaluation.statistics.intervals import wilson
from ocr_pipeline_tests.evaluation.cubes import score_columns

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def row(document: str, field: str, outcome: Outcome, **more: Any) -> StoredScore:
    values: dict[str, Any] = {"dataset": "demo", "backend": "rules", "kind": "text", "truth": None, "prediction": None}
    return StoredScore(document_id=document, field=field, outcome=outcome, **(values | more))


def run(document: str, **more: Any) -> ExtractionRun:
    values: dict[str, Any] = {"dataset": "demo", "backend": "rules", "failed": False, "seconds": 1.0, "cost": 0.0}
    return ExtractionRun(document_id=document, **(values | more))


def summarise(scores: Iterable[StoredScore], runs: Iterable[ExtractionRun]) -> Leaderboard:
    return leaderboard(score_columns(scores), runs, evaluated_at=NOW)


def field(board: Leaderboard, name: str) -> FieldSummary:
    (summary,) = [summary for summary in board.fields if summary.field == name]
    return summary


def backend(board: Leaderboard) -> BackendSummary:
    (summary,) = board.backends
    return summary


# Four documents. d failed: its values are missing, its empty due date is both_empty.
SCORES = [
    row("a", "total_amount", "correct", within_0_01=True, within_0_05=True, within_1_percent=True),
    row("b", "total_amount", "wrong", within_0_01=False, within_0_05=True, within_1_percent=False),
    row("c", "total_amount", "correct", within_0_01=True, within_0_05=True, within_1_percent=True),
    row("d", "total_amount", "missing", within_0_01=False, within_0_05=False, within_1_percent=False),
    row("a", "due_date", "both_empty"),
    row("b", "due_date", "spurious"),
    row("c", "due_date", "correct"),
    row("d", "due_date", "both_empty"),
    row("a", "supplier_name", "correct", anls=1.0, anls_match=True),
    row("c", "supplier_name", "wrong", anls=0.9, anls_match=True),
]
RUNS = [
    run("a", seconds=1.0, cost=0.01, fingerprint="x"),
    run("b", seconds=2.0, cost=0.02, fingerprint="x"),
    run("c", seconds=6.0, cost=0.03, fingerprint="y"),
    run("d", seconds=None, cost=0.0, failed=True),
]


def test_one_field() -> None:
    total = field(summarise(SCORES, RUNS), "total_amount")
    assert (total.dataset, total.backend) == ("demo", "rules")
    assert (total.documents, total.n) == (4, 4)
    assert (total.correct, total.wrong, total.spurious, total.missing, total.both_empty) == (2, 1, 0, 1, 0)
    assert total.precision == 2 / 3
    assert total.recall == 2 / 4
    assert total.f1 == pytest.approx(4 / 7)
    assert (total.precision_low, total.precision_high) == wilson(2, 3)
    assert (total.recall_low, total.recall_high) == wilson(2, 4)
    assert (total.f1_low, total.f1_high) == (None, None), "four documents are too few for a bootstrap"
    assert (total.within_0_01, total.within_0_05, total.within_1_percent) == (0.5, 0.75, 0.5)
    assert (total.anls, total.anls_match) == (None, None)


def test_both_empty_is_counted_but_enters_no_rate() -> None:
    due = field(summarise(SCORES, RUNS), "due_date")
    assert (due.documents, due.n) == (4, 1)
    assert (due.correct, due.wrong, due.spurious, due.missing, due.both_empty) == (1, 0, 1, 0, 2)
    assert (due.precision, due.recall) == (1 / 2, 1.0)
    assert due.f1 == pytest.approx(2 / 3)


def test_names() -> None:
    name = field(summarise(SCORES, RUNS), "supplier_name")
    assert (name.documents, name.n, name.recall) == (2, 2, 0.5)
    assert name.anls == pytest.approx(0.95)
    assert name.anls_match == 1.0
    assert name.within_0_01 is None


def test_all_fields_is_the_micro_average() -> None:
    together = field(summarise(SCORES, RUNS), ALL_FIELDS)
    assert (together.documents, together.n) == (4, 7)
    assert (together.correct, together.wrong, together.spurious, together.missing, together.both_empty) == (
        4,
        2,
        1,
        1,
        2,
    )
    assert (together.precision, together.recall) == (4 / 7, 4 / 7)
    assert together.f1 == pytest.approx(8 / 14)
    # values of one document are not independent: the bootstrap draws documents, not values
    assert (together.recall_low, together.recall_high) != wilson(4, 7)
    assert together.within_0_01 is None
    assert together.anls is None


def test_f1_at_the_other_levels() -> None:
    scores = [
        row("a", "total_amount", "correct", outcome_strict="wrong", outcome_lenient="correct"),
        row("b", "total_amount", "wrong", outcome_strict="wrong", outcome_lenient="correct"),
        row("c", "total_amount", "missing", outcome_strict="missing", outcome_lenient="missing"),
        row("d", "total_amount", "spurious", outcome_strict="spurious", outcome_lenient="correct"),
    ]
    total = field(summarise(scores, RUNS), "total_amount")
    assert (total.f1_strict, total.f1, total.f1_lenient) == (0, 2 / 6, 6 / 7)
    assert (total.correct, total.wrong, total.spurious) == (1, 1, 1), "the counts are those of the headline"
    old = field(summarise([*scores, row("a", "due_date", "correct")], RUNS), "due_date")
    assert (old.f1_strict, old.f1, old.f1_lenient) == (None, 1, None)


def test_printed_dates() -> None:
    scores = [
        row("a", "due_date", "correct", printed_reads="correct"),
        row("b", "due_date", "wrong", printed_reads="correct"),
        row("c", "due_date", "wrong", printed_reads="unreadable"),
        row("d", "due_date", "missing", printed_reads=None),
    ]
    due = field(summarise(scores, RUNS), "due_date")
    assert (due.printed_date, due.printed_unreadable) == (2 / 3, 1)
    spurious = field(summarise([row("a", "due_date", "spurious", printed_reads="unreadable")], RUNS), "due_date")
    assert (spurious.printed_date, spurious.printed_unreadable) == (None, 1)
    assert field(summarise(SCORES, RUNS), "due_date").printed_unreadable is None


def items(document: str, rows: list[int], cells: list[int], **more: Any) -> StoredList:
    """Rows correct, wrong, spurious, missing, and the same of cells with both empty."""
    names = ("correct", "wrong", "spurious", "missing", "both_empty")
    counts = {
        f"{unit}_{name}": count
        for unit, values in (("rows", rows), ("cells", cells))
        for name, count in zip(names, values, strict=False)
    }
    levels = {f"{unit}_correct_{level}": counts[f"{unit}_correct"] for unit in ("rows", "cells") for level in LEVELS}
    return StoredList(document, "demo", "rules", "line_items", ListCounts.of_columns(counts | levels | more))


LEVELS = ("strict", "lenient")


def test_line_items_have_rows_of_their_own() -> None:
    lists = [
        items("a", [2, 1, 1, 0], [7, 1, 3, 1, 2], rows_correct_strict=1, rows_correct_lenient=3),
        items("d", [0, 0, 0, 4], [0, 0, 0, 9, 0]),
    ]
    board = leaderboard(score_columns(SCORES), RUNS, lists=lists, evaluated_at=NOW)
    rows, cells = field(board, "line_items"), field(board, "line_items.cells")
    assert (rows.documents, rows.n) == (2, 7)
    assert (rows.correct, rows.wrong, rows.spurious, rows.missing, rows.both_empty) == (2, 1, 1, 4, 0)
    assert (rows.precision, rows.recall, rows.f1) == (2 / 4, 2 / 7, 4 / 11)
    assert (rows.f1_strict, rows.f1_lenient) == (2 / 11, 6 / 11)
    assert (cells.n, cells.both_empty, cells.precision, cells.recall) == (18, 2, 7 / 11, 7 / 18)
    assert (rows.precision_low, rows.f1_low) == (None, None), "two documents are too few for a bootstrap"
    assert [summary.field for summary in board.fields][-2:] == ["line_items", "line_items.cells"]
    assert field(board, ALL_FIELDS) == field(summarise(SCORES, RUNS), ALL_FIELDS)
    assert backend(board) == backend(summarise(SCORES, RUNS))
    with pytest.raises(ValueError, match="line_items of document a is scored 2 times"):
        leaderboard(score_columns(SCORES), RUNS, lists=[*lists, lists[0]], evaluated_at=NOW)
    with pytest.raises(ValueError, match="document x has scores but no run"):
        leaderboard(score_columns([]), RUNS, lists=[items("x", [0] * 4, [0] * 5)], evaluated_at=NOW)


def test_one_backend() -> None:
    summary = backend(summarise(SCORES, RUNS))
    assert (summary.documents, summary.failures) == (4, 1)
    assert (summary.labelled_documents, summary.accurate_documents) == (4, 1)  # only a
    assert summary.whole_document_accuracy == 0.25
    assert (summary.whole_document_accuracy_low, summary.whole_document_accuracy_high) == wilson(1, 4)
    assert summary.seconds_per_document == 3.0
    assert summary.seconds_median == 2.0
    assert (summary.seconds_median_low, summary.seconds_median_high) == (1.0, 6.0)
    assert summary.cost_per_document == pytest.approx(0.015)
    assert summary.cost_median == pytest.approx(0.015)
    assert summary.fingerprints == ("x", "y")


def test_one_unknown_cost_makes_the_cost_unknown() -> None:
    summary = backend(summarise(SCORES, [*RUNS[:3], run("d", cost=None)]))
    assert (summary.cost_per_document, summary.cost_median, summary.cost_median_low) == (None, None, None)


def test_documents_without_labelled_values_are_not_accurate() -> None:
    scores = [row("a", "due_date", "both_empty"), row("b", "due_date", "correct"), row("b", "invoice_id", "both_empty")]
    summary = backend(summarise(scores, [run("a"), run("b")]))
    assert (summary.labelled_documents, summary.accurate_documents, summary.whole_document_accuracy) == (1, 1, 1.0)


@pytest.mark.parametrize(
    ("outcome", "precision", "recall", "f1"),
    [
        ("correct", 1.0, 1.0, 1.0),
        ("wrong", 0.0, 0.0, 0.0),
        ("spurious", 0.0, None, 0.0),
        ("missing", None, 0.0, 0.0),
        ("both_empty", None, None, None),
    ],
)
def test_rates_without_a_denominator_are_none(
    outcome: Outcome, precision: float | None, recall: float | None, f1: float | None
) -> None:
    names = ("a", "b", "c", "d", "e")
    for summary in summarise([row(name, "due_date", outcome) for name in names], [run(name) for name in names]).fields:
        assert (summary.precision, summary.recall, summary.f1) == (precision, recall, f1)
        assert (summary.precision_low is None) == (precision is None) == (summary.precision_high is None)
        assert (summary.recall_low is None) == (recall is None) == (summary.recall_high is None)
        assert (summary.f1_low is None) == (f1 is None) == (summary.f1_high is None)


def test_runs_without_labels_have_times_but_no_scores() -> None:
    board = summarise([], [run("a", seconds=2.0)])
    assert [summary.field for summary in board.fields] == [ALL_FIELDS]
    assert (field(board, ALL_FIELDS).n, field(board, ALL_FIELDS).f1) == (0, None)
    assert (backend(board).documents, backend(board).whole_document_accuracy) == (1, None)
    assert backend(board).seconds_median == 2.0


def test_groups_and_order() -> None:
    runs = [run("a", backend="b2"), run("a", backend="b1"), run("a", backend="b1", dataset="alpha")]
    scores = [
        row("a", "amount_due", "correct", backend="b1"),
        row("a", "supplier_name", "wrong", backend="b1"),
        row("a", "amount_due", "missing", backend="b2"),
        row("a", "amount_due", "spurious", backend="b1", dataset="alpha"),
    ]
    board = summarise(scores, runs)
    assert [(s.dataset, s.backend, s.field, s.correct) for s in board.fields] == [
        ("alpha", "b1", ALL_FIELDS, 0),
        ("alpha", "b1", "amount_due", 0),
        ("demo", "b1", ALL_FIELDS, 1),
        ("demo", "b1", "supplier_name", 0),
        ("demo", "b1", "amount_due", 1),
        ("demo", "b2", ALL_FIELDS, 0),
        ("demo", "b2", "amount_due", 0),
    ]
    assert [(s.dataset, s.backend) for s in board.backends] == [("alpha", "b1"), ("demo", "b1"), ("demo", "b2")]


def test_leaderboard_names_its_versions() -> None:
    board = summarise(SCORES, RUNS)
    assert (board.scoring_version, board.evaluated_at) == (SCORING_VERSION, NOW)


def test_nan_is_unknown() -> None:
    nan = float("nan")
    board = summarise(
        [row("a", "total_amount", "correct", within_0_01=True, anls=nan)], [run("a", seconds=nan, cost=nan)]
    )
    assert (field(board, "total_amount").anls, field(board, "total_amount").within_0_01) == (None, 1.0)
    assert (backend(board).seconds_median, backend(board).cost_per_document) == (None, None)


@pytest.mark.parametrize(
    ("scores", "runs", "message"),
    [
        ([row("a", "due_date", "correct")] * 2, [run("a")], "scored 2 times"),
        ([], [run("a"), run("a")], "ran 2 times"),
        ([row("a", "due_date", "correct")], [run("b")], "no run"),
        ([row("a", "due_date", "correct")], [], "no run"),
    ],
)
def test_inconsistent_rows_are_refused(scores: list[StoredScore], runs: list[ExtractionRun], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summarise(scores, runs)


def test_evaluated_at_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        leaderboard(score_columns([]), [], evaluated_at=datetime(2026, 1, 1))


OUTCOMES: list[Outcome] = ["correct", "wrong", "spurious", "missing", "both_empty"]


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=12))
def test_outcomes_are_a_partition(outcomes: list[Outcome]) -> None:
    scores = [row(str(i), "due_date", outcome) for i, outcome in enumerate(outcomes)]
    summary = field(summarise(scores, [run(str(i)) for i in range(len(outcomes))]), "due_date")
    counted = summary.correct + summary.wrong + summary.spurious + summary.missing + summary.both_empty
    assert counted == summary.documents == len(outcomes)
    if summary.precision and summary.recall:
        harmonic = 2 * summary.precision * summary.recall / (summary.precision + summary.recall)
        assert summary.f1 == pytest.approx(harmonic)
