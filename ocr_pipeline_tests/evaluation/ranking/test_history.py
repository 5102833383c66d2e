from dataclasses import replace
from typing import Any

import pytest

from ocr_pipeline.evaluation.ranking.history import (
    Evaluation,
    against_baseline,
    evaluation_of,
    evaluations,
    lost_documents,
    regressions,
)
from ocr_pipeline.evaluation.ranking.leaderboard import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.outcomes import from_letters, to_letters
from ocr_pipeline.evaluation.ranking.stage import new_evaluations
from ocr_pipeline.evaluation.statistics.significance import mcnemar
from ocr_pipeline_tests.evaluation.cubes import columns, cube


def evaluation(totals: str, dates: str | None = None, **changes: Any) -> Evaluation:
    words = [total + date for total, date in zip(totals, dates or "-" * len(totals), strict=True)]
    outcomes = cube(words)
    sha256 = {document: f"label of {document}" for document in outcomes.documents}
    prints = {("a", document): "engine/extractor" for document in outcomes.documents}
    [one] = evaluations(outcomes, sha256, prints, "labels-1", 1, "rules-1")
    return replace(one, **changes)


def test_letters_and_back() -> None:
    assert to_letters(from_letters("-cwimb")) == "-cwimb"


def test_rows_hold_all_that_is_needed_to_compare_later() -> None:
    one = evaluation("ccwmb-", "ci-c--")
    assert one.documents == ("d000", "d001", "d002", "d003", "d004")  # not run on the last
    assert one.outcomes == {"total_amount": "ccwmb", "invoice_date": "ci-c-"}
    rows = one.rows("2026-01-01 00:00:00", "run")
    assert [row["field"] for row in rows] == [ALL_FIELDS, "total_amount", "invoice_date"]
    counted = ("documents", "n", "correct", "wrong", "spurious", "missing", "both_empty")
    assert [rows[0][name] for name in counted] == [5, 6, 4, 1, 1, 1, 1]
    assert [rows[1][name] for name in counted] == [5, 4, 2, 1, 0, 1, 1]
    assert [rows[2][name] for name in counted] == [3, 2, 2, 0, 1, 0, 0]
    assert rows[0]["f1"] == pytest.approx(2 * 4 / (6 + 6))
    assert (rows[0]["outcomes"], rows[1]["outcomes"]) == (None, "ccwmb")
    assert len({row["evaluation_id"] for row in rows}) == 1
    assert rows[0]["evaluation_id"] != one.rows("2026-01-02 00:00:00", "run")[0]["evaluation_id"]
    again = evaluation_of(rows, {"document_ids": list(one.documents), "label_sha256": list(one.label_sha256)})
    assert again == one
    assert again.content == one.content


def test_content_changes_with_anything_that_matters() -> None:
    one = evaluation("cccww")
    others = [
        evaluation("ccccw"),
        replace(one, fingerprints=("another",)),
        replace(one, label_version="labels-2"),
        replace(one, scoring_version=2),
        replace(one, rules="rules-2"),
        replace(one, label_sha256=("changed", *one.label_sha256[1:])),
        replace(one, documents=("x", *one.documents[1:])),
        replace(one, backend="other"),
        replace(one, dataset="other"),
    ]
    assert len({one.content, *(other.content for other in others)}) == 1 + len(others)
    assert evaluation("cccww").content == one.content
    assert others[5].documents_hash == one.documents_hash
    assert others[6].documents_hash != one.documents_hash


def test_only_what_differs_from_the_last_evaluation_is_new() -> None:
    outcomes = cube(["cc", "cw"], ["cc", "cc"])
    sha256 = dict.fromkeys(outcomes.documents, "x")
    runs = [
        {"backend": backend, "document_id": document, "fingerprint": "f"}
        for backend in outcomes.backends
        for document in outcomes.documents
    ]
    first = new_evaluations(columns(outcomes), sha256, runs, {"demo": "v"}, {})
    assert [one.backend for one in first] == ["a", "b"]
    latest = {(one.dataset, one.backend): {"content": one.content} for one in first}
    assert new_evaluations(columns(outcomes), sha256, runs, {"demo": "v"}, latest) == []
    better = cube(["cc", "cc"], ["cc", "cc"])
    assert [one.backend for one in new_evaluations(columns(better), sha256, runs, {"demo": "v"}, latest)] == ["a"]


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

    def test_a_gain_is_none(self) -> None:
        before, now = evaluation("c" * 12 + "w" * 8), evaluation("c" * 20)
        assert regressions(against_baseline(now, before)) == []

    def test_a_document_that_is_new_or_gone_is_in_neither(self) -> None:
        before = evaluation("w" * 10 + "c" * 10)
        now = evaluation("c" * 10 + "w" * 10)
        new = tuple(f"a{number:03}" for number in range(10))
        now = replace(now, documents=new + before.documents[:10], label_sha256=new + before.label_sha256[:10])
        [overall, total] = against_baseline(now, before)
        # d000 to d009 are in both: wrong before, wrong now
        assert (total.documents, total.difference, total.disagree) == (10, 0.0, 0)
        assert overall.documents == 10

    def test_a_document_whose_label_changed_is_left_out(self) -> None:
        before = evaluation("c" * 20)
        now = evaluation("c" * 8 + "w" * 12)
        changed = replace(now, label_sha256=(*now.label_sha256[:8], *("new label",) * 12))
        assert regressions(against_baseline(now, before))
        assert [row.documents for row in against_baseline(changed, before)] == [8, 8]
        assert regressions(against_baseline(changed, before)) == []

    def test_nothing_in_common_is_no_comparison(self) -> None:
        before = evaluation("ccc")
        assert against_baseline(replace(before, label_sha256=("x", "y", "z")), before) == []
        assert against_baseline(replace(before, scoring_version=2), before) == []
        assert against_baseline(replace(before, rules="rules-2"), before) == []
        assert against_baseline(evaluation("---", "ccc"), before) == []


def test_the_documents_behind_a_regression() -> None:
    before, now = evaluation("cccbcc", "cccccc"), evaluation("cwmi-c", "cccccw")
    assert lost_documents(now, before, "total_amount") == ["d001", "d002", "d003"]
    assert lost_documents(now, before, "invoice_date") == ["d005"]
    assert lost_documents(now, before, ALL_FIELDS) == ["d001", "d002", "d003", "d005"]
    relabelled = replace(now, label_sha256=("x",) * len(now.documents))
    assert lost_documents(relabelled, before, ALL_FIELDS) == []
