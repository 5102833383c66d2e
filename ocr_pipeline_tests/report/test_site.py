"""Which pages are written, and when they are written again."""

import json
import re
import shutil
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading, FieldCase, Place
from ocr_pipeline.project import Project
from ocr_pipeline.report.confidences import confidences_file
from ocr_pipeline.report.documents import document_page, in_script
from ocr_pipeline.report.site import Built, build_site
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow, PageRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.words import OcrCell, OcrPageRow, OcrWordRow
from ocr_pipeline_tests.cli.test_cli import Cli


def build(project: Project, folder: Path | None = None, dataset: str | None = None) -> Built:
    configured, target = load_backends(project), folder or project.report
    return build_site(project, configured, Warehouse(project.database), target, dataset)


def test_only_what_has_changed_is_written_again(shop: Project) -> None:
    pages = {path.name: path.stat().st_mtime_ns for path in (shop.report / "documents").iterdir()}
    assert len(pages) == 4
    built = build(shop)
    assert (built.written, built.unchanged, built.removed) == (0, 4, 0)
    with Warehouse(shop.database).connect(read_only=False) as connection:
        connection.execute("UPDATE attributions SET reason = 'Another one.' WHERE document_id = 'shop-b'")
        connection.execute("UPDATE field_scores SET run_id = 'another run'")
    assert build(shop).written == 1
    changed = {
        path.name for path in (shop.report / "documents").iterdir() if path.stat().st_mtime_ns != pages[path.name]
    }
    assert changed == {"shop-b.html"}


def test_confidences_are_in_files_of_their_own(shop: Project) -> None:
    """One label changes the confidences of all documents: their pages stay as they are."""
    with Warehouse(shop.database).connect(read_only=False) as connection:
        connection.execute("UPDATE confidences SET confidence = 0.123, calibration = 'project'")
        count = connection.execute("SELECT count(*) FROM confidences WHERE document_id = 'shop-b'").fetchone()
    assert build(shop).written == 0
    name = confidences_file("shop-b")
    page = (shop.report / "documents" / "shop-b.html").read_text("utf-8")
    assert f'<script src="../assets/{name}"></script>' in page
    assert "calibration)" not in page
    _, _, content = (shop.report / "assets" / name).read_text("utf-8").partition(" = ")
    shown = json.loads(content.rstrip(";\n"))["shop-b"]
    assert count
    assert (len(shown), set(shown.values())) == (count[0], {"0.12 (project calibration)"})

    before = {path: path.stat().st_mtime_ns for path in (shop.report / "assets").glob("confidences-*.js")}
    with Warehouse(shop.database).connect(read_only=False) as connection:
        connection.execute("UPDATE confidences SET confidence = 0.5 WHERE document_id = 'shop-b'")
        connection.execute("UPDATE documents SET reason = 'missing_file' WHERE document_id = 'shop-a'")
    build(shop)
    after = {path: path.stat().st_mtime_ns for path in (shop.report / "assets").glob("confidences-*.js")}
    assert {path.name for path in before if after.get(path) != before[path]} == {name, confidences_file("shop-a")}
    assert not (shop.report / "assets" / confidences_file("shop-a")).exists()


def test_a_document_that_is_gone_loses_its_page(shop: Project) -> None:
    with Warehouse(shop.database).connect(read_only=False) as connection:
        connection.execute("UPDATE documents SET reason = 'missing_file' WHERE document_id = 'shop-a'")
    built = build(shop)
    assert (built.written, built.removed) == (1, 1), "its neighbour links to another document now"
    left = {path.name for folder in ("documents", "calls") for path in (shop.report / folder).iterdir()}
    assert not [name for name in left if name.startswith("shop-a")]


def test_it_can_be_moved(shop: Project, tmp_path: Path) -> None:
    """No page names a place outside of the folder."""
    moved = shutil.copytree(shop.report, tmp_path / "moved")
    for page in moved.rglob("*.html"):
        for target in re.findall(r'(?:href|src)="([^"#]+)', page.read_text("utf-8")):
            if not target.startswith("data:"):
                assert (page.parent / target).resolve().is_relative_to(moved), target
                assert (page.parent / target).exists(), target


def test_one_data_set(shop: Project, tmp_path: Path) -> None:
    assert build(shop, tmp_path / "report", "shop").written == 4
    with pytest.raises(ConfigurationError, match="The database has no data set 'x'"):
        build(shop, tmp_path / "other", "x")


