"""Comparisons, slices, history and checks through the real pipeline, and the commands on what it wrote."""

import json
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline_tests.cli.test_cli import Cli, in_a_terminal
from ocr_pipeline_tests.defs.pipeline import DOCUMENTS, Pipeline
from ocr_pipeline_tests.files import PLUGINS, add_label, small_backends, write_backends


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Cli:
    in_a_terminal(monkeypatch)
    return Cli(monkeypatch)


def rewrite(pipeline: Pipeline, settings: dict[str, Any]) -> None:
    write_backends(pipeline.project.root, settings)
    resources = {name: pipeline.definitions.resources[name] for name in ("progress", "project")}  # type: ignore[index]
    pipeline.definitions = build_definitions(pipeline.project, resources)


@pytest.mark.slow
def test_from_scores_to_a_regression(pipeline: Pipeline, run: Cli) -> None:
    assert run.fails("compare") == "No comparisons yet; run `ocr-pipeline run` with two backends first."
    assert run.fails("history") == "No such evaluation yet; run `ocr-pipeline run` first."
    add_label(pipeline.project.data / "documents" / "broken.pdf", total_amount="7.00")
    # pixel+first and page-width are wrong by one percent in d0; all miss the broken document
    add_label(pipeline.project.data / "documents" / "d0.png", total_amount="40.40", document_type="receipt")
    pipeline.everything()

    # ---- comparisons: six images are read by pixel+first and have no text layer for pdf-text+first
    rows = pipeline.warehouse.rows("FROM comparisons WHERE field = 'total_amount' AND rules = 'headline'")
    pairs = {(row["backend_a"], row["backend_b"]): row for row in rows}
    assert len(pairs) == 3
    lead = pairs["pdf-text+first", "pixel+first"]
    assert (lead["documents"], lead["a_better"], lead["b_better"], lead["p"]) == (7, 0, 5, 2 / 32)
    assert pairs["page-width", "pixel+first"]["disagree"] == 0
    one = run.json("compare", "pixel+first", "pdf-text+first", "--field", "total_amount")
    by_rules = {row["rules"]: row for row in one["comparisons"]}
    assert (by_rules["headline"]["difference"], by_rules["headline"]["a_better"]) == (-lead["difference"], 5)
    assert (by_rules["lenient"]["a_better"], by_rules["lenient"]["p"]) == (6, 2 / 64)
    assert [(row["document_id"], row["right"], row["truth"]) for row in one["flipped"]] == [
        (f"d{number}", "a", f"{40 + number}.00") for number in range(1, 6)
    ]
    assert {row["prediction_a"] for row in one["flipped"]} == {f"{40 + number}.00" for number in range(1, 6)}
    assert {row["prediction_b"] for row in one["flipped"]} == {None}
    shown = run.ok("compare", "pdf-text+first", "pixel+first")
    assert "No value is right in pdf-text+first only." in shown
    assert "Right in pixel+first only: 5 values" in shown
    assert "0/5" in shown
    assert "p Holm: corrected over all fields of this pair" in " ".join(shown.split())
    shown = run.ok("compare")
    assert "every pair" in shown
    assert "p Holm: corrected over the 3 pairs shown" in " ".join(shown.split())
    assert run.fails("compare", "pixel+first", "gpt") == (
        "No comparison includes 'gpt'; choose from page-width, pdf-text+first, pixel+first."
    )
    assert run.fails("compare", "pixel+first").startswith("Name two different backends")
    assert run.fails("compare", "pixel+first", "page-width", "-s", "x") == ("No comparisons for data set 'x'.")
    assert run.fails("compare", "pixel+first", "page-width", "-f", "due_date") == (
        "No document labelled for due_date was run by both backends."
    )

    # ---- leaderboard: new columns, slices
    board = {row["backend"]: row for row in pipeline.warehouse.rows("FROM leaderboard")}
    assert (board["pixel+first"]["straight_through_documents"], board["pixel+first"]["straight_through_rate"]) == (
        5,
        5 / 7,
    )
    assert board["pixel+first"]["macro_f1"] is not None
    assert board["pdf-text+first"]["pareto"] is not True
    slices = {(row["backend"], row["slice"]): row for row in run.json("leaderboard", "--by", "document_type")}
    assert slices["pixel+first", "receipt"]["documents"] == 1
    assert slices["pixel+first", "unknown"]["n"] == 6
    confidence = {(row["backend"], row["slice"]): row for row in run.json("leaderboard", "--by", "confidence")}
    assert confidence["pixel+first", "0.90 to 0.95"]["documents"] == 6
    assert "documents: F1 in % [95 %] by pages" in run.ok("leaderboard", "--by", "pages")
    assert run.fails("leaderboard", "--by", "colour").startswith("Unknown dimension 'colour'; choose from ")

    # ---- history: the same again is not appended
    first = pipeline.warehouse.rows("FROM evaluation_history ORDER BY ALL")
    assert {(row["backend"], row["field"]) for row in first} >= {
        ("page-width", "all_fields"),
        ("page-width", "total_amount"),
    }
    pipeline.evaluate()
    assert pipeline.warehouse.rows("FROM evaluation_history ORDER BY ALL") == first
    checks = pipeline.check()
    assert checks["no_regression"].passed
    assert checks["no_regression"].metadata["backends_compared"].value == 0
    assert not checks["failure_rate"].passed
    assert "pdf-text" in str(checks["failure_rate"].metadata["rows"].value)
    assert run.fails("baseline", "show") == ("No baseline: none is pinned, and no backend was evaluated twice.")
    assert "documents, page-width: pinned " in run.ok("baseline", "pin", "--backend", "page-width")

    # ---- page-width reads no document right any more, pixel+first reads as before
    settings = small_backends(pipeline.project.root)
    settings["backends"]["page-width"] = {"engine": "pdf-text", "extractor": f"{PLUGINS}:FirstAmount"}
    thresholds = pipeline.project.root / "evaluation.yaml"
    thresholds.write_text("checks: {regression: {alpha: 0.1}}")  # five documents lost of seven are p = 2 / 32
    rewrite(pipeline, settings)
    pipeline.extract(("page-width", document) for document in DOCUMENTS)
    pipeline.evaluate()
    regression = pipeline.check()["no_regression"]
    assert not regression.passed
    assert regression.severity == dg.AssetCheckSeverity.ERROR
    assert regression.metadata["found"].value == 1
    assert "page-width" in str(regression.metadata["rows"].value)
    # all fields and the total fell; luck cannot explain the first
    assert regression.description == (
        "documents: page-width is worse at all_fields: F1 0.0 after 71.4, on d1, d2, d3, d4, d5."
    )
    link = "[d1](http://127.0.0.1:3001/documents/d1.html)"
    assert link in str(regression.metadata["documents"].value)
    later = pipeline.warehouse.rows("FROM evaluation_history ORDER BY evaluated_at")
    assert sum(row in first for row in later) == len(first)
    assert {row["backend"] for row in later[len(first) :]} == {"page-width"}

    trend = run.json("history", "--backend", "page-width", "--field", "total_amount")
    assert [(row["correct"], row["missing"], row["pinned"], row["changed"]) for row in trend] == [
        (5, 1, True, []),
        (0, 7, False, ["backend"]),
    ]
    assert "pinned" in run.ok("history", "--backend", "page-width")
    [against] = run.json("baseline", "show", "--backend", "page-width")
    assert against["pinned_at"] is not None
    assert [(one["field"], one["regression"]) for one in against["comparisons"]][:1] == [("all_fields", True)]
    shown = run.ok("baseline", "show")
    assert "worse" in shown
    assert "against pinned" in shown

    # ---- thresholds decide; the evaluation before the last is the baseline where none is pinned
    assert run.ok("baseline", "clear") == "Unpinned 1 baseline.\n"
    assert run.fails("baseline", "clear") == "No such pinned baseline."
    assert "against previous evaluation" in run.ok("baseline", "show").replace("\n", " ")
    thresholds.write_text("checks: {failure_rate: {max: 1}}")
    rewrite(pipeline, settings)
    pipeline.evaluate()
    checks = pipeline.check()
    assert checks["no_regression"].passed
    assert checks["no_regression"].metadata["backends_compared"].value == 1
    assert checks["failure_rate"].passed
    # pinned to what it is now, it is no worse than its baseline; an earlier one can be pinned by its id
    thresholds.write_text("checks: {regression: {alpha: 0.1}}")
    run.ok("baseline", "pin", "--backend", "page-width")
    assert "worse" not in run.ok("baseline", "show", "--backend", "page-width")
    run.ok("baseline", "pin", "--evaluation", trend[0]["evaluation_id"][:10])
    assert [row["pinned"] for row in run.json("history", "--backend", "page-width")] == [True, False]
    assert run.fails("baseline", "pin", "--evaluation", "nothing").startswith("No such evaluation")

    # ---- scored by other rules it is held against nothing that was scored by the old ones
    run.ok("baseline", "clear")
    thresholds.write_text("fields: {total_amount: {within: 1}}")
    rewrite(pipeline, settings)
    pipeline.evaluate()
    regression = pipeline.check()["no_regression"]
    assert regression.metadata["backends_compared"].value == 0
    assert run.json("history", "--backend", "page-width")[-1]["changed"] == ["rules"]


