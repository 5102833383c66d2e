from pathlib import Path

import pytest

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import ROOT_VARIABLE, Project, find_project

CHECKOUT = Path(__file__).resolve().parents[1]


def test_all_paths_are_below_the_root(project: Project) -> None:
    paths = (project.config_file, project.data, project.database, project.results, project.dagster_home)
    assert [project.relative(path) for path in paths] == [
        "backends.yaml",
        "data",
        "data/warehouse.duckdb",
        "data/results",
        ".dagster",
    ]
    assert project.relative(Path("/elsewhere/x.png")) == "/elsewhere/x.png"


def test_the_variable_has_priority(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "backends.yaml").touch()
    monkeypatch.chdir(other)
    assert find_project() == project
    monkeypatch.setenv(ROOT_VARIABLE, "")
    assert find_project() == Project(other)


def test_the_nearest_folder_upwards(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROOT_VARIABLE)
    monkeypatch.chdir(project.data / "documents")
    assert find_project() == project


def test_the_checkout_is_the_fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert find_project() == Project(CHECKOUT)


def test_a_relative_or_home_path_becomes_absolute(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root.parent)
    monkeypatch.setenv(ROOT_VARIABLE, project.root.name)
    assert find_project() == project
    monkeypatch.setenv("HOME", str(project.root.parent))
    monkeypatch.setenv(ROOT_VARIABLE, f"~/{project.root.name}")
    assert find_project() == project


def test_a_variable_without_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    with pytest.raises(ConfigurationError) as error:
        find_project()
    assert str(error.value) == f"OCR_PIPELINE_HOME is {tmp_path}, which contains no backends.yaml."
