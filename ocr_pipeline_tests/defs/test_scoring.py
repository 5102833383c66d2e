"""From extractions to line item scores, and what a change of `evaluation.yaml` does to scores."""

import json
from typing import Any

import dagster as dg
import pytest

from ocr_pipeline.cli.leaderboard import evidence_table
from ocr_pipeline.cli.read_elsewhere import show_elsewhere
from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.assets import scoring
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.loading import load_case
from ocr_pipeline.project import Project
from ocr_pipeline.report.documents import document_page
from ocr_pipeline.report.overview import data_sets
from ocr_pipeline.warehouse import tables
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


def test_evidence_is_scored_against_places_on_labels(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """From label files to the leaderboard: a page that the engine turned, the second page, and a value read elsewhere."""
    write_backends(
        project.root,
        {
            "engines": {"turned": {"type": f"{PLUGINS}:TurnedEngine"}},
            "backends": {"turned+first": {"engine": "turned", "extractor": f"{PLUGINS}:FirstAmountAndPlace"}},
        },
    )
    # The word is at (0.1, 0.1, 0.3, 0.2) of the page turned clockwise by 90 degrees.
    right = {"page": 1, "box": (0.1, 0.7, 0.2, 0.9)}
    boxes = {"d0": [right], "d1": [{"page": 1, "box": (0.1, 0.1, 0.3, 0.2)}], "d2": [{**right, "page": 2}, right]}
    for name, places in boxes.items():
        path = add_label(add_image(project, f"{name}.png", 40), total_amount="40.00")
        label = json.loads(path.read_text()) | {"boxes": {"total_amount": places}}
        path.write_text(json.dumps(label))
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(project, defined(project), instance, Recorder())
        pipeline.documents(["d0", "d1", "d2"])
        pipeline.ocr([("turned", name) for name in boxes])
        pipeline.extract([("turned+first", name) for name in boxes])
        for asset, keys in (("field_scores", [("turned+first", "turned+first")]), ("leaderboard", [None])):
            [result] = pipeline.launch([asset], keys)
            assert result.success
        rows = pipeline.warehouse.rows("FROM evidence_scores ORDER BY document_id")
        assert [(row["document_id"], row["outcome"], row["page_right"]) for row in rows] == [
            ("d0", "found", True),
            ("d1", "elsewhere", True),
            ("d2", "found", True),
        ]
        assert [rows[0][name] for name in ("page", "x0", "y0", "x1", "y1")] == pytest.approx([1, 0.1, 0.7, 0.2, 0.9])
        assert (rows[2]["label_page"], rows[0]["iou"]) == (1, pytest.approx(1))
        [total] = pipeline.warehouse.rows("FROM leaderboard_evidence WHERE field = 'total_amount'")
        assert (total["found"], total["right_values"], total["right_elsewhere"]) == (2, 3, 1)
        scoring = scoring_of(project)
        found = tables.places.read_elsewhere(pipeline.warehouse, scoring, {"backend": "turned+first"})
        assert [(row.document_id, row.prediction) for row in found] == [("d1", "40.00")]
        with pipeline.warehouse.snapshot() as snapshot:
            page = document_page(load_case(snapshot, scoring, "d1"), set())
            [shown] = data_sets(snapshot, scoring)
        cell = page.cells["total_amount", "turned+first"]
        assert cell.box == [1, 0.1, 0.1, 0.3, 0.2], "as the page is shown: turned like the engine turned it"
        assert cell.label_box == pytest.approx([1, 0.8, 0.1, 0.9, 0.3])
        assert cell.case.marked is not None
        assert (cell.case.marked.outcome, page.has_marked_places) == ("elsewhere", True)
        assert [(row.field, row.found) for row in shown.evidence] == [("all_fields", 2), ("total_amount", 2)]
        table = evidence_table("demo", shown.evidence, of_fields=True)
        assert table is not None
        assert [list(column.cells)[-1] for column in table.columns][-2:] == ["0", "1 of 3"]
        show_elsewhere(project, scoring, {}, 20, as_json=False)
        assert "1 correct value read elsewhere than the label says" in capsys.readouterr().out
        show_elsewhere(project, scoring, {"field": "total_amount"}, 20, as_json=True)
        assert [row["document_id"] for row in json.loads(capsys.readouterr().out)] == ["d1"]
        (project.root / "evaluation.yaml").write_text("fields: {total_amount: {within: '0.01'}}\n")
        assert tables.places.read_elsewhere(pipeline.warehouse, scoring_of(project), {}) == [], "stale scores"


def test_very_many_cells_are_scored_and_written_in_parts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is stored before the next one is compared, with what it was made from."""
    names, ids = ("one", "two"), [f"d{number}" for number in range(5)]
    extractor = {"extractor": f"{PLUGINS}:ReceiptOfTwo"}
    write_backends(project.root, {"engines": {"pdf-text": None}, "backends": dict.fromkeys(names, extractor)})
    for number, document_id in enumerate(ids):
        add_label(add_image(project, f"{document_id}.png", width=40 + number), total_amount=f"{6.9 + number:.2f}")
    written: list[list[tuple[str, str]]] = []
    replace_scores = tables.scores.replace_scores

    def write(*args: Any, cells: list[tuple[str, str]], **options: Any) -> None:
        assert len(pipeline.warehouse.rows("FROM scored_cells")) == sum(map(len, written))
        written.append(list(cells))
        replace_scores(*args, cells=cells, **options)

    monkeypatch.setattr(tables.scores, "replace_scores", write)
    monkeypatch.setattr(scoring, "CELLS_AT_A_TIME", 4)
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(project, defined(project), instance, Recorder())
        pipeline.documents(ids)
        pipeline.extract([(name, document_id) for name in names for document_id in ids])
        [result] = pipeline.launch(["field_scores"], [("one", "two")])
        assert result.success
        assert written == [
            [(document_id, name) for document_id in part for name in names] for part in (ids[:2], ids[2:4], ids[4:])
        ]
        rows = "document_id, backend, outcome, truth, prediction FROM field_scores ORDER BY ALL"
        in_parts = pipeline.warehouse.rows(f"SELECT {rows}")
        assert len(in_parts) == 10
        pipeline.warehouse.replace_all({"scored_cells": [], "field_scores": []})
        monkeypatch.setattr(scoring, "CELLS_AT_A_TIME", 1000)
        monkeypatch.setattr(scoring, "PREVIEW_ROWS", 1)
        written.clear()
        [result] = pipeline.launch(["field_scores"], [("one", "two")])
        assert [len(part) for part in written] == [10]
        assert pipeline.warehouse.rows(f"SELECT {rows}") == in_parts
        [event] = [event for event in result.get_asset_materialization_events() if event.partition == "one"]
        shown = str(event.materialization.metadata["not_correct"].value)
        assert shown.count("| wrong |") == 1  # of all, only those that are shown are loaded
        assert f"… and {sum(row['outcome'] == 'wrong' for row in in_parts) // 2 - 1} more rows" in shown


@pytest.mark.parametrize(("documents", "sizes"), [(0, [0]), (1, [3]), (2, [6]), (5, [6, 6, 3])])
def test_a_part_ends_with_a_document(documents: int, sizes: list[int]) -> None:
    cells = [(f"d{number}", backend) for number in range(documents) for backend in "abc"]
    parts = scoring.parts_of_cells(cells, most=4)
    assert [len(part) for part in parts] == sizes
    assert [cell for part in parts for cell in part] == cells
