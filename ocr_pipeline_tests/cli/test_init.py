"""`ocr-pipeline init`: a project from what comes with the package, into which Dagster looks."""

from pathlib import Path

import pytest
import yaml

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.found import found_definitions
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.new_project import add_demo, make_project
from ocr_pipeline.project import ROOT_VARIABLE, Project, shipped_project
from ocr_pipeline_tests.cli.command import call

ASSET = "import dagster as dg\n\n\n@dg.asset\ndef mine() -> None: ...\n"


def test_a_project_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".gitignore").write_text("mine\n")
    made = call(monkeypatch, "init", "new")
    assert made.code == 0
    assert "cd new && ocr-pipeline import" in made.out
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        ".gitignore",
        "backends.yaml",
        "data",
        "defs",
        "workspace.yaml",
    }
    assert (tmp_path / "new" / ".gitignore").read_text() == "mine\n"
    text = (tmp_path / "new" / "backends.yaml").read_text()
    assert text == shipped_project().config_file.read_text(), "with its comments"
    again = call(monkeypatch, "init", "new")
    assert (again.code, again.out) == (1, "")
    assert "is a project already" in again.err


def test_an_asset_of_ones_own_appears(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    before = found_definitions(project).resolve_all_asset_keys()
    (tmp_path / "defs" / "suppliers.py").write_text(ASSET)
    after = found_definitions(project).resolve_all_asset_keys()
    assert [key.to_user_string() for key in set(after) - set(before)] == ["mine"]


def test_the_demo_is_copied_once(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    assert add_demo(project) == 10
    sources = find_documents(project.data)
    assert (len(sources), sum(source.label is not None for source in sources)) == (10, 10)
    (project.data / "demo" / "grocery-dot-matrix.json").write_text("{}")
    assert add_demo(project) == 0
    assert (project.data / "demo" / "grocery-dot-matrix.json").read_text() == "{}", "what is there is kept"


def test_enabled(project: Project) -> None:
    content = yaml.safe_load(project.config_file.read_text())
    first, second, third = list(content["backends"])[:3]
    content["backends"][first]["enabled"] = False
    content["backends"][second]["enabled"] = ["demo"]
    project.config_file.write_text(yaml.safe_dump(content, sort_keys=False))
    backends = load_backends(project)
    assert "disabled in backends.yaml" in str(backends[first].unavailable())
    assert backends[first].cannot_run() is None
    assert backends[second].unavailable() is None
    assert backends[second].unavailable("demo") is None
    assert "enabled for demo only" in str(backends[second].unavailable("mine"))
    assert (backends[second].covers("demo"), backends[second].covers("mine")) == (True, False)
    assert backends[third].covers("mine")
    assert first not in backends.runnable()
    assert load_backends(shipped_project())["rapidocr+smollm2"].enabled == ("demo",)
