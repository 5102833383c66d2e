from dataclasses import replace
from typing import Any

import pytest

from ocr_pipeline.evaluation.ranking.history import (
    Evaluation,
    against_baseline,
    evaluation_of,
    evaluations,
    is_same_as,
    lost_documents,
    regressions,
)
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS, from_letters, to_letters
from ocr_pipeline.evaluation.ranking.runs import ExtractionRun
from ocr_pipeline.evaluation.ranking.stage import new_evaluations
from ocr_pipeline.evaluation.statistics.significance import mcnemar
from ocr_pipeline_tests.evaluation.cubes import columns, cube


def evaluation(totals: str, dates: str | None = None, **changes: Any) -> Evaluation:
    words = [total + date for total, date in zip(totals, dates or "-" * len(totals), strict=True)]
    outcomes = cube(words)
    sha256 = {document: f"label of {document}" for document in outcomes.documents}
    prints = {("a", document): "engine/extractor" for document in outcomes.documents}
    [original] = evaluations(outcomes, sha256, prints, "labels-1", 1, "rules-1")
    return replace(original, **changes)


def test_letters_round_trip() -> None:
    assert to_letters(from_letters("-cwimb")) == "-cwimb"


def test_rows_hold_everything_needed_to_compare_later() -> None:
    original = evaluation("ccwmb-", "ci-c--")
    assert original.documents == ("d000", "d001", "d002", "d003", "d004")  # not run on the last
    assert original.outcomes == {"total_amount": "ccwmb", "invoice_date": "ci-c-"}
    rows = original.rows("2026-01-01 00:00:00", "run")
    assert [row.field for row in rows] == [ALL_FIELDS, "total_amount", "invoice_date"]
    counted = ("documents", "n", "correct", "wrong", "spurious", "missing", "both_empty")
    assert [vars(rows[0])[name] for name in counted] == [5, 6, 4, 1, 1, 1, 1]
    assert [vars(rows[1])[name] for name in counted] == [5, 4, 2, 1, 0, 1, 1]
    assert [vars(rows[2])[name] for name in counted] == [3, 2, 2, 0, 1, 0, 0]
    assert rows[0].f1 == pytest.approx(2 * 4 / (6 + 6))
    assert (rows[0].outcomes, rows[1].outcomes) == (None, "ccwmb")
    assert len({row.evaluation_id for row in rows}) == 1
    assert rows[0].evaluation_id != original.rows("2026-01-02 00:00:00", "run")[0].evaluation_id
    loaded = evaluation_of(rows, list(original.documents), list(original.label_sha256))
    assert loaded == original
    assert loaded.content == original.content


def test_content_changes_with_anything_that_matters() -> None:
    original = evaluation("cccww")
    others = [
        evaluation("ccccw"),
        replace(original, fingerprints=("another",)),
        replace(original, label_version="labels-2"),
        replace(original, scoring_version=2),
        replace(original, rules="rules-2"),
        replace(original, label_sha256=("changed", *original.label_sha256[1:])),
        replace(original, documents=("x", *original.documents[1:])),
        replace(original, backend="other"),
        replace(original, dataset="other"),
    ]
    assert len({original.content, *(other.content for other in others)}) == 1 + len(others)
    assert evaluation("cccww").content == original.content
    assert others[5].documents_hash == original.documents_hash
    assert others[6].documents_hash != original.documents_hash


def test_only_changed_evaluations_are_new() -> None:
    outcomes = cube(["cc", "cw"], ["cc", "cc"])
    sha256 = dict.fromkeys(outcomes.documents, "x")
    runs = [
        ExtractionRun(document, "demo", backend, failed=False, seconds=1.0, cost=0.0, fingerprint="f")
        for backend in outcomes.backends
        for document in outcomes.documents
    ]
    first = new_evaluations(columns(outcomes), sha256, runs, {"demo": "v"}, {})
    assert [row.backend for row in first] == ["a", "b"]
    latest = {(row.dataset, row.backend, row.testset): row.content for row in first}
    assert new_evaluations(columns(outcomes), sha256, runs, {"demo": "v"}, latest) == []
    better = cube(["cc", "cc"], ["cc", "cc"])
    assert [row.backend for row in new_evaluations(columns(better), sha256, runs, {"demo": "v"}, latest)] == ["a"]


