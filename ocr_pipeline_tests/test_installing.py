"""The install command that is suggested is the one of this environment."""

import sys
from pathlib import Path

import pytest

from ocr_pipeline import installing
from ocr_pipeline.installing import extra_command, install_command


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that is not activated, with its own pip."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    return tmp_path


def test_pip_of_an_environment_that_is_not_activated(prefix: Path) -> None:
    assert install_command("openai>=3") == f"{prefix}/bin/python -m pip install 'openai>=3'"


def test_pip_of_an_activated_environment(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(prefix))
    assert install_command("llm-x", no_deps=True) == "pip install --no-deps llm-x"


def test_pipx(prefix: Path) -> None:
    (prefix / "pipx_metadata.json").touch()
    assert install_command("openai") == "pipx inject ocr_pipeline openai"


@pytest.mark.parametrize("uvx", [False, True])
def test_tools_of_uv(prefix: Path, monkeypatch: pytest.MonkeyPatch, uvx: bool) -> None:
    if uvx:
        monkeypatch.setattr(sys, "prefix", str(prefix / "archive-v0" / "abc"))
    else:
        (prefix / "uv-receipt.toml").touch()
    assert install_command("openai") == f"uv pip install --python {prefix}/bin/python openai"


def test_an_environment_of_uv_has_no_pip(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "find_spec", lambda _: None)
    assert "-m ensurepip && " in install_command("openai"), "neither pip nor uv"
    uv = prefix / "elsewhere" / "uv"
    uv.parent.mkdir()
    uv.touch(0o755)
    assert install_command("openai") == f"uv pip install --python {prefix}/bin/python openai"


def test_an_extra_is_its_packages(prefix: Path) -> None:
    assert "python-doctr" in extra_command("doctr")
    assert "ocr_pipeline" not in extra_command("doctr")
    assert "onnxtr" not in extra_command("doctr")
