"""Values of schemas that share names with those of invoices, or of each other, in exports and on pages."""

import csv
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ocr_pipeline.document_fields import Invoice, Shape, fields_model
from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.extraction.stage import ExtractionOutcome
from ocr_pipeline.inspection.cases import unscored_cells
from ocr_pipeline.inspection.loading import load_cases
from ocr_pipeline.inspection.wide import export_wide, values_frame
from ocr_pipeline.inspection.wrong_values import at_stake
from ocr_pipeline.schemas import Extraction
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse, utc_now
from ocr_pipeline.warehouse.tables.current import Scoring

LONG = "a_list_with_a_name_that_is_longer_than_a_sheet"


def shape(name: str, fields: dict[str, str], **lists: dict[str, str]) -> Shape:
    def kinds(columns: dict[str, str]) -> dict[str, Any]:
        return {column: {"kind": kind} for column, kind in columns.items()}

    return {"name": name, "fields": kinds(fields), "lists": {key: kinds(columns) for key, columns in lists.items()}}


ORDER = shape("orders", {"total_amount": "text", "sent": "boolean"}, line_items={"article": "text", "quantity": "text"})
NOTE = shape("notes", {"sent": "boolean"}, line_items={"weight": "quantity"}, **{LONG: {"weight": "text"}})
VALUES = {
    "order": fields_model(ORDER).model_validate(
        {"total_amount": "twelve", "sent": True, "line_items": [{"article": "A-1", "quantity": "a few"}]}
    ),
    "note": fields_model(NOTE).model_validate(
        {"sent": False, "line_items": [{"weight": "2.5"}], LONG: [{"weight": "much"}]}
    ),
    "bill": Invoice.model_validate({"total_amount": "12", "line_items": [{"description": "Tea", "quantity": "2"}]}),
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    rows = tables.empty((*tables.extractions.EXTRACTION_TABLES, "documents"))
    for name, values in VALUES.items():
        tables.extractions.add_extraction(
            rows, name, "b", ExtractionOutcome(extraction=Extraction(invoice=values)), engine=None, extractor="x",
            ocr_seconds=None, engine_fingerprint=None, extractor_fingerprint="f", result_key="k", run_id="r",
        )  # fmt: skip
        rows["documents"].append(
            {"document_id": name, "dataset": "shop", "path": name, "status": "ok", "updated_at": utc_now()}
        )
    made = Warehouse(tmp_path / "w.duckdb")
    made.replace(("document_id",), [(name,) for name in VALUES], rows)
    return made


def test_the_export_keeps_every_value_under_its_column(warehouse: Warehouse, tmp_path: Path) -> None:
    with warehouse.snapshot() as snapshot:
        names = {path.stem for path in export_wide(snapshot, tmp_path / "csv", "csv")}
        export_wide(snapshot, tmp_path / "parquet", "parquet")
        export_wide(snapshot, tmp_path / "json", "json")
        [book] = export_wide(snapshot, tmp_path / "xlsx", "xlsx")
        frame = values_frame(snapshot).set_index("document_id")
    assert names == {"values", "line_items", LONG}
    with (tmp_path / "csv" / "line_items.csv").open(newline="") as file:
        items = {row["document_id"]: row for row in csv.DictReader(file)}
    assert {key: {name: text for name, text in row.items() if text} for key, row in items.items()} == {
        "bill": {"document_id": "bill", "backend": "b", "position": "1", "description": "Tea", "quantity": "2"},
        "note": {"document_id": "note", "backend": "b", "position": "1", "weight": "2.5"},
        "order": {"document_id": "order", "backend": "b", "position": "1", "article": "A-1", "quantity": "a few"},
    }
    with duckdb.connect() as connection:
        totals = connection.execute(
            f"SELECT document_id, total_amount, sent FROM '{tmp_path}/parquet/values.parquet' ORDER BY document_id"
        ).fetchall()
        weight = connection.execute(f"SELECT weight FROM '{tmp_path}/parquet/line_items.parquet' WHERE weight > 1")
        assert totals == [("bill", "12", None), ("note", None, False), ("order", "twelve", True)]
        assert weight.fetchall() == [(Decimal("2.5"),)]
    assert [json.loads(line)["weight"] for line in (tmp_path / "json" / f"{LONG}.json").read_text().splitlines()] == [
        "much"
    ]
    with zipfile.ZipFile(book) as parts:
        assert f'name="{LONG[:25]}~2"' in parts.read("xl/workbook.xml").decode()
    assert frame.total_amount["order"] == "twelve"


def test_cells_of_a_list_that_is_called_like_one_of_invoices(warehouse: Warehouse) -> None:
    with warehouse.snapshot() as snapshot:
        found = {case.document_id: case for case in load_cases(snapshot, Scoring.by(["b"], Rules()), list(VALUES))}
    cells = {
        key: [
            (cell.column_name, cell.prediction)
            for cell in unscored_cells(key, "shop", "b", documents.cases["b"].lists)
            if cell.prediction is not None
        ]
        for key, documents in found.items()
    }
    assert cells["order"] == [("article", "A-1"), ("quantity", "a few")]
    assert ("quantity", "2") in cells["bill"]


def test_text_under_the_name_of_an_amount() -> None:
    assert same_value("total_amount", "Twelve!") == same_value("total_amount", "twelve")
    assert same_value("total_amount", "12") == same_value("total_amount", "12.00")
    assert at_stake("total_amount", "text", "twelve", "ten") is None
    assert at_stake("freight", "money", "12", "10.50") == Decimal("1.50")