def test_checks_of_documents_and_labels(pipeline: Pipeline) -> None:
    folder = pipeline.project.data / "documents"
    add_label(folder / "d0.png", net_amount="10.00", total_tax_amount="1.00", total_amount="40.00")
    add_label(folder / "d1.png", net_amount="40.00", total_tax_amount="1.00", total_amount="41.04")
    (folder / "d2.png.json").write_text("{}")
    (folder / "d4.png").write_bytes((folder / "d3.png").read_bytes())
    for name, split in (("d3", "test"), ("d4", "train")):
        (folder / f"{name}.png.json").write_text(json.dumps({"invoice": {"total_amount": "43.00"}, "split": split}))
    pipeline.launch(["raw_documents", "ground_truth"], [("broken", "d5")])
    pipeline.launch(["duplicates"], [None])
    pipeline.ocr(("pixel", document) for document in DOCUMENTS)
    checks = pipeline.check()
    integrity = checks["label_integrity"]
    assert not integrity.passed
    assert integrity.severity == dg.AssetCheckSeverity.WARN
    assert integrity.metadata["problems"].value == 2  # a sum that is off by 4 cents is rounding
    text = str(integrity.metadata["rows"].value)
    assert "net amount and tax do not add up to the total" in text
    assert "invalid label" in text
    assert not checks["no_duplicates"].passed
    assert "d4" in str(checks["no_duplicates"].metadata["rows"].value)
    assert not checks["no_leakage"].passed
    assert checks["no_leakage"].metadata["groups"].value == 1

    assert checks["ocr_confidence"].passed
    limits = {"ocr_confidence": {"engines": {"pixel": 0.95}}, "label_integrity": {"max": 0.5}, "leakage": {"max": 1}}
    (pipeline.project.root / "evaluation.yaml").write_text(json.dumps({"checks": limits}))
    rewrite(pipeline, small_backends(pipeline.project.root))
    checks = pipeline.check()
    assert "pixel" in str(checks["ocr_confidence"].metadata["rows"].value)
    assert checks["label_integrity"].passed
    assert checks["no_leakage"].passed