class TestRegression:
    def test_a_drop_beyond_luck_is_found(self) -> None:
        before, now = evaluation("c" * 20, "c" * 20), evaluation("c" * 12 + "w" * 8, "c" * 19 + "w")
        found = {row.field: row for row in against_baseline(now, before)}
        total = found["total_amount"]
        assert (total.backend_a, total.documents) == ("now", 20)
        assert total.difference == pytest.approx(-8 / 20)
        assert total.p == mcnemar(0, 8)
        worse = regressions(list(found.values()))
        assert [row.field for row in worse] == [ALL_FIELDS, "total_amount"]  # one date more or less is luck
        assert [row.field for row in regressions(list(found.values()), min_drop=0.3)] == ["total_amount"]
        assert regressions(list(found.values()), alpha=1e-6) == []

    def test_a_gain_is_no_regression(self) -> None:
        before, now = evaluation("c" * 12 + "w" * 8), evaluation("c" * 20)
        assert regressions(against_baseline(now, before)) == []

    def test_added_and_removed_documents_are_left_out(self) -> None:
        before = evaluation("w" * 10 + "c" * 10)
        now = evaluation("c" * 10 + "w" * 10)
        new = tuple(f"a{number:03}" for number in range(10))
        now = replace(now, documents=new + before.documents[:10], label_sha256=new + before.label_sha256[:10])
        [overall, total] = against_baseline(now, before)
        # d000 to d009 are in both: wrong before, wrong now
        assert (total.documents, total.difference, total.disagree) == (10, 0.0, 0)
        assert overall.documents == 10

    def test_relabelled_documents_are_left_out(self) -> None:
        before = evaluation("c" * 20)
        now = evaluation("c" * 8 + "w" * 12)
        changed = replace(now, label_sha256=(*now.label_sha256[:8], *("new label",) * 12))
        assert regressions(against_baseline(now, before))
        assert [row.documents for row in against_baseline(changed, before)] == [8, 8]
        assert regressions(against_baseline(changed, before)) == []

    def test_the_same_outcomes_need_no_test(self) -> None:
        before = evaluation("c" * 19 + "w")
        relabelled = replace(evaluation("w" * 20), label_sha256=(*before.label_sha256[:19], "new label"))
        fewer = replace(before, outcomes={**before.outcomes, "unknown": "c" * 20})
        for now in (before, fewer):
            assert is_same_as(now, before)
            assert against_baseline(now, before)
            assert regressions(against_baseline(now, before)) == []
        another = replace(evaluation("c" * 19 + "c"), label_sha256=relabelled.label_sha256)
        assert is_same_as(another, before), "the only other outcome has another label"
        for now in (relabelled, evaluation("c" * 20), evaluation("-" * 20), replace(before, rules="rules-2")):
            assert not is_same_as(now, before)
        assert not is_same_as(evaluation("---"), evaluation("---")), "there is nothing to compare"

    def test_nothing_in_common_gives_no_comparison(self) -> None:
        before = evaluation("ccc")
        assert against_baseline(replace(before, label_sha256=("x", "y", "z")), before) == []
        assert against_baseline(replace(before, scoring_version=2), before) == []
        assert against_baseline(replace(before, rules="rules-2"), before) == []
        assert against_baseline(evaluation("---", "ccc"), before) == []


def test_documents_behind_a_regression() -> None:
    before, now = evaluation("cccbcc", "cccccc"), evaluation("cwmi-c", "cccccw")
    assert lost_documents(now, before, "total_amount") == ["d001", "d002", "d003"]
    assert lost_documents(now, before, "invoice_date") == ["d005"]
    assert lost_documents(now, before, ALL_FIELDS) == ["d001", "d002", "d003", "d005"]
    relabelled = replace(now, label_sha256=("x",) * len(now.documents))
    assert lost_documents(relabelled, before, ALL_FIELDS) == []


def test_a_test_set_is_evaluated_with_the_backends_that_ran_on_all_of_it() -> None:
    outcomes = cube(["cc", "cw", "c-"], ["cc", "--", "cc"])
    sha256 = dict.fromkeys(outcomes.documents, "x")
    runs = [
        ExtractionRun(document, "demo", backend, failed=False, seconds=1.0, cost=0.0, fingerprint="f")
        for backend in outcomes.backends
        for document in outcomes.documents
    ]
    testsets = {"some@1": outcomes.documents[:2], "one@3": outcomes.documents[:1]}
    found = new_evaluations(columns(outcomes), sha256, runs, {"demo": "v"}, {}, testsets=testsets)
    on = [(row.testset, row.backend, row.documents) for row in found if row.testset]
    first, second, _ = outcomes.documents
    assert on == [("some@1", "a", (first, second)), ("one@3", "a", (first,)), ("one@3", "b", (first,))]
    assert len({row.content for row in found}) == len(found)


def test_versions_of_a_test_set_are_not_compared() -> None:
    before, now = evaluation("c" * 20), evaluation("w" * 20)
    assert against_baseline(now, before)
    assert against_baseline(replace(now, testset="a@2"), replace(before, testset="a@1")) == []
    assert against_baseline(replace(now, testset="a@2"), replace(before, testset="a@2"))
