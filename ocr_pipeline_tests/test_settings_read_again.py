"""Settings are parsed once for each content of their file."""

from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from ocr_pipeline.yaml_files import load_yaml


class Settings(BaseModel):
    names: list[str]


def test_a_file_is_parsed_again_only_if_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    load = yaml.load

    def counted(text: str, loader: type[yaml.SafeLoader]) -> object:
        parsed.append(text)
        return load(text, loader)

    monkeypatch.setattr(yaml, "load", counted)
    path = tmp_path / "settings.yaml"
    path.write_text("names: [one of this test]\n", "utf-8")
    first, _ = load_yaml(path, Settings)
    first.names.append("of the caller alone")
    assert load_yaml(path, Settings)[0].names == ["one of this test"]
    assert len(parsed) == 1
    path.write_text("names: [two of this test]\n", "utf-8")
    assert load_yaml(path, Settings)[0].names == ["two of this test"]
    assert len(parsed) == 2
