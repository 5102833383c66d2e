"""A file to read, or the reason why there is none."""

from dataclasses import dataclass
from pathlib import Path

from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import DocumentFailure


@dataclass(frozen=True)
class NamedFile:
    """A file to read. `name` is what the user calls it; `failure` says why it cannot be read."""

    name: str
    path: Path | None
    failure: DocumentFailure | None = None


def failed(name: str, error: DocumentError) -> NamedFile:
    """A name with the reason why there is no file to read."""
    return NamedFile(name, None, DocumentFailure(reason=error.reason, message=str(error)))
