"""Documents in buckets, as files: `data/buckets/NAME/KEY` stands for the object KEY of the data set NAME of `deployment.yaml`.

Such a path is a name, nothing lies there. The functions here do with it what they do with the path of a file: all that reads
documents, labels and transcripts goes through them. Objects are fetched when their bytes are needed, and kept in
`data/objects`, a cache that may be deleted: it is addressed by ETag, so that what is in it is never out of date.
"""

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ocr_pipeline.blobs import Blob, write_durably
from ocr_pipeline.deployment import DEPLOYMENT_FILE, load_deployment
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.object_store import Bucket
from ocr_pipeline.project import ROOT_VARIABLE, Project

FOLDER, CACHE = "buckets", "objects"
STATE = "object:"
"""How the state of an object begins, unlike that of a file."""
MAX_NAME_BYTES = 200
"""Of a name in the cache."""
REUSED = 10
"""A listing is used again for this many times the time that it took: listing takes a tenth of the time at most."""

_MARK = f"{os.sep}data{os.sep}{FOLDER}{os.sep}"


@dataclass
class BucketFiles:
    """The objects of one data set. `cache` is the folder of their copies."""

    name: str
    bucket: Bucket
    cache: Path
    _listing: Mapping[str, Blob] | None = None
    _folders: frozenset[str] = frozenset()
    _until: float = 0.0
    _single: dict[str, tuple[float, Blob | None]] = field(default_factory=dict)

    def listing(self) -> Mapping[str, Blob]:
        """All objects by key, from one listing. Raises ConfigurationError or WarehouseError."""
        if self._listing is None or time.monotonic() > self._until:
            began = time.monotonic()
            found = {blob.name: blob for blob in self.bucket.list()}
            self._folders = frozenset(str(parent) for key in found for parent in PurePosixPath(key).parents)
            self._listing = {key: blob for key, blob in found.items() if not self._is_folder(blob)}
            now = time.monotonic()
            self._until = now + REUSED * (now - began)
        return self._listing

    def _is_folder(self, blob: Blob) -> bool:
        """Whether it is the empty object that consoles make for a folder."""
        return blob.size == 0 and (blob.name in self._folders or not PurePosixPath(blob.name).suffix)

    def find(self, key: str) -> Blob | None:
        """The state of an object: from the listing in a process that lists, otherwise asked for by itself."""
        if self._listing is not None:
            return self.listing().get(key)
        until, blob = self._single.get(key, (0.0, None))
        if time.monotonic() > until:
            began = time.monotonic()
            blob = self.bucket.head(key)
            now = time.monotonic()
            self._single[key] = (now + REUSED * (now - began), blob)
        return blob

    def copy(self, key: str) -> Path:
        """A file with the content of an object, fetched unless it is in the cache. Raises FileNotFoundError."""
        blob = self.find(key)
        if blob is None:
            raise FileNotFoundError(2, "No such object", key)
        path = self.copy_of(blob)
        if not path.is_file():
            fetched = self.bucket.fetch(key)
            if fetched is None:
                raise FileNotFoundError(2, "No such object", key)
            blob, content = fetched  # maybe newer than the listing
            path = self.copy_of(blob)
            write_durably(path, content)
        return path

    def copy_of(self, blob: Blob) -> Path:
        """Where the copy of an object in this state is, or would be."""
        digest = hashlib.sha256(f"{self.bucket.shown(blob.name)} {_version(blob)}".encode()).hexdigest()
        name = PurePosixPath(blob.name).name
        if len(os.fsencode(name)) > MAX_NAME_BYTES:
            name = f"long{PurePosixPath(name).suffix[:20]}"
        return self.cache / digest[:2] / digest[2:34] / self.name / name

    def forget(self) -> None:
        """What was listed is out of date."""
        self._listing, self._single = None if self._listing is None else {}, {}
        self._until = 0.0


