"""The diagnosis through the real pipeline: a review changes a label, and everything that follows from it."""

from datetime import date

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.overrides import Decision, write_decision
from ocr_pipeline.planning.states import label_states
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import add_image


def run(project: Project) -> dict[str, int]:
    backends = list(load_backends(project))
    return run_pipeline(project, find_documents(project.data), backends, Recorder()).cells


@pytest.mark.slow
def test_label_issue_is_found_reviewed_and_scored_again(project: Project) -> None:
    """`pixel+first` and `page-width`, two extractors, give the width; `pdf-text+first` fails on images."""
    add_image(project, "shop/a.png", 40, total="8.20")
    add_image(project, "shop/b.png", 41, total="41.00")
    add_image(project, "shop/c.png", 42)
    warehouse = Warehouse(project.database)
    run(project)
    (issue,) = warehouse.rows("FROM label_issues")
    assert (issue["document_id"], issue["label"], issue["value"]) == ("shop-a", "8.20", "40.00")
    assert (issue["backends"], issue["independent"]) == (["pixel+first", "page-width"], True)
    attributions = {(r["document_id"], r["backend"]): r["attribution"] for r in warehouse.rows("FROM attributions")}
    assert attributions == {
        ("shop-a", "pixel+first"): "label_issue",
        ("shop-a", "page-width"): "label_issue",
        ("shop-a", "pdf-text+first"): "document_failed",
        ("shop-b", "pdf-text+first"): "document_failed",
    }
    assert {row["status"] for row in warehouse.rows("FROM calibrations")} == {"too_few"}
    assert {row["confidence"] for row in warehouse.rows("FROM confidences")} == {None}
    (unlabelled,) = warehouse.rows("FROM consensus WHERE document_id = 'shop-c'")
    assert (unlabelled["value"], unlabelled["agreeing"], unlabelled["labelled"]) == ("42.00", 2, False)
    (before,) = warehouse.rows("SELECT DISTINCT label_version FROM leaderboard")

    decision = Decision(choice="value", label="8.20", value="40.00", decided_on=date(2026, 11, 25))
    write_decision(project.data, "shop-a", "total_amount", decision)
    cells = run(project)
    assert (cells["ground_truth"], cells.get("extractions")) == (1, None)
    assert warehouse.rows("FROM label_issues") == []
    (truth,) = warehouse.rows("FROM ground_truth WHERE document_id = 'shop-a'")
    assert (str(truth["value_amount"]), truth["decision"], truth["file_value"]) == ("40.000000", "value", "8.20")
    right = warehouse.rows("SELECT backend FROM field_scores WHERE document_id = 'shop-a' AND outcome = 'correct'")
    assert {row["backend"] for row in right} == {"pixel+first", "page-width"}
    (after,) = warehouse.rows("SELECT DISTINCT label_version FROM leaderboard")
    assert before != after
    states = label_states(find_documents(project.data), tables.labels.labels(warehouse))
    assert {state.state for state in states} == {"current"}
