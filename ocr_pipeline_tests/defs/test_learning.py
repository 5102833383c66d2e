"""A backend that learns, in the pipeline: trained when labels change, and exactly its own cells follow."""

from pathlib import Path

import dagster as dg
import pytest

from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.extraction.learned.model import load_model
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.cli.test_cli import Cli, in_a_terminal
from ocr_pipeline_tests.defs.pipeline import Recorder
from ocr_pipeline_tests.extraction.learned.receipts import receipts
from ocr_pipeline_tests.files import add_file, add_label, text_pdf, write_backends

COUNT = 24
BACKENDS = ["pdf-text+learned", "pdf-text+rules"]


def add_receipts(project: Project) -> list[Path]:
    found = []
    for one in receipts(COUNT):
        lines: dict[int, list[str]] = {}
        for word in one.text.words():
            lines.setdefault(word.line, []).append(word.text)
        page = [(20.0, 180.0 - 15 * number, " ".join(words)) for number, words in enumerate(lines.values())]
        path = add_file(project, f"{one.document_id}.pdf", text_pdf([page]))
        add_label(path, **one.label.invoice.model_dump(mode="json", exclude_unset=True))
        found.append(path)
    return found


def run(project: Project, backends: list[str] = BACKENDS) -> RunSummary:
    return run_pipeline(project, find_documents(project.data), backends, Recorder())


@pytest.mark.slow
def test_labels_train_a_model_and_exactly_its_cells_follow(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    in_a_terminal(monkeypatch)
    write_backends(
        project.root,
        {
            "engines": {"pdf-text": None},
            "backends": {
                "pdf-text+learned": {"engine": "pdf-text", "extractor": "learned"},
                "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
            },
        },
    )
    first, *_ = add_receipts(project)
    done = run(project, ["pdf-text+rules"]).cells
    assert ("extractor_model" in done, done["extractions"]) == (False, COUNT), "the rules need no model"
    done = run(project).cells
    assert (done["extractor_model"], done["extractions"]) == (1, COUNT)
    model, fingerprint = load_model(project.model_file("pdf-text"))
    assert model is not None
    assert (model.documents, set(model.fold_of["document"])) == (COUNT, {path.stem for path in add_receipts(project)})

    shown = Cli(monkeypatch).ok("train")
    assert "pdf-text: 24 labelled documents, cross-validated" in shown
    assert "total_amount" in shown
    board = " ".join(Cli(monkeypatch).ok("leaderboard").split())
    assert (
        "pdf-text+learned: 24 of 24 labelled documents were extracted by a model that was not trained on them" in board
    )
    page = (project.report / "learned.html").read_text()
    assert fingerprint
    assert fingerprint in page

    again = run(project).cells
    assert "extractor_model" not in again
    assert "extractions" not in again

    add_label(first, total_amount="1.00")
    Cli(monkeypatch).ok("train")
    assert load_model(project.model_file("pdf-text"))[1] != fingerprint, "it has read the label that was changed"
    done = run(project).cells
    assert "extractor_model" not in done
    assert done["extractions"] == COUNT, "not those of the rules"
    assert load_model(project.model_file("pdf-text"))[1] != fingerprint
    rows = Warehouse(project.database).rows(
        "SELECT DISTINCT extractor_fingerprint FROM extractions WHERE backend = 'pdf-text+learned'"
    )
    assert len(rows) == 1
    with open_instance(project) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("extractor_model"))
    assert event is not None
    assert event.asset_materialization is not None
    table = str(event.asset_materialization.metadata["cross_validation"].value)
    assert "total&#95;amount" in table


def test_without_a_backend_that_learns_there_is_nothing_to_train(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Cli(monkeypatch).fails("train").startswith("No backend that can run here uses the extractor")
