"""What is kept of the configuration is what the files say now."""

import json
import sys
from pathlib import Path

import pytest

from ocr_pipeline.backends.config import load_config
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS
from ocr_pipeline.evaluation.scoring.settings import load_rules
from ocr_pipeline.inspection.configured import FILE, configured
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline_tests.files import write_backends

BACKENDS = {
    "engines": {"text": {"type": "pdf-text"}, "truth": {"type": "oracle"}},
    "backends": {
        "text+rules": {"engine": "text", "extractor": "rules"},
        "truth+rules": {"engine": "truth", "extractor": "rules"},
        "alone": {"extractor": "codes"},
    },
}


@pytest.fixture
def ran(project: Project) -> Project:
    """A project after its first run, with its configuration kept."""
    project.dagster_home.mkdir()
    write_backends(project.root, BACKENDS)
    configured(project)
    return project


def is_kept(project: Project) -> bool:
    """Whether the file is what answers: what it says is believed."""
    kept = project.dagster_home / FILE
    if not kept.exists():
        return False
    before = kept.read_text("utf-8")
    kept.write_text(json.dumps({**json.loads(before), "rules": "believed"}), "utf-8")
    answered = configured(project).rules == "believed"
    kept.write_text(before, "utf-8")
    return answered


def test_it_is_what_the_files_say(ran: Project) -> None:
    found = configured(ran)
    assert is_kept(ran)
    assert found.engines == {"text+rules": "pdf-text", "truth+rules": "oracle", "alone": None}
    assert found.extractors == {"text+rules": "rules", "truth+rules": "rules", "alone": "codes"}
    assert found.competitors == ["text+rules", "alone"]


@pytest.mark.parametrize("change", ["backend", "rule", "no rules", "comment"])
def test_a_changed_file_is_read_again(ran: Project, change: str) -> None:
    ran.evaluation_file.write_text("fields:\n  total_amount: {within: 5}\n", "utf-8")
    configured(ran)
    if change == "backend":
        write_backends(ran.root, {**BACKENDS, "backends": {"other": {"extractor": "rules"}}})
    elif change == "rule":
        ran.evaluation_file.write_text("fields:\n  total_amount: {within: 6}\n", "utf-8")
    elif change == "no rules":
        ran.evaluation_file.unlink()
    else:
        ran.config_file.write_text("# other\n" + ran.config_file.read_text("utf-8"), "utf-8")
    assert not is_kept(ran)
    for _ in range(2):
        config, _ = load_config(ran.config_file)
        assert scoring_of(ran) == Scoring.by(tuple(config.backends), load_rules(ran.evaluation_file))
    assert is_kept(ran)


def test_an_invalid_file_is_an_error_again(ran: Project) -> None:
    ran.config_file.write_text("backends: 3\n", "utf-8")
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            configured(ran)


@pytest.mark.parametrize("content", ["", "[]", "1", "{}", '{"content": 1}', "\0"])
def test_a_damaged_file_is_replaced(ran: Project, content: str) -> None:
    expected = configured(ran)
    (ran.dagster_home / FILE).write_text(content, "utf-8")
    assert configured(ran) == expected
    assert is_kept(ran)


@pytest.mark.parametrize("own", ["kind", "metric", "schemas"])
def test_what_else_says_more_is_not_kept(
    ran: Project, own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module or a schema of the project may change, and these files do not."""
    (tmp_path / "kept_rules.py").write_text(
        "from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS\n"
        "KIND = COMPARATORS['text']\n"
        "def score(truth, prediction):\n    return 1.0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    content = {
        "kind": "kinds: {kept: kept_rules:KIND}\n",
        "metric": "fields:\n  total_amount:\n    metrics: {near: kept_rules:score}\n",
        "schemas": "",
    }[own]
    ran.evaluation_file.write_text(content, "utf-8")
    if own == "schemas":
        ran.schemas.mkdir()
    try:
        configured(ran)
        assert not is_kept(ran)
    finally:  # a kind is there for all projects of a process
        sys.modules.pop("kept_rules", None)
        COMPARATORS.pop("kept", None)


def test_without_a_run_nothing_is_written(project: Project) -> None:
    write_backends(project.root, BACKENDS)
    configured(project)
    assert not project.dagster_home.exists()
