"""The report of very many documents, with parts of two documents."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.project import Project
from ocr_pipeline.report import parts
from ocr_pipeline.report.serve import report_application
from ocr_pipeline.report.site import Built, build_site
from ocr_pipeline.warehouse.connection import Warehouse


def build(project: Project) -> Built:
    return build_site(project, load_backends(project), Warehouse(project.database), project.report)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_LISTED", 2)
    return


def content(project: Project, name: str) -> Any:
    _, _, text = (project.report / "assets" / name).read_text("utf-8").partition(" = ")
    return json.loads(json.loads(text.rstrip(";\n")))


def test_the_list_is_in_parts_and_pages_are_written_for_the_first(shop: Project, small_parts: None) -> None:
    first = content(shop, "list-data.js")
    every = {listed["id"] for listed in first["documents"]}
    assert len(every) == 4
    assert "parts" not in first
    build(shop)
    head = content(shop, "list-data.js")
    rest = content(shop, "list-data-2.js")
    assert (head["parts"], head["total"]) == (2, 4)
    assert {listed["id"] for listed in [*head["documents"], *rest]} == every
    errors = [sum(outcome[2] != 0 for outcome in listed["outcomes"]) for listed in [*head["documents"], *rest]]
    failed = [listed["status"] != "ok" for listed in [*head["documents"], *rest]]
    assert list(zip(failed, errors, strict=True)) == sorted(zip(failed, errors, strict=True), reverse=True)
    pages = {path.stem for path in (shop.report / "documents").iterdir()}
    assert pages == {listed["id"] for listed in head["documents"]}

    client = TestClient(report_application(shop.report))
    other = str(rest[0]["id"])
    assert other in client.get(f"/documents/{other}.html").text
    assert (shop.report / "documents" / f"{other}.html").exists()
    assert client.get("/documents/nobody.html").status_code == 404
    assert client.get("/documents/..%2f..%2fbackends.html").status_code == 404
    build(shop)
    assert not (shop.report / "documents" / f"{other}.html").exists(), "it may be outdated"


def test_a_list_that_is_short_again_has_one_part(
    shop: Project, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(shop)
    monkeypatch.undo()
    monkeypatch.setenv("OCR_PIPELINE_HOME", str(shop.root))
    build(shop)
    assert not list((shop.report / "assets").glob("list-data-*.js"))
    assert len(list((shop.report / "documents").iterdir())) == 4
