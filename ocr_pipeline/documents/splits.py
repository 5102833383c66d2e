"""Files that hold several documents: one JSON file per split file in `data/splits`, with the pages of each part.

A part is a document of its own: `PARENT-p1-2`. Splits that the detection made (`by: auto`) are written and removed by
`raw_documents`; those of a person (`by: hand`) stay until the file changes or the person removes them.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ocr_pipeline.documents.page_range import PageRange, check_ranges
from ocr_pipeline.errors import ConfigurationError, describe

FOLDER = "splits"


class Split(BaseModel):
    """How a file is split. `sha256`: of the file that was looked at; a split of another content does not count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_id: str
    sha256: str
    by: Literal["auto", "hand"]
    parts: list[PageRange] = Field(min_length=1)

    @field_validator("parts")
    @classmethod
    def _in_order(cls, value: list[PageRange]) -> list[PageRange]:
        check_ranges(value)
        return value


def split_file(data: Path, document_id: str) -> Path:
    """The path of the split of a document."""
    return data / FOLDER / f"{document_id}.json"


def load_splits(data: Path) -> dict[str, Split]:
    """All splits of a project by document.

    Raises:
        ConfigurationError: a file cannot be read or is invalid.
    """
    try:
        paths = sorted(path for path in (data / FOLDER).iterdir() if path.suffix == ".json")
    except OSError:  # the folder does not exist until a file is split
        return {}
    return {split.document_id: split for split in map(_load, paths)}


def load_split(data: Path, document_id: str) -> Split | None:
    """The split of a document; None if it is not split. Raises ConfigurationError."""
    path = split_file(data, document_id)
    return _load(path) if path.is_file() else None


def _load(path: Path) -> Split:
    try:
        return Split.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise ConfigurationError(f"{path.parent.name}/{path.name}: {describe(error)} Correct or delete it.") from None


def write_split(data: Path, split: Split) -> Path:
    """Write the split of a document, unless it is stored already.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    path = split_file(data, split.document_id)
    text = json.dumps(split.model_dump(mode="json")) + "\n"
    try:
        if not path.is_file() or path.read_text("utf-8", errors="replace") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".json.part")
            fresh.write_text(text, "utf-8")
            fresh.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None
    return path


def remove_split(data: Path, document_id: str) -> None:
    """Make a split document whole again. Raises ConfigurationError."""
    path = split_file(data, document_id)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be deleted: {error.strerror}.") from None


def split_sentence(part_ids: Sequence[str]) -> str:
    """What is told about a split document."""
    return f"Split into {len(part_ids)} documents: {', '.join(part_ids)}."
