"""The result store: what a stage computed for one document, addressed by everything it was computed from.

A result is written durably (write, fsync, rename) as soon as it exists, before anything goes into the database. So a
killed run continues where it stopped, and nothing is computed twice: see docs/decisions/0004.
"""

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ocr_pipeline.blobs import Blob, Blobs, FileLocks, Folder, Locks
from ocr_pipeline.blobs import write_durably as write_durably

logger = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)


def fingerprint(value: object) -> str:
    """A short, stable hash of a JSON-serialisable value: 16 hex digits, independent of key order."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def result_key(content: str, stage_fingerprint: str) -> str:
    """The address of a result: hash of what went in (a document's SHA-256 or an earlier key) and of how it was made."""
    return hashlib.sha256(f"{content}:{stage_fingerprint}".encode()).hexdigest()


@dataclass(frozen=True)
class Entry:
    """What a listing says about a stored result. `modified`: seconds since 1970; `size` in bytes."""

    stage: str
    key: str
    blob: Blob

    @property
    def size(self) -> int:
        return self.blob.size

    @property
    def modified(self) -> float:
        return self.blob.modified


class ResultStore:
    """JSON results in a folder or a bucket, `<stage>/<first two digits>/<key>.json`. Safe for many processes at once.

    A JSON object is kept with the hash of its text as the first name: what a disk, a copy or a hand changed is not believed.

    Args:
        place: the folder, or whatever else holds the bytes.
        locks: of all who use it; default: files in the folder. Without any, `locked` cannot be called.
    """

    def __init__(self, place: Path | Blobs, locks: Locks | None = None) -> None:
        self._blobs: Blobs = Folder(place) if isinstance(place, Path) else place
        if locks is None and isinstance(self._blobs, Folder):
            locks = FileLocks(self._blobs.root)
        self._locks = locks

    def get(self, stage: str, key: str) -> str | None:
        """The stored JSON text, or None. Raises WarehouseError.

        A damaged entry counts as None: it is set aside as `<key>.json.damaged`, and made again.
        """
        name = _name(stage, key)
        content = self._blobs.read(name)
        text = None if content is None else unsealed(content)
        if content is not None and text is None and self._blobs.read(name) == content:  # nobody made it again meanwhile
            self._blobs.move(name, f"{name}.damaged")
            shown = self._blobs.shown(name)
            logger.warning(
                "%s is damaged: it is set aside as %s.damaged, and made again.", shown, name.rpartition("/")[2]
            )
        return text

    def load(self, stage: str, key: str, model: type[Model]) -> Model | None:
        """The stored result as a model, or None. One of another shape counts as None: it is made and stored again."""
        text = self.get(stage, key)
        try:
            return None if text is None else model.model_validate_json(text)
        except ValidationError:
            shown = self._blobs.shown(_name(stage, key))
            logger.warning("The stored result %s has another shape; it is computed again.", shown)
            return None

    def put(self, stage: str, key: str, text: str) -> None:
        """Store or replace a result. Readers see all of it or nothing, even after a crash. Raises WarehouseError."""
        self._blobs.write(_name(stage, key), sealed(text).encode())

    def put_if_absent(self, stage: str, key: str, text: str) -> bool:
        """Store a result unless there is one: of several machines that made it, one stores it and gets True."""
        return self._blobs.create(_name(stage, key), sealed(text).encode())

    def keep(self, stage: str, key: str, result: Model, *, replace: bool = False) -> Model:
        """Store a result unless there is one, and return what is stored: every machine goes on with the same result.
        `replace`: store it in any case."""
        text = result.model_dump_json()
        if not replace and self.put_if_absent(stage, key, text):
            return result
        stored = None if replace else self.load(stage, key, type(result))
        if stored is None:  # damaged, or of another shape
            self.put(stage, key, text)
        return stored or result

    def locked(self, stage: str, key: str, timeout: float = -1) -> AbstractContextManager[None]:
        """Keeps others from making the same result at the same time. A killed process loses its locks.

        Args:
            timeout: seconds to wait for whoever makes it, then `filelock.Timeout` is raised; below 0: for ever.
        """
        assert self._locks is not None
        return self._locks.held(_name(stage, key).removesuffix(".json"), timeout)

    def entries(self, stage: str = "", suffix: str = ".json") -> Iterator[Entry]:
        """All entries, or those of a stage, in no order. `suffix`: of other files beside them, like `.json.damaged`."""
        for blob in self._blobs.list(stage):
            parts = blob.name.split("/")
            if len(parts) == 3 and parts[2].endswith(suffix) and parts[1] == parts[2][:2]:
                yield Entry(parts[0], parts[2].removesuffix(suffix), blob)

    def read(self, entry: Entry) -> bytes:
        """The bytes of an entry as they lie there; empty if it is gone."""
        return self._blobs.read(entry.blob.name) or b""

    def delete(self, entry: Entry) -> None:
        """Delete what was listed."""
        self._blobs.delete(entry.blob.name)

    def shown(self, entry: Entry | None = None) -> str:
        """The place of an entry, or of the store, for messages."""
        return self._blobs.shown(entry.blob.name if entry else "")


def _name(stage: str, key: str) -> str:
    return f"{stage}/{key[:2]}/{key}.json"


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
