"""`ocr-pipeline forget`: afterwards no file of the project holds a word of the document."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.defs.partitions import DOCUMENTS
from ocr_pipeline.defs.pipeline import run_pipeline
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.models.stored import CALLS, REPLACED, StoredCall
from ocr_pipeline.progress import NoProgress
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.forgetting import Traces
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.files import add_file, add_label, text_pdf

CANARY = "Zyxwvut Canary"
"""The supplier of the document that is forgotten: printed, labelled, and in replies of models."""
BACKENDS = ["pdf-text+first", "page-width"]


def holders(project: Project, *words: str) -> list[str]:
    """The files of the project that hold one of these words."""
    wanted = [word.encode() for word in words]
    return [
        str(path.relative_to(project.root))
        for path in sorted(project.root.rglob("*"))
        if path.is_file() and any(word in path.read_bytes() for word in wanted)
    ]


def _add(project: Project, name: str, supplier: str) -> Path:
    path = add_file(project, name, text_pdf([[(20, 150, supplier), (20, 130, "12.00")]]))
    add_label(path, supplier_name=supplier, total_amount="12.00")
    return path


def _add_calls(project: Project) -> None:
    """Replies about both documents, as extractors keep them: with the text of the page, or with the hash of the file."""
    store, hashes = ResultStore(project.results), tables.documents.documents(Warehouse(project.database))
    for number, (stage, document, text) in enumerate(
        [(CALLS, "shop-private", CANARY), (REPLACED, "shop-private", ""), (CALLS, "shop-other", "Other Supplies")]
    ):
        request = {"model": "m", "parts": [{"text": text}, {"sha256": hashes[document].sha256}]}
        reply = StoredCall(
            provider="openai", kind="openai", endpoint="e", request=request, raw=f'{{"x": "{text}"}}',
            asked_at=datetime.now(UTC), seconds=1, attempts=1,
        )  # fmt: skip
        store.put(stage, f"{number:064x}", reply.model_dump_json())


@pytest.mark.slow
def test_nothing_of_a_forgotten_document_is_left(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    document = _add(project, "shop/private.pdf", CANARY)
    _add(project, "shop/other.pdf", "Other Supplies")
    run_pipeline(project, find_documents(project.data), BACKENDS, NoProgress())
    _add_calls(project)
    before = holders(project, "Canary", "shop-private")
    assert any(name.startswith(".dagster/history") for name in before)
    assert any(name.startswith("data/report/") for name in before)
    assert "data/warehouse.duckdb" in before

    listed = call(monkeypatch, "forget", "shop-private")
    assert "Dry run" in listed.out
    assert holders(project, "Canary", "shop-private") == before

    done = call(monkeypatch, "forget", "shop-private", "--files", "--yes")
    assert done.code == 0, done.err
    assert "2 model replies" in done.out
    assert "backups" in done.out
    assert not document.exists()
    assert holders(project, "Canary", "shop-private", "shop/private") == []

    kept = tables.documents.documents(Warehouse(project.database))
    assert list(kept) == ["shop-other"]
    assert ResultStore(project.results).get(CALLS, f"{2:064x}")
    assert "Other Supplies" in (project.report / "index.html").read_text() or holders(project, "Other Supplies")
    with open_instance(project) as instance:
        assert instance.get_dynamic_partitions(DOCUMENTS) == ["shop-other"]
    again = run_pipeline(project, find_documents(project.data), BACKENDS, NoProgress())
    assert "ocr_text" not in again.cells


@pytest.mark.parametrize("text", ["a-1", '{"id": "a-1"}', "documents/a-1.pdf", "a-1|pixel"])
def test_an_id_is_found_as_a_whole_word(text: str) -> None:
    pattern = Traces(["a-1"], []).pattern()
    assert pattern.search(text)
    assert not pattern.search(text.replace("a-1", "a-12"))
    assert not pattern.search(text.replace("a-1", "b-a-1"))


def test_a_document_that_is_not_known_is_one_sentence(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    done = call(monkeypatch, "forget", "nobody", "--yes")
    assert done.code == 1
    assert "Unknown document 'nobody'" in done.err
