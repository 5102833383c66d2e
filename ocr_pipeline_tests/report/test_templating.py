"""Templates are compiled once, and again when they change."""

from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from ocr_pipeline.report.templating import CompiledTemplates


def rendered(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """The page of a template in a new process, and how many templates were compiled for it."""
    compiled: list[str] = []
    made = Environment(loader=DictLoader({"page": source}), autoescape=True, bytecode_cache=CompiledTemplates(folder))
    compile_template = made.compile

    def counted(source: str, *args: Any, **kwargs: Any) -> Any:
        compiled.append(source)
        return compile_template(source, *args, **kwargs)

    monkeypatch.setattr(made, "compile", counted)
    return made.get_template("page").render(), len(compiled)


def test_a_template_is_compiled_once_and_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    assert rendered(tmp_path, "one", monkeypatch) == ("one", 1)
    assert rendered(tmp_path, "one", monkeypatch) == ("one", 0)
    assert rendered(tmp_path, "two", monkeypatch) == ("two", 1)
    monkeypatch.setattr("ocr_pipeline.report.templating.version", lambda name: "another")
    assert rendered(tmp_path, "two", monkeypatch) == ("two", 1)


@pytest.mark.parametrize("content", [b"", b"j2", b"damaged"])
def test_a_damaged_file_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    rendered(tmp_path, "one", monkeypatch)
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:10] + content)
    assert rendered(tmp_path, "one", monkeypatch) == ("one", 1)
    assert rendered(tmp_path, "one", monkeypatch) == ("one", 0)


def test_without_a_folder_to_write_to_templates_are_compiled_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert rendered(tmp_path / "missing", "one", monkeypatch) == ("one", 1)
