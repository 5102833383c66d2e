"""Control runs on transcripts: asked of the documents that have one, and never a failure of those that have none."""

from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.selection import choose_backends
from ocr_pipeline.defs.instance import register_documents
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.transcripts import transcript_file
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.planning.states import extraction_states
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import OcrPage, OcrText, Word
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.defs.pipeline import Pipeline, Recorder
from ocr_pipeline_tests.files import PLUGINS, add_image, small_backends, write_backends

DOCUMENTS = ["office-c", "shop-a", "shop-b"]


@pytest.fixture
def transcribed(project: Project) -> Project:
    """Two documents of `shop`, one of them with a transcript, and one of `office` without."""
    add_image(project, "shop/a.png", 40, total="12.00")
    add_image(project, "shop/b.png", 41, total="41.00")
    add_image(project, "office/c.png", 42, total="42.00")
    add_transcript(project.data / "documents/shop/a.png", "12.00")
    backends = small_backends(project.root)
    backends["engines"]["oracle"] = None
    backends["backends"]["oracle+first"] = {"engine": "oracle", "extractor": f"{PLUGINS}:FirstAmount"}
    write_backends(project.root, backends)
    return project


def add_transcript(document: Path, text: str) -> None:
    word = Word(text=text, box=(0.1, 0.1, 0.4, 0.2), confidence=1.0, page=1, line=0)
    page = OcrPage(page=1, width=40, height=30, words=[word], seconds=0.0)
    transcript_file(document).write_text(OcrText(pages=[page]).model_dump_json(), "utf-8")


def run(project: Project) -> RunSummary:
    backends = list(load_backends(project))
    return run_pipeline(project, find_documents(project.data), backends, Recorder())


def board(project: Project) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["dataset"], row["backend"]): row for row in Warehouse(project.database).rows("FROM leaderboard")}


@pytest.mark.slow
def test_only_documents_with_a_transcript_are_asked_for(transcribed: Project) -> None:
    run(transcribed)
    shop, office = (board(transcribed)[name, "oracle+first"] for name in ("shop", "office"))
    assert (shop["documents"], shop["failures"], shop["accurate_documents"]) == (1, 0, 1)
    assert shop["missing_documents"] == 1
    assert (office["status"], office["message"]) == ("not_run", "the data set has no transcripts")
    states = extraction_states(load_backends(transcribed), ["oracle+first"], DOCUMENTS, Warehouse(transcribed.database))
    assert [(state.document_id, state.state) for state in states] == [("shop-a", "current")]
    again = run(transcribed)
    assert "extractions" not in again.cells
    assert "ocr_text" not in again.cells


@pytest.mark.slow
def test_another_transcript_makes_its_own_cells_stale(transcribed: Project) -> None:
    run(transcribed)
    add_transcript(transcribed.data / "documents/shop/a.png", "13.00")
    cells = run(transcribed).cells
    assert {asset: cells[asset] for asset in ("raw_documents", "ocr_text", "extractions")} == {
        "raw_documents": 1,
        "ocr_text": 1,
        "extractions": 1,
    }
    assert board(transcribed)["shop", "oracle+first"]["accurate_documents"] == 0


@pytest.mark.slow
def test_a_transcript_that_is_gone_takes_its_score_along(transcribed: Project) -> None:
    run(transcribed)
    transcript_file(transcribed.data / "documents/shop/a.png").unlink()
    run(transcribed)
    assert board(transcribed)["shop", "oracle+first"]["status"] == "not_run"


def test_cells_without_a_transcript_that_the_ui_materialised_are_in_no_score(
    transcribed: Project, pipeline: Pipeline
) -> None:
    register_documents(pipeline.instance, DOCUMENTS)
    pipeline.documents(DOCUMENTS)
    pipeline.ocr([("oracle", document) for document in DOCUMENTS])
    pipeline.extract([("oracle+first", document) for document in DOCUMENTS])
    pipeline.launch(["field_scores"], [("oracle+first", "oracle+first")])
    pipeline.launch(["leaderboard"], [None])
    rows = board(transcribed)
    assert (rows["shop", "oracle+first"]["documents"], rows["shop", "oracle+first"]["failures"]) == (1, 0)
    assert rows["office", "oracle+first"]["status"] == "not_run"


def test_asked_for_by_name_where_nothing_is_transcribed(transcribed: Project) -> None:
    configured = load_backends(transcribed)
    sources = [source for source in find_documents(transcribed.data) if source.dataset == "office"]
    with pytest.raises(ConfigurationError, match="oracle\\+first cannot run: no document has a transcript"):
        choose_backends(configured, ["oracle+first"], sources)
    assert "oracle+first" not in choose_backends(configured, None, sources)[0]
