"""The result store: what a stage computed for one document, addressed by everything it was computed from.

A result is written durably (write, fsync, rename) as soon as it exists, before anything goes into the database. So a
killed run continues where it stopped, and nothing is computed twice: see docs/decisions/0004.
"""

import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from pydantic import BaseModel, ValidationError

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.machine import refusal

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
    """JSON results below a folder, `<stage>/<first two digits>/<key>.json`. Safe for many processes at once.

    A JSON object is kept with the hash of its text as the first name: what a disk, a copy or a hand changed is not believed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, stage: str, key: str) -> str | None:
        """The stored JSON text, or None. Raises WarehouseError.

        A damaged entry counts as None: it is set aside as `<key>.json.damaged`, and made again.
        """
        path = self._path(stage, key)
        with _explained(path):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                return None
            text = unsealed(content)
            if text is None and path.read_bytes() == content:  # no other process has made it again in the meantime
                os.replace(path, path.with_name(f"{path.name}.damaged"))
                logger.warning("%s is damaged: it is set aside as %s.damaged, and made again.", path, path.name)
        return text

    def load(self, stage: str, key: str, model: type[Model]) -> Model | None:
        """The stored result as a model, or None. One of another shape counts as None: it is made and stored again."""
        text = self.get(stage, key)
        try:
            return None if text is None else model.model_validate_json(text)
        except ValidationError:
            logger.warning("The stored result %s has another shape; it is computed again.", self._path(stage, key))
            return None

    def put(self, stage: str, key: str, text: str) -> None:
        """Store a result. Readers see all of it or nothing, even after a crash. Raises WarehouseError."""
        write_durably(self._path(stage, key), sealed(text))

    @contextmanager
    def locked(self, stage: str, key: str, timeout: float = -1) -> Iterator[None]:
        """Keeps others from making the same result at the same time. A killed process loses its locks.

        Args:
            timeout: seconds to wait for whoever makes it, then `filelock.Timeout` is raised; below 0: for ever.
        """
        path = self._path(stage, key).with_suffix(".lock")
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path, timeout=timeout):
            yield
            path.unlink(missing_ok=True)  # whoever waits on it finds the result

    def entries(self) -> Iterator[Path]:
        """The files of all entries."""
        for path in self.root.glob("*/*/[!.]*.json"):
            if path.parent.name == path.name[:2]:
                yield path

    def _path(self, stage: str, key: str) -> Path:
        return self.root / stage / key[:2] / f"{key}.json"


_SEAL = re.compile(rb'\{"_sha256":"([0-9a-f]{64})"(?:,|(?=\}))')


def sealed(text: str) -> str:
    """A JSON object with the hash of its text as the first name; any other text as it is."""
    if not text.startswith("{"):
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"_sha256":"{digest}"{"" if text == "{}" else ","}{text[1:]}'


def unsealed(content: bytes) -> str | None:
    """The text that was sealed; None if it is damaged.

    What older versions stored has no hash: it counts as intact if it is UTF-8.
    """
    seal = _SEAL.match(content)
    if seal is None and content.startswith(b'{"_sha256":'):
        return None
    body = content if seal is None else b"{" + content[seal.end() :]
    if seal is not None and hashlib.sha256(body).hexdigest().encode() != seal[1]:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def is_sealed(content: bytes) -> bool:
    """Whether an entry has a hash to be verified by."""
    return _SEAL.match(content) is not None


def write_durably(path: Path, text: str) -> None:
    """Write or replace a file atomically: readers see all of it or nothing. Raises WarehouseError."""
    with _explained(path):
        made = not path.parent.exists()
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
        _sync_folder(path.parent)
        if made:
            _sync_folder(path.parent.parent)


def _sync_folder(folder: Path) -> None:
    """Without this, the new name may be gone after a power failure, although the file's content was written."""
    if os.name != "posix":  # Windows opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refusal(error, path) or WarehouseError(f"The result store cannot use {path}: {error.strerror}.") from None