def bucket_paths(data: Path) -> dict[Path, Mapping[str, Blob]]:
    """The data sets in buckets, as the folder that stands for each, with its objects by key.

    Raises:
        ConfigurationError: one cannot be listed, or there is a folder of the same name in `data/documents`.
    """
    found = {}
    for name in _names(data.parent):
        if (data / "documents" / name).exists():
            raise ConfigurationError(
                f"The data set {name} is in {DEPLOYMENT_FILE} and in data/documents/{name}: give one of them another name."
            )
        files = _files(str(data.parent), name)
        assert files is not None
        found[data / FOLDER / name] = files.listing()
    return found


def is_object(path: Path) -> bool:
    """Whether a path stands for an object in a bucket."""
    return _object(path) is not None


def is_file(path: Path) -> bool:
    """Whether there is such a file or object; False, too, for a path that is too long."""
    found = _object(path)
    return os.path.isfile(path) if found is None else found[0].find(found[1]) is not None


def local_copy(path: Path) -> Path:
    """The file itself, or a file with the content that an object has now, by the same name.

    Raises:
        FileNotFoundError: the object is gone.
        ConfigurationError: it may not be read.
    """
    found = _object(path)
    return path if found is None else found[0].copy(found[1])


def drop_copy(path: Path) -> bool:
    """Delete the copy of an object, so that it is fetched again. Returns whether there was one."""
    found = _object(path)
    blob = found[0].find(found[1]) if found else None
    if found is None or blob is None or not found[0].copy_of(blob).is_file():
        return False
    found[0].copy_of(blob).unlink(missing_ok=True)
    return True


def object_state(path: Path | str) -> str | None:
    """What identifies the content of an object without reading it; "" without such an object; None for a path of a file."""
    found = _object(path)
    if found is None:
        return None
    blob = found[0].find(found[1])
    return STATE + hashlib.sha256(_version(blob).encode()).hexdigest()[:24] if blob else ""


def object_size(path: Path) -> int | None:
    """The bytes of an object; None for a path of a file. Raises FileNotFoundError."""
    found = _object(path)
    if found is None:
        return None
    blob = found[0].find(found[1])
    if blob is None:
        raise FileNotFoundError(2, "No such object", str(path))
    return blob.size


def write_file(path: Path, text: str) -> None:
    """Write or replace a file or an object: readers see all of it or nothing. Raises WarehouseError, ConfigurationError."""
    found = _object(path)
    if found is None:
        write_durably(path, text)
    else:
        found[0].bucket.write(found[1], text.encode())
        found[0].forget()


def delete_file(path: Path) -> None:
    """Delete a file, or an object and its copy in the cache, if it is there. Raises OSError, ConfigurationError."""
    found = _object(path)
    if found is None:
        path.unlink(missing_ok=True)
        return
    files, key = found
    if blob := files.find(key):
        files.copy_of(blob).unlink(missing_ok=True)
        files.bucket.delete(key)
        files.forget()


def _version(blob: Blob) -> str:
    return f"{blob.etag} {blob.size} {blob.modified}"


def _object(path: Path | str) -> tuple[BucketFiles, str] | None:
    text = str(path)
    at = text.rfind(_MARK)
    if at < 0:
        return None
    name, _, key = text[at + len(_MARK) :].partition(os.sep)
    files = _files(text[:at], name) if key else None
    return (files, key.replace(os.sep, "/")) if files else None


def _files(root: str, name: str) -> BucketFiles | None:
    """The data set of this name; None without one. On a machine without this project folder, that of its own."""
    for folder in (root, os.environ.get(ROOT_VARIABLE)):
        if folder:
            try:  # no objects of paths: this is asked four times for each document
                return _opened(folder, name, os.stat(f"{folder}/{DEPLOYMENT_FILE}").st_mtime_ns)
            except OSError:
                continue
    return None


@lru_cache(maxsize=32)
def _opened(folder: str, name: str, modified: int) -> BucketFiles | None:
    """`modified`: when the file was changed that says where the bucket is."""
    root = Path(folder)
    places = {entry.name: entry for entry in load_deployment(Project(root)).documents}
    return BucketFiles(name, Bucket(places[name]), root / "data" / CACHE) if name in places else None


def _names(root: Path) -> list[str]:
    return [entry.name for entry in load_deployment(Project(root)).documents]
