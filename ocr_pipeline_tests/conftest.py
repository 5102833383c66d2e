import atexit
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ocr_pipeline.project import ROOT_VARIABLE, Project
from ocr_pipeline_tests.files import small_backends, write_backends

# Hypothesis times the examples and their generation. In a fresh clone, the first property test also builds its tables (of
# Unicode, and of the constants in our modules), which takes more than the second that is allowed on a busy machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that cost money, and tests that need servers, run only where they are asked for by their mark."""
    asked_for = re.findall(r"\w+", config.option.markexpr)
    unasked = [
        item for item in items for mark in ("live", "scale") if item.get_closest_marker(mark) and mark not in asked_for
    ]
    if unasked:
        config.hook.pytest_deselected(items=unasked)
        items[:] = [item for item in items if item not in unasked]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project folder with the test backends; `files.py` puts documents and labels into it."""
    root = tmp_path / "project"
    (root / "data" / "documents").mkdir(parents=True)
    write_backends(root, small_backends(root))
    monkeypatch.setenv(ROOT_VARIABLE, str(root))
    monkeypatch.chdir(root)
    return Project(root)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project of `inspected`, and the commands in it."""
    from ocr_pipeline_tests.inspected import inspected

    project = inspected(tmp_path / "project")
    monkeypatch.setenv(ROOT_VARIABLE, str(project.root))
    return project


@atexit.register
def _leave_quietly() -> None:
    """Silence standard error when the tests are over and all was reported.

    Test tools keep objects alive (tracebacks, a garbage collector callback of Hypothesis), DuckDB's module with them, and
    nanobind then prints pages of "leaked function" at exit, below the result. The command line does not do that.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
