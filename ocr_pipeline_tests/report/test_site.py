"""Which pages are written, and when they are written again."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading, FieldCase, Place
from ocr_pipeline.project import Project
from ocr_pipeline.report.documents import document_page, in_script
from ocr_pipeline.report.site import Built, build_site
from ocr_pipeline.warehouse.connection import Warehouse
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
    with pytest.raises(ConfigurationError, match="There is no data set 'x' in the database"):
        build(shop, tmp_path / "other", "x")


def test_a_folder_with_other_files_is_left_alone(shop: Project, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_text("mine")
    with pytest.raises(ConfigurationError, match="holds other files than a report"):
        build(shop, folder)
    assert [path.name for path in folder.iterdir()] == ["a.jpg"]


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


def test_boxes_of_a_page_that_an_engine_has_turned() -> None:
    """It is shown upright; what another engine has read in the file as it is, is turned with it."""
    row: Mapping[str, Any] = {"engine": "turning", "text": "x", "confidence": None, "page": 1, "word": 0, "line": 0}
    box = {"x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.25}
    turning = EngineReading(engine="turning", row=row, pages=({"page": 1, "rotation": 90},), words=({**row, **box},))
    plain = EngineReading(engine="plain", row=row, pages=({"page": 1, "rotation": 0},), words=({**row, **box},))
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
    cases = {name: Case(backend=name, extraction={"engine": name, "status": "ok"}, **common) for name in names}
    result = DocumentCases(
        document={"document_id": "d", "sha256": "0" * 64},
        pages=({"page": 1, "width_px": 200, "height_px": 100},),
        label=None,
        truth={},
        truth_lists={},
        readings={"turning": turning, "plain": plain},
        cases=cases,
        issues=(),
        duplicate=None,
    )
    more = EngineReading(engine="old", row=row, pages=({"page": 2, "rotation": 0},), words=())
    assert len(document_page(replace(result, readings={**result.readings, "old": more}), set()).images) == 1
    page = document_page(result, set())
    assert page.cells["total_amount", "turning"].box == [1, 0.1, 0.2, 0.3, 0.25]
    assert page.cells["total_amount", "plain"].box == pytest.approx([1, 0.75, 0.1, 0.8, 0.3])
    assert [word[1:5] for word in json.loads(page.viewer)["engines"]["plain"]] == [pytest.approx([0.75, 0.1, 0.8, 0.3])]
    assert (page.images[0]["width"], page.images[0]["height"]) == (100, 200)
