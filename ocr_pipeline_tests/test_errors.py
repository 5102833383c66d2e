import errno
import pickle
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from ocr_pipeline import errors
from ocr_pipeline.errors import DOCUMENT_ERROR_REASONS, DocumentError, OcrPipelineError, describe
from ocr_pipeline.machine import refusal

PACKAGE = Path(errors.__file__).parent
CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, OcrPipelineError)]


def test_the_tree_at_the_top_of_the_module_is_complete() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert set(drawn) == {cls.__name__ for cls in CLASSES} - {"OcrPipelineError"}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_crosses_a_process_boundary(cls: type[OcrPipelineError]) -> None:
    error = DocumentError("encrypted", "It is locked.") if cls is DocumentError else cls("It is locked.")
    repeated = pickle.loads(pickle.dumps(error))
    assert (type(repeated), str(repeated), vars(repeated)) == (cls, "It is locked.", vars(error))


@pytest.mark.parametrize("reason", DOCUMENT_ERROR_REASONS)
def test_every_reason_is_used(reason: str) -> None:
    sources = [path for path in PACKAGE.rglob("*.py") if path.name != "errors.py"]
    assert any(f'"{reason}"' in path.read_text("utf-8") for path in sources)


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: int = 0


class Outer(BaseModel):
    inner: list[Inner]
    names: tuple[str, ...] = ()
    mode: Literal["on", "off"] | dict[str, int] = "on"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"inner": [{}, {"number": "SECRET"}]}, "inner.1.number: Input should be a valid integer, unable to parse"),
        ({"inner": [{"x": "SECRET"}]}, "inner.0.x: unknown key."),
        ({}, "inner: Field required."),
        ({"inner": [], "names": 5}, "names: Input should be a list."),
        ({"inner": [], "mode": "SECRET"}, "mode: Input should be 'on' or 'off'."),
        ("SECRET", "Input should be a valid dictionary or instance of Outer."),
    ],
)
def test_a_validation_error_as_a_sentence_without_the_value(value: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as error:
        Outer.model_validate(value)
    message = describe(error.value)
    assert message.startswith(sentence)
    assert message.endswith(".")
    assert "SECRET" not in message


def test_a_full_disk_is_told_from_other_failures_of_a_database() -> None:
    for words in ("database or disk is full", "disk I/O error"):
        wrapped = RuntimeError("in the storage of runs")
        wrapped.__cause__ = sqlite3.OperationalError(words)
        assert "free some space" in str(refusal(wrapped))
    assert refusal(OSError(errno.ENOSPC, "No space left on device")) is not None
    assert refusal(sqlite3.OperationalError("no such table: runs")) is None


@pytest.mark.slow
def test_a_run_on_a_full_disk_ends_in_one_sentence_and_goes_on_afterwards(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the disk: SQLite and DuckDB meet it in the middle of a write."""
    shutil.copytree(Path("data/demo"), tmp_path / "data" / "demo", ignore=shutil.ignore_patterns("*.jpg", "*.png"))
    (tmp_path / "backends.yaml").write_text(
        "engines: {pdf-text: null}\nbackends: {pdf-text+rules: {engine: pdf-text, extractor: rules}}\n"
    )
    (tmp_path / "pyproject.toml").write_text(Path("pyproject.toml").read_text())
    command = [sys.executable, "-m", "ocr_pipeline.cli", "run"]

    def run(limit: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY)),
        )

    for limit in (30_000, 150_000, 400_000):
        done = run(limit)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert done.stderr.count("Error: ") == 1
    assert run(resource.RLIM_INFINITY).returncode == 0
