import gc
from pathlib import Path

import pytest

from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline_tests.files import small_backends, write_backends


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project folder with the test backends; `files.py` puts documents and labels into it."""
    root = tmp_path / "project"
    (root / "data" / "documents").mkdir(parents=True)
    write_backends(root, small_backends(root))
    monkeypatch.setenv(ROOT_VARIABLE, str(root))
    monkeypatch.chdir(root)
    return Project(root)


def pytest_unconfigure() -> None:
    """Hypothesis leaves a garbage collector callback behind, which keeps DuckDB's module alive at exit; nanobind then prints
    pages of "leaked function" below the result of the tests."""
    gc.callbacks.clear()
