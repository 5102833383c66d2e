"""`attribution`, `confidence` and `labels` as a user meets them, on rows as the assets write them."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.documents.overrides import load_overrides
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse, utc_now
from ocr_pipeline_tests.cli.test_cli import Cli, taken_in
from ocr_pipeline_tests.cli.test_cli import _terminal as _terminal
from ocr_pipeline_tests.cli.test_cli import run as run
from ocr_pipeline_tests.files import add_image, add_label

KEY = {"dataset": "shop", "backend": "page-width"}


def fill(project: Project, **new_rows: list[dict[str, Any]]) -> None:
    Warehouse(project.database).replace_all(new_rows)


def score(document_id: str, outcome: str, field: str = "total_amount", label_sha256: str = "x") -> dict[str, Any]:
    return {
        **KEY,
        "document_id": document_id,
        "field": field,
        "kind": "money",
        "outcome": outcome,
        "label_sha256": label_sha256,
        "extractor_fingerprint": "x",
        "scoring_version": SCORING_VERSION,
        "rules": DEFAULT_RULES.fingerprint,
        "scored_at": utc_now(),
    }


def scored(scores: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """These scores, and what they were made from."""
    ids = sorted({row["document_id"] for row in scores})
    common = {"dataset": "shop", "updated_at": utc_now(), "status": "ok"}
    cell = {"backend": "page-width", "extractor": "x", "status": "ok", "extractor_fingerprint": "x"}
    return {
        "documents": [{**common, "document_id": key, "path": key} for key in ids],
        "labels": [{**common, "document_id": key, "label_sha256": "x"} for key in ids],
        "extractions": [{**cell, "document_id": key, "updated_at": utc_now()} for key in ids],
        "field_scores": scores,
    }


def attribution(document_id: str, name: str, field: str = "total_amount") -> dict[str, Any]:
    known = {"document_id": document_id, "field": field, "outcome": "wrong", "attribution": name, "reason": "So it is."}
    return {**KEY, **known, "judged_at": utc_now()}


def test_attributions_are_summed_up(run: Cli, project: Project) -> None:
    names = ["ocr_missing", "ocr_misread", "selection", "selection", "label_issue"]
    found = [attribution(f"d{number}", name) for number, name in enumerate(names)]
    rows = [*found, attribution("d0", "selection", "due_date")]
    fill(project, **scored([score(row["document_id"], "wrong", row["field"]) for row in rows]), attributions=rows)
    out = run.ok("attribution")
    assert "shop: page-width: 6 errors: 2 OCR, 3 selection, 1 label." in " ".join(out.split())
    assert [line.split() for line in out.splitlines() if "total_amount" in line] == [
        ["total_amount", "5", "2", "2", "1"]
    ]
    one = run.ok("attribution", "--backend", "page-width", "--field", "total_amount")
    assert "5 errors in total_amount: 2 OCR, 2 selection, 1 label." in " ".join(one.split())
    data = run.json("attribution", "--field", "total_amount")
    assert (data["totals"][0]["n"], data["totals"][0]["ocr_misread"], len(data["attributions"])) == (5, 1, 5)
    assert data["attributions"][0]["reason"] == "So it is."


def test_nothing_is_wrong_or_nothing_is_scored(run: Cli, project: Project) -> None:
    assert run.fails("attribution", "--backend", "x").startswith("No scores for backend 'x' yet")
    fill(project, **scored([score("a", "correct")]))
    assert run.ok("attribution") == "No errors: nothing is wrong, missing or spurious.\n"


def calibration(**values: Any) -> dict[str, Any]:
    counts = {"documents": 60, "groups": 60, "values": 240, "errors": 29}
    fit = {"ece": 0.04, "ece_by_chance": 0.035, "brier": 0.08, "auc": 0.871, "method": "m"}
    return {**KEY, "status": "ok", **counts, **fit, "computed_at": utc_now(), **values}


def test_confidence_says_what_can_be_accepted(run: Cli, project: Project) -> None:
    row = {**KEY, "level": "document", "n": 60, "accepted": 42, "coverage": 0.7, "errors": 1, "threshold": 0.9}
    risk = {"risk": 1 / 42, "risk_low": 0.004, "risk_high": 0.12}
    nothing = {**row, "threshold": None, "accepted": 0, "coverage": 0.0, "errors": 0, "target_risk": 0.0}
    bin_row = {**KEY, "bin": 0, "n": 24, "confidence": 0.5, "accuracy": 0.55, "accuracy_low": 0.3, "accuracy_high": 0.7}
    curve = {**row, **risk, "target_risk": None}
    fill(
        project,
        calibrations=[calibration()],
        reliability=[bin_row],
        risk_coverage=[{**row, **risk, "target_risk": 0.02}, nothing, curve],
    )
    out = run.ok("confidence")
    assert "2 % documents 0.900 70 % (42/60) 1 2.4 [0–12]" in " ".join(out.split())
    assert "0 % documents – 0 % (0/60) 0 –" in " ".join(out.split())
    assert "Calibration error 4.0 % (a perfectly calibrated backend would show 3.5 % with this few values)" in " ".join(
        out.split()
    )
    assert "24 50.0 55.0 [30–70]" in " ".join(run.ok("confidence", "--curve").split())
    assert run.json("confidence")["calibrations"][0]["auc"] == 0.871


def test_too_few_documents_are_said_plainly(run: Cli, project: Project) -> None:
    assert "No confidences yet" in run.fails("confidence")
    fill(
        project,
        calibrations=[calibration(status="too_few", message="10 labelled documents; 30 are needed to calibrate.")],
    )
    out = " ".join(run.ok("confidence").split())
    assert out == "shop: page-width: not calibrated: 10 labelled documents; 30 are needed to calibrate."


@pytest.fixture
def queue(project: Project) -> Project:
    """Two doubtful labels; `page-width` gives what is proposed for the first."""
    add_label(add_image(project, "shop/a.png", 40), total_amount="8.20", supplier_name="ACME")
    add_image(project, "shop/b.png", 41, total="41.00")
    taken_in(project)
    target = Warehouse(project.database)
    issue = {"dataset": "shop", "kinds": ["agreement"], "backends": ["page-width"], "independent": True}
    issue |= {"reason": "2 backends agree.", "found_at": utc_now(), "document_id": "shop-a"}
    new_rows = tables.empty(tables.extractions.EXTRACTION_TABLES)
    for key, amount in (("shop-a", "40.00"), ("shop-b", "41.00")):
        known = {"document_id": key, "backend": "page-width"}
        new_rows["extractions"].append(
            {**known, "extractor": "x", "status": "ok", "extractor_fingerprint": "x", "updated_at": utc_now()}
        )
        new_rows["extracted_fields"].append({**known, "field": "total_amount", "value": amount, "value_amount": amount})
    fill(
        project,
        **new_rows,
        label_issues=[
            {**issue, "field": "total_amount", "label": "8.20", "value": "40.00", "score": 2.0},
            {**issue, "field": "supplier_name", "label": "ACME", "value": None, "score": 1.0},
        ],
        field_scores=[score("shop-a", "wrong", label_sha256=tables.labels.label_sha256(target)["shop-a"])],
    )
    return project


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def decisions(project: Project) -> dict[str, Any]:
    path = project.data / "overrides" / "shop-a.json"
    return {} if not path.exists() else load_overrides(path).model_dump()["fields"]


def test_label_issues_are_listed(run: Cli, queue: Project) -> None:
    out = run.ok("labels", "issues")
    assert "2 label issues" in out
    assert out.index("40.00") < out.index("ACME")
    assert [row["field"] for row in run.json("labels", "issues")] == ["total_amount", "supplier_name"]
    assert run.ok("labels", "issues", "--dataset", "other") == "No label issues.\n"


def test_review_takes_the_value_and_shows_what_it_changes(
    run: Cli, queue: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "n", "stamp over the total", "v", "s")
    out = run.ok("labels", "review")
    assert "1 of 2" in out
    assert "shop/a.png" in out
    found = decisions(queue)
    assert set(found) == {"total_amount"}
    kept = {name: found["total_amount"][name] for name in ("choice", "label", "value", "note")}
    assert kept == {"choice": "value", "label": "8.20", "value": "40.00", "note": "stamp over the total"}
    assert "page-width 1 2 40.0 80.0" in " ".join(out.split())
    assert "ocr-pipeline run" in out


def test_every_answer_of_a_review(run: Cli, queue: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "x", "l", "v", "b", "o", "-")
    out = run.ok("labels", "review")
    assert "Please answer with one of these letters." in out
    assert out.count("No value is suggested; enter one with o.") == 2
    found = decisions(queue)
    assert (found["total_amount"]["choice"], found["supplier_name"]["choice"]) == ("label", "value")
    assert found["supplier_name"]["value"] is None
    answers(monkeypatch, "o", "not an amount", "o", "7.00", "q")
    assert "Not a valid value for total_amount." in run.ok("labels", "review", "--document", "shop-a")
    assert decisions(queue)["total_amount"]["value"] == "7.00"
    answers(monkeypatch, "b", "q")
    run.ok("labels", "review")
    assert (decisions(queue)["total_amount"]["choice"], decisions(queue)["total_amount"]["value"]) == ("both", "40.00")


def test_a_pipe_that_ends_keeps_what_was_decided(run: Cli, queue: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch)
    assert "No decisions were made." in run.ok("labels", "review")
    answers(monkeypatch, "l")
    run.ok("labels", "review")
    assert set(decisions(queue)) == {"total_amount"}


def test_suggest_lists_what_is_not_labelled(run: Cli, project: Project) -> None:
    assert "No extractions yet" in run.fails("labels", "suggest")
    add_image(project, "shop/a.png", total="1.00")
    add_image(project, "shop/b.png", 41)
    add_image(project, "shop/c.png", 42)
    taken_in(project)
    entry = {"dataset": "shop", "field": "total_amount", "labelled": False, "value": "1", "backends": 3, "agreeing": 1}
    entry |= {"distinct_values": 2, "computed_at": utc_now()}
    doubts = {"shop-a": 0.0, "shop-b": 0.9, "shop-c": 0.2}
    fill(project, consensus=[{**entry, "document_id": key, "agreement": value} for key, value in doubts.items()])
    assert [row["document_id"] for row in run.json("labels", "suggest")] == ["shop-c", "shop-b"]
    assert [row["document_id"] for row in run.json("labels", "suggest", "--count", "1")] == ["shop-c"]
    assert "shop-c  0.80 total_amount" in " ".join(run.ok("labels", "suggest").split()).replace("shop-c ", "shop-c  ")


def test_decisions_are_kept_as_they_should_go_into_version_control(
    run: Cli, queue: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "l", "s")
    run.ok("labels", "review")
    text = Path(queue.data / "overrides" / "shop-a.json").read_text("utf-8")
    assert text.endswith("}\n")
    assert json.loads(text)["document_id"] == "shop-a"
