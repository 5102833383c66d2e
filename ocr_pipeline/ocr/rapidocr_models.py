"""Local model files for the `rapidocr` engine: other scripts than the packaged models read. docs/reading.md has a list."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from ocr_pipeline.project import find_project

SOURCE = "https://www.modelscope.cn/models/RapidAI/RapidOCR"

_PURPOSE = {
    "Det.model_path": ("detection_model", "finds the lines of a page"),
    "Rec.model_path": ("recognition_model", "reads the lines of one script"),
    "Rec.rec_keys_path": ("recognition_keys", "lists the characters that recognition_model can read, one per line"),
}


def _in_project(path: Path) -> Path:
    """Resolve a configured path: absolute, with `~`, or relative to the project folder."""
    path = path.expanduser()
    return path if path.is_absolute() else find_project().root / path


ModelFile = Annotated[Path, AfterValidator(_in_project)]


def problem_of(files: Mapping[str, Path | None]) -> str | None:
    """What is wrong with the configured files, by RapidOCR's names of the options: what it is for, and where to get it."""
    for option, path in files.items():
        name, purpose = _PURPOSE[option]
        if path is not None and not path.is_file():
            return (
                f"the file {path} of the option {name} does not exist; it {purpose}. "
                f"Download it from {SOURCE} and put it there, or correct the path in backends.yaml"
            )
        if path is not None and path.suffix == ".onnx" and path.stat().st_size < 1000:
            return f"the file {path} of the option {name} is no ONNX model: it has only {path.stat().st_size} bytes"
    recognition, keys = files.get("Rec.model_path"), files.get("Rec.rec_keys_path")
    if keys is not None and recognition is None:
        return "the option recognition_keys needs recognition_model: the packaged model has its own characters"
    if recognition is not None and keys is None and not _has_characters(recognition):
        return (
            f"the model {recognition} contains no list of its characters: set recognition_keys to the file that came with "
            f"it ({SOURCE})"
        )
    return None


def identities(files: Mapping[str, Path | None]) -> dict[str, str]:
    """For the fingerprint: the hash of each configured file, by its option; `missing` where there is none."""
    return {
        _PURPOSE[option][0]: _sha256(path, path.stat().st_mtime_ns) if path.is_file() else "missing"
        for option, path in files.items()
        if path is not None
    }


@lru_cache(maxsize=16)
def _sha256(path: Path, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _has_characters(path: Path) -> bool:
    """Whether an ONNX file has metadata `character`. Read as bytes: loading the model takes a second."""
    return b"character" in path.read_bytes()
