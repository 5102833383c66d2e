"""The result store: what a stage computed for one document, addressed by everything it was computed from.

A result is written durably (write, fsync, rename) as soon as it exists, before anything goes into the database. So a
killed run continues where it stopped, and nothing is computed twice: see docs/decisions/0004.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ocr_pipeline.errors import WarehouseError

logger = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)


def fingerprint(value: object) -> str:
    """A short, stable hash of a JSON-serialisable value: 16 hex digits, independent of key order."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def result_key(content: str, stage_fingerprint: str) -> str:
    """The address of a result: hash of what went in (a document's SHA-256 or an earlier key) and of how it was made."""
    return hashlib.sha256(f"{content}:{stage_fingerprint}".encode()).hexdigest()


class ResultStore:
    """JSON results below a folder, `<stage>/<first two digits>/<key>.json`. Safe for many processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, stage: str, key: str) -> str | None:
        """The stored JSON text, or None. Raises WarehouseError."""
        path = self._path(stage, key)
        with _explained(path):
            try:
                return path.read_text("utf-8", errors="replace")
            except FileNotFoundError:
                return None

    def load(self, stage: str, key: str, model: type[Model]) -> Model | None:
        """The stored result as a model, or None. A damaged result counts as None: it is computed and stored again."""
        text = self.get(stage, key)
        try:
            return None if text is None else model.model_validate_json(text)
        except ValidationError:
            logger.warning("The stored result %s is damaged; it is computed again.", self._path(stage, key))
            return None

    def put(self, stage: str, key: str, text: str) -> None:
        """Store a result. Readers see all of it or nothing, even after a crash. Raises WarehouseError."""
        write_durably(self._path(stage, key), text)

    def _path(self, stage: str, key: str) -> Path:
        return self.root / stage / key[:2] / f"{key}.json"


def write_durably(path: Path, text: str) -> None:
    """Write or replace a file atomically: readers see all of it or nothing. Raises WarehouseError."""
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WarehouseError(f"The result store cannot use {path}: {error.strerror}.") from None
