"""`ocr-pipeline train --keywords` in a project without labels."""

import json
from pathlib import Path

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.warehouse.connection import Warehouse, utc_now
from ocr_pipeline_tests.cli.command import call
from ocr_pipeline_tests.extraction.rules.test_learned_words import TEXTS
from ocr_pipeline_tests.files import write_backends


def keep(warehouse: Warehouse, engine: str, texts: list[OcrText]) -> None:
    """Put texts into the tables as if the engine had read them."""
    cells, pages, words = [], [], []
    for number, text in enumerate(texts):
        key = {"document_id": f"d{number}", "engine": engine}
        cells.append({**key, "status": "ok", "fingerprint": "f", "result_key": f"k{number}", "updated_at": utc_now()})
        pages.append({**key, "page": 1, "width_px": 800, "height_px": 1100, "words": 0, "seconds": 0.0})
        for index, word in enumerate(text.words()):
            box = dict(zip(("x0", "y0", "x1", "y1"), word.box, strict=True))
            words.append({**key, **box, "page": 1, "word": index, "line": word.line, "text": word.text})
    warehouse.replace_all({"ocr_text": cells, "ocr_pages": pages, "ocr_words": words})


def test_train_keywords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_backends(
        tmp_path,
        {
            "engines": {"pdf-text": {}},
            "backends": {"pdf-text+rules": {"description": "x", "engine": "pdf-text", "extractor": "rules"}},
        },
    )
    project = Project(tmp_path)
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    keep(Warehouse(project.database), "pdf-text", TEXTS)
    before = load_backends(project)["pdf-text+rules"].fingerprint
    result = call(monkeypatch, "train", "--keywords", "--json")
    assert result.code == 0, result.err
    content = json.loads(result.out)
    assert [entry["phrase"] for entry in content["keywords"]["net"]] == ["zunwek"]
    assert "phrase: zunwek" in project.keywords_file.read_text("utf-8")
    assert load_backends(project)["pdf-text+rules"].fingerprint != before
    written = project.keywords_file.read_text("utf-8")
    assert call(monkeypatch, "train", "--keywords").code == 0
    assert project.keywords_file.read_text("utf-8") == written


def test_without_a_new_word_nothing_is_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    done = call(monkeypatch, "train", "--keywords")
    assert (done.code, project.keywords_file.exists()) == (0, False)
    assert "Nothing was written" in done.out
