"""A project with a schema of its own, from the example in `examples/`: read by models, rules, learned rankers, an ensemble and
an import, labelled in the browser, scored, and shown in the report."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents, label_of
from ocr_pipeline.labelling.session import Session
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.browser import headless
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.files import write_backends
from ocr_pipeline_tests.labelling.conftest import serving
from ocr_pipeline_tests.standin import StandIn

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "delivery_notes"
NAMES = ["builders-merchant", "timber-trade", "bakery-supplies", "tiles"]
"""PDFs with text: nothing has to be recognised."""
UNLABELLED = "tiles"
ENGINE = "pdf-text"


def label(name: str) -> dict[str, Any]:
    return dict(json.loads((EXAMPLE / f"data/documents/delivery_notes/{name}.json").read_text("utf-8"))["fields"])


def configured(url: str) -> dict[str, Any]:
    return {
        "engines": {ENGINE: None},
        "backends": {
            "text+rules": {"engine": ENGINE, "extractor": "rules"},
            "text+learned": {"engine": ENGINE, "extractor": "learned"},
            "text+gemini": {"engine": ENGINE, "extractor": "gemini"},
            "text+openai": {"engine": ENGINE, "extractor": "openai", "options": {"model": "local"}},
            "votes": {"extractor": "ensemble", "options": {"of": ["text+rules", "text+gemini"]}},
            "steps": {"extractor": "cascade", "options": {"of": ["text+rules", "text+openai"]}},
            "theirs": {"extractor": "external"},
            "text+codes": {"extractor": "codes"},
        },
        "providers": {"gemini": {"base_url": url}, "openai": {"base_url": f"{url}/v1"}},
    }


@pytest.fixture(scope="module")
def standin() -> Iterator[StandIn]:
    """Answers with the labels; of one document with another number."""
    with StandIn() as server:
        for name in NAMES:
            values = label(name)
            server.known[values["delivery_number"]] = values
        server.known[label("timber-trade")["delivery_number"]] = {**label("timber-trade"), "order_number": "B-99999"}
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, standin: StandIn) -> Project:
    """Four of the notes, one of them without a label, after a run."""
    root = tmp_path_factory.mktemp("notes") / "project"
    folder = root / "data" / "documents" / "delivery_notes"
    folder.mkdir(parents=True)
    shutil.copytree(EXAMPLE / "schemas", root / "schemas")
    for name in ["dataset.yaml", *(f"{name}.pdf" for name in NAMES), *(f"{name}.json" for name in NAMES)]:
        if name != f"{UNLABELLED}.json":
            shutil.copy(EXAMPLE / "data/documents/delivery_notes" / name, folder / name)
    write_backends(root, configured(standin.url))
    project = Project(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEMINI_API_KEY", "k")
        patch.setenv("OPENAI_API_KEY", "k")
        patch.chdir(root)
        (root / "theirs.jsonl").write_text(
            "\n".join(json.dumps({"file": f"{name}.pdf", **label(name), "status": "partial"}) for name in NAMES)
        )
        told = call(patch, "import", "predictions", "theirs.jsonl", "--backend", "theirs")
        assert told.code == 0, told
        run_pipeline(project, find_documents(project.data), list(configured(standin.url)["backends"]), Recorder())
    return project


@pytest.fixture(scope="module")
def browser(project: Project) -> Iterator["Browser"]:
    """After the run: while it is open, this thread has a running event loop, and Dagster wants one of its own."""
    with headless() as browser:
        yield browser


def rows(project: Project, query: str) -> list[tuple[Any, ...]]:
    with Warehouse(project.database).snapshot() as snapshot:
        return [tuple(row.values()) for row in snapshot.rows(query)]


def test_every_backend_reads_and_is_scored_by_the_schema(project: Project) -> None:
    outcomes = rows(project, "SELECT backend, field, outcome FROM field_scores")
    wrong = {(backend, field) for backend, field, outcome in outcomes if outcome not in ("correct", "both_empty")}
    assert {backend for backend, _, _ in outcomes} == {
        "text+rules",
        "text+learned",
        "text+gemini",
        "text+openai",
        "votes",
        "steps",
        "theirs",
    }, "codes read invoices only: they are not run, and not scored as missing"
    assert wrong == {
        ("text+gemini", "order_number"),
        ("text+openai", "order_number"),
        ("theirs", "status"),
    }
    kinds = {field for _, field, _ in outcomes}
    assert {"goods_checked", "status", "gross_weight", "goods_value", "delivery_address", "supplier_tax_id"} <= kinds


def test_both_models_were_asked_with_the_fields_of_the_schema(standin: StandIn, project: Project) -> None:
    paths = {seen.path.rpartition("/")[2].partition(":")[2] or "completions" for seen in standin.seen}
    assert paths == {"generateContent", "completions"}
    assert all("delivery_number" in (seen.schema or {})["properties"] for seen in standin.seen)
    assert len(standin.seen) == 2 * len(NAMES)


def test_the_leaderboard_and_the_errors_name_the_fields(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    board = call(monkeypatch, "leaderboard", "--json")
    assert board.code == 0, board
    assert "text+gemini" in board.out
    errors = call(monkeypatch, "errors", "--json")
    assert errors.code == 0, errors
    assert "B-99999" in errors.out


def test_an_error_page_shows_the_wrong_number(project: Project, browser: "Browser") -> None:
    [document] = [source.document_id for source in find_documents(project.data) if "timber" in source.path.name]
    page = browser.new_page()
    page.goto((project.report / "documents" / f"{document}.html").as_uri())
    text = page.inner_text("body")
    page.close()
    assert "B-99999" in text
    assert "order number" in text.replace("_", " ")
    assert "goods checked" in text.replace("_", " ")


def test_a_note_is_labelled_in_the_browser(project: Project, browser: "Browser") -> None:
    from playwright.sync_api import expect

    sources = {source.path.stem: source for source in find_documents(project.data)}
    source = sources[UNLABELLED]
    session = Session(project, Warehouse(project.database))
    for served in serving(session, browser):
        page = served.open(source.document_id)
        assert page.locator("#f-status").evaluate("e => e.tagName") == "SELECT"
        assert page.locator("#f-delivery_number").input_value() == "ALB-003912"
        assert page.locator("#f-goods_checked").input_value() == "false"
        page.locator("#f-remarks").fill("Faltan 30")
        page.locator("#save").click()
        expect(page.locator("main")).to_contain_text("0 documents to label, 4 labelled.")  # it was the last one
    path = label_of(source.path)
    assert path is not None
    written = json.loads(path.read_text("utf-8"))
    assert written["schema"] == "delivery_notes"
    expected = {**label(UNLABELLED), "remarks": "Faltan 30"}
    assert {name: value for name, value in written["fields"].items() if name != "items"} == {
        name: value for name, value in expected.items() if name != "items"
    }
    assert written["fields"]["items"] == expected["items"]