def test_a_folder_with_other_files_is_left_alone(shop: Project, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_text("mine")
    with pytest.raises(ConfigurationError, match="contains files that are not a report"):
        build(shop, folder)
    assert [path.name for path in folder.iterdir()] == ["a.jpg"]


def test_folders_that_a_killed_run_left_are_no_obstacle(shop: Project, tmp_path: Path) -> None:
    """A run of an earlier version made its folders before the manifest that says whose they are."""
    folder = tmp_path / "report"
    for name in ("assets", "documents"):
        (folder / name).mkdir(parents=True)
    (folder / ".manifest.json.4711").write_text("{}")  # and one of today was killed before it had its name
    assert build(shop, folder).written > 0


@pytest.mark.parametrize("damaged", ["", "{", "[1]", "7"])
def test_a_damaged_manifest_means_that_every_page_is_written(shop: Project, tmp_path: Path, damaged: str) -> None:
    built = build(shop, tmp_path / "report")
    (tmp_path / "report" / "manifest.json").write_text(damaged)
    assert build(shop, tmp_path / "report").written == built.written


def test_a_file_that_has_changed_has_no_image_and_says_so(shop: Project) -> None:
    shutil.rmtree(shop.report)
    (shop.data / "documents" / "shop" / "a.pdf").write_bytes(b"another")
    build(shop)
    assert "no image of page 1" in (shop.report / "documents" / "shop-a.html").read_text()


def test_the_command(shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Cli(monkeypatch)
    assert run("report").out == "data/report/index.html: 0 document pages written, 4 unchanged.\n"
    assert run.fails("report", "-s", "shop").startswith("--dataset needs --output")
    assert run("report", "-o", str(tmp_path / "new"), "-s", "shop").out.endswith(
        "4 document pages written, 0 unchanged.\n"
    )
    assert (tmp_path / "new" / "index.html").is_file()


def test_without_a_database(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    message = Cli(monkeypatch).fails("report")
    assert message == "No database yet; run `ocr-pipeline run` first."


def test_json_cannot_end_its_script() -> None:
    value = {"text": "</script><!-- \u2028 & ]]>", "half": "\ud83d"}
    written = in_script(value)
    assert not set(written) & set("<>&\u2028")
    assert json.loads(written)["text"] == value["text"]


NO_DOCUMENT: dict[str, Any] = {
    **dict.fromkeys(entry.name for entry in fields(DocumentRow)),
    "document_id": "d",
    "status": "ok",
    "updated_at": datetime(2026, 1, 1),
}


def _reading(engine: str, rotation: int, page: int = 1) -> EngineReading:
    cell: dict[str, Any] = {entry.name: None for entry in fields(OcrCell)}
    size: dict[str, Any] = {"width_px": 200, "height_px": 100, "words": 1, "mean_confidence": None, "seconds": 0.0}
    key: dict[str, Any] = {"document_id": "d", "engine": engine, "page": page}
    word = OcrWordRow(**key, word=0, line=0, text="x", x0=0.1, y0=0.2, x1=0.3, y1=0.25, confidence=None)
    return EngineReading(
        engine=engine,
        row=OcrCell(**{**cell, "engine": engine}),
        pages=(OcrPageRow(**key, **size, rotation=rotation),),
        words=(word,),
    )


def _extraction(engine: str) -> ExtractionCell:
    cell: dict[str, Any] = {entry.name: None for entry in fields(ExtractionCell)}
    return ExtractionCell(**{**cell, "engine": engine, "status": "ok"})


def test_boxes_of_a_page_that_an_engine_has_turned() -> None:
    """It is shown upright; what another engine has read in the file as it is, is turned with it."""
    turning, plain = _reading("turning", 90), _reading("plain", 0)
    field = FieldCase(
        field="total_amount",
        value="1",
        labelled=False,
        truth=None,
        outcome=None,
        evidence=Place(page=1, box=(0.1, 0.2, 0.3, 0.25)),
    )
    common: dict[str, Any] = {"document_id": "d", "fields": (field,), "lists": {}, "places": {}}
    names = ("turning", "plain")
    cases = {name: Case(backend=name, extraction=_extraction(name), **common) for name in names}
    found = DocumentCases(
        document=DocumentRow(**{**NO_DOCUMENT, "sha256": "0" * 64}),
        pages=(PageRow(document_id="d", page=1, width_px=200, height_px=100, dpi=None),),
        label=None,
        truth={},
        truth_lists={},
        readings={"turning": turning, "plain": plain},
        cases=cases,
        issues=(),
        duplicate=None,
        notice=None,
    )
    more = replace(_reading("old", 0, page=2), words=())
    assert len(document_page(replace(found, readings={**found.readings, "old": more}), set()).images) == 1
    page = document_page(found, set())
    assert page.cells["total_amount", "turning"].box == [1, 0.1, 0.2, 0.3, 0.25]
    assert page.cells["total_amount", "plain"].box == pytest.approx([1, 0.75, 0.1, 0.8, 0.3])
    assert [word[1:5] for word in json.loads(page.viewer)["engines"]["plain"]] == [pytest.approx([0.75, 0.1, 0.8, 0.3])]
    assert (page.images[0]["width"], page.images[0]["height"]) == (100, 200)
