"""The backend `codes` in a project: beside a backend that reads the page, from the file to the check and the report."""

import pytest

from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.extraction.codes.pages import page, png
from ocr_pipeline_tests.files import add_file, small_backends, write_backends


@pytest.fixture
def receipts(project: Project) -> Project:
    """Two documents with a fiscal code, read by `page-width` as their width in pixels, and one without."""
    backends = small_backends(project.root)
    backends["backends"] = {"page-width": backends["backends"]["page-width"], "codes": {"extractor": "codes"}}
    write_backends(project.root, backends)
    for name, total in (("right", "531.00"), ("wrong", "13.50")):
        payload = f"02614893*0010512*2023-05-18*12:04:15*{total}".encode()
        add_file(project, f"shop/{name}.png", png(page(payload, dpi=150)))
    add_file(project, "shop/none.png", png(page(b" ", dpi=150)[:40]))
    return project


@pytest.mark.slow
def test_from_the_page_to_the_check(receipts: Project) -> None:
    summary = run_pipeline(receipts, find_documents(receipts.data), ["page-width", "codes"], Recorder())
    warehouse = Warehouse(receipts.database)
    found = {
        (row["document_id"], row["backend"]): (row["status"], row["reason"])
        for row in warehouse.rows("FROM extractions WHERE backend = 'codes'")
    }
    assert found == {
        ("shop-right", "codes"): ("ok", None),
        ("shop-wrong", "codes"): ("ok", None),
        ("shop-none", "codes"): ("failed", "no_code"),
    }
    assert summary.failed_checks["truth_agrees"] == (
        "WARN", "shop-wrong: the code says total_amount 13.50, the page 531.",
    )  # fmt: skip
    boxes = warehouse.rows("SELECT words, method FROM evidence WHERE backend = 'codes' AND field = 'total_amount'")
    assert boxes == [{"words": [], "method": "code: Bulgarian fiscal receipt"}] * 2
    [code] = warehouse.rows("SELECT format, page, text, content FROM codes WHERE document_id = 'shop-wrong'")
    assert (code["format"], code["page"]) == ("Bulgarian fiscal receipt", 1)
    assert code["text"].endswith("*13.50")
    assert code["content"]["fiscal_memory"] == "02614893"
    agreement = warehouse.rows(
        "SELECT document_id, field, page, code, xml, agrees FROM truth_agreement ORDER BY document_id"
    )
    assert [tuple(row.values()) for row in agreement] == [
        ("shop-right", "total_amount", "531", "531.00", None, True),
        ("shop-wrong", "total_amount", "531", "13.50", None, False),
    ]
    shown = (receipts.report / "documents" / "shop-wrong.html").read_text("utf-8")
    assert "The code says total_amount 13.50, the page 531." in shown
