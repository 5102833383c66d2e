"""Documents that are XML alone in a project, and values that are not read from the page: from the file to the report."""

import json
import re
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.stage import extract_documents
from ocr_pipeline.ocr.stage import OcrTask, read_documents
from ocr_pipeline.planning.plan import Scope, make_plan
from ocr_pipeline.processes.workers import LocalWorkers
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.documents.einvoice.samples import INVOICE, with_attachment
from ocr_pipeline_tests.extraction.codes.pages import page, png
from ocr_pipeline_tests.files import PLUGINS, add_file, add_label, small_backends, write_backends

BACKENDS = ["pixel+first", "page-width", "einvoice", "best"]


@pytest.fixture
def bills(project: Project) -> Project:
    """An e-invoice as XML, one in a PDF, and a receipt with a code; `page-width` reads the width in pixels as the total."""
    backends = small_backends(project.root)
    backends["backends"] |= {
        "einvoice": {"extractor": "einvoice"},
        "best": {"extractor": f"{PLUGINS}:PageWidth", "reads": ["xml", "code", "page"]},
    }
    write_backends(project.root, backends)
    add_label(add_file(project, "bills/alone.xml", INVOICE.encode()), total_amount="119.00")
    add_label(
        add_file(project, "bills/pdf.pdf", with_attachment("factur-x.xml", INVOICE.encode())), total_amount="119.00"
    )
    receipt = page(b"02614893*0010512*2023-05-18*12:04:15*13.50", dpi=150)
    add_label(add_file(project, "bills/receipt.png", png(receipt)), total_amount="13.50")
    add_file(project, "bills/settings.xml", b"<settings/>")
    return project


def rows(project: Project, sql: str) -> list[dict[str, Any]]:
    return Warehouse(project.database).rows(sql)


def planned(project: Project) -> dict[str, set[tuple[str, str]]]:
    scope = Scope(
        project=project, backends=load_backends(project), names=BACKENDS, sources=find_documents(project.data)
    )
    return {step.asset: set(step.cells) for step in make_plan(scope).steps if step.asset in ("ocr_text", "extractions")}


@pytest.mark.slow
def test_from_xml_to_the_report(bills: Project) -> None:
    before = planned(bills)
    assert {cell for cell in before["ocr_text"] if cell[1] == "bills-alone"} == set()
    assert {name for name, document in before["extractions"] if document == "bills-alone"} == {"einvoice", "best"}
    run_pipeline(bills, find_documents(bills.data), BACKENDS, Recorder())
    assert planned(bills) == {}

    cells = {(row["backend"], row["document_id"]): row["status"] for row in rows(bills, "FROM extractions")}
    assert {name for name, document in cells if document == "bills-alone"} == {"einvoice", "best"}
    assert cells["best", "bills-alone"] == "ok"
    totals = rows(
        bills,
        "SELECT document_id, value, read_from, others FROM extracted_fields"
        " WHERE backend = 'best' AND field = 'total_amount' ORDER BY document_id",
    )
    assert [(row["value"], row["read_from"], row["others"]) for row in totals] == [
        ("119.00", "xml", None),
        ("119.00", "xml", {"page": "834"}),
        ("13.50", "code", {"page": "531"}),
    ]
    boards = {row["backend"]: row for row in rows(bills, "FROM leaderboard")}
    assert boards["best"]["accurate_documents"] == 3
    assert boards["best"]["read_from"]["code"] > 0
    assert set(boards["einvoice"]["read_from"]) == {"xml"}
    assert set(boards["page-width"]["read_from"]) == {"page"}
    assert (boards["page-width"]["documents"], boards["page-width"]["missing_documents"]) == (2, 0)

    shown = (bills.report / "documents" / "bills-alone.html").read_text("utf-8")
    assert re.search(r'<img src="../images/[^"]+\.webp" alt="Page 1 of bills-alone"', shown)
    assert "<dt>Read from</dt><dd>xml</dd>" in shown
    shown = (bills.report / "documents" / "bills-receipt.html").read_text("utf-8")
    assert "<dt>Read from</dt><dd>code; page: <bdi>531</bdi></dd>" in shown
    assert "Read from</th>" in (bills.report / "index.html").read_text("utf-8")
    listed = (bills.report / "assets" / "list-data.js").read_text("utf-8")
    data = json.loads(json.loads(listed.removeprefix("window.ocrPipelineDocuments = ").removesuffix(";\n")))
    assert data["sources"] == ["page", "code", "xml"]

    with headless() as browser:
        view = browser.new_page()
        view.goto((bills.report / "documents.html").as_uri())
        for source, names in (
            ("xml", ["bills-alone", "bills-pdf"]),
            ("code", ["bills-receipt"]),
            ("page", ["bills-pdf", "bills-receipt"]),
        ):
            view.get_by_label("Read from").select_option(source)
            assert view.locator("#list tbody a").all_inner_texts() == names
        view.get_by_label("Backend").select_option("einvoice")
        assert view.locator("#list tbody a").all_inner_texts() == []
        assert "source=page" in view.url


def test_documents_names_the_xml_that_is_none(bills: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    result = call(monkeypatch, "documents")
    assert "Ignored: 1 XML file (no e-invoice, or part of a file of the same name): settings.xml." in result.out


def test_a_drawn_page_has_nothing_to_recognise(bills: Project) -> None:
    """Somebody may select such a cell in the UI: it has a reason that is in no score."""
    backends, path = load_backends(bills), bills.data / "documents/bills/alone.xml"
    sha256 = sha256_of(path.read_bytes())
    store = ResultStore(bills.results)
    task = ExtractionTask("bills-alone", path, sha256, None, sha256)
    [result] = extract_documents(backends["page-width"].extractor, [task], store, Limits())
    assert result.outcome.failure is not None
    assert (result.outcome.failure.reason, result.key is None) == ("drawn_page", False)
    engine = backends.engines["pixel"].component
    [text] = read_documents(engine, [OcrTask("bills-alone", path, sha256)], store, Limits(), LocalWorkers(1))
    assert text.outcome.failure is not None
    assert text.outcome.failure.reason == "drawn_page"
