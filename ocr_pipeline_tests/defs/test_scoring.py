"""From extractions to line item scores, and what a change of `evaluation.yaml` does to scores."""

from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.pipeline import Pipeline, Recorder
from ocr_pipeline_tests.files import PLUGINS, add_image, add_label, write_backends

CAKE, TEA = {"description": "CAKE", "amount": "4.80"}, {"description": "Tea", "amount": "2.00"}


def defined(project: Project) -> dg.Definitions:
    return build_definitions(project, {"progress": dg.ResourceDefinition.hardcoded_resource(Recorder())})


def test_line_items_printed_dates_and_rules(project: Project) -> None:
    write_backends(
        project.root, {"engines": {"pdf-text": None}, "backends": {"two": {"extractor": f"{PLUGINS}:ReceiptOfTwo"}}}
    )
    label: dict[str, Any] = {"invoice_date": "2026-04-03", "total_amount": "6.90", "line_items": [CAKE, TEA, TEA]}
    add_label(add_image(project, "d0.png"), **label)
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(project, defined(project), instance, Recorder())
        pipeline.documents(["d0"])
        pipeline.extract([("two", "d0")])

        def evaluate(*assets: str) -> dict[str, Any]:
            """The row of `leaderboard`."""
            pipeline.definitions = defined(project)
            for asset in assets:
                [result] = pipeline.launch([asset], [("two", "two")] if asset == "field_scores" else [None])
                assert result.success
            return pipeline.warehouse.rows("FROM leaderboard")[0]

        def total() -> list[str]:
            columns = "outcome_strict, outcome, outcome_lenient"
            [row] = pipeline.warehouse.rows(f"SELECT {columns} FROM field_scores WHERE field = 'total_amount'")
            return list(row.values())

        def fields() -> dict[str, dict[str, Any]]:
            return {row["field"]: row for row in pipeline.warehouse.rows("FROM leaderboard_fields")}

        usual = evaluate("field_scores", "leaderboard")
        assert (usual["missing_documents"], usual["scoring_version"]) == (0, 3)
        assert total() == ["wrong", "wrong", "correct"]

        [scores] = pipeline.warehouse.rows("FROM line_item_scores")
        rows = {name: scores[f"rows_{name}"] for name in ("correct", "wrong", "missing", "spurious")}
        assert rows == {"correct": 1, "wrong": 1, "missing": 1, "spurious": 0}
        assert (scores["rows_correct_strict"], scores["cells_correct"], scores["cells_correct_strict"]) == (0, 3, 2)
        cells = pipeline.warehouse.rows(
            "SELECT truth_position, prediction_position, row_outcome, outcome FROM line_item_cells"
            " WHERE column_name = 'amount' ORDER BY 1"
        )
        assert [tuple(cell.values()) for cell in cells] == [
            (0, 1, "correct", "correct"),
            (1, 0, "wrong", "wrong"),
            (2, None, "missing", "missing"),
        ]
        board = fields()
        assert list(board) == ["all_fields", "invoice_date", "total_amount", "line_items", "line_items.cells"]
        assert board["line_items"]["f1"] == pytest.approx(2 * 1 / (2 + 3))
        assert board["line_items.cells"]["f1"] == pytest.approx(2 * 3 / (4 + 6))
        assert (board["all_fields"]["n"], board["all_fields"]["f1"], board["all_fields"]["f1_lenient"]) == (2, 0, 1)
        assert (board["invoice_date"]["printed_date"], board["invoice_date"]["printed_unreadable"]) == (1, 0)

        (project.root / "evaluation.yaml").write_text(
            "fields: {total_amount: {within: '0.01', within_percent: 0}}\n"
            f"datasets: {{{usual['dataset']}: {{day_first: false}}}}\n"
        )
        assert evaluate("leaderboard")["missing_documents"] == 1, "scores by other rules are not shown"
        changed = evaluate("field_scores", "leaderboard")
        assert (changed["missing_documents"], changed["rules"] == usual["rules"]) == (0, False)
        assert total() == ["wrong", "wrong", "wrong"]
        assert fields()["invoice_date"]["printed_date"] == 0, "03/04/2026 is not April 3 where the month comes first"

        (project.root / "evaluation.yaml").write_text("fields:\n  total_amount:\n    witin: 1\n")
        with pytest.raises(
            ConfigurationError, match=r"^evaluation.yaml, line 3: fields.total_amount.witin: unknown key"
        ):
            defined(project)
