from pathlib import Path

import pytest

from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline_tests.cli.test_cli import Cli
from ocr_pipeline_tests.inspected import inspected


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project of `inspected`, and the commands in it."""
    project = inspected(tmp_path / "project")
    monkeypatch.setenv(ROOT_VARIABLE, str(project.root))
    return project


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in ("FORCE_COLOR", "NO_COLOR", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return Cli(monkeypatch)
