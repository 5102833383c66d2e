import pytest

from ocr_pipeline_tests.cli.test_cli import Cli, in_a_terminal


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Cli:
    in_a_terminal(monkeypatch)
    return Cli(monkeypatch)
