"""Bytes under names with `/`: the seam between what is stored and where it lies, with folders as its local form.

`object_store` has the same for buckets. Whoever stores something uses these methods and never walks a folder.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from filelock import FileLock

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.machine import refusal

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""Errors of file systems that have no hard links."""


@dataclass(frozen=True, order=True)
class Blob:
    """What a listing says about a name. `modified`: seconds since 1970. `etag`: another one means another content; None if
    the place has none."""

    name: str
    size: int
    modified: float
    etag: str | None = None


class Blobs(Protocol):
    """A place for bytes. Can be pickled. Raises WarehouseError where it cannot be used."""

    def read(self, name: str) -> bytes | None:
        """The content; None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write or replace: readers see all of it or nothing, also after a crash."""
        ...

    def create(self, name: str, content: bytes) -> bool:
        """The same unless the name is taken: of several writers at once, one gets True."""
        ...

    def delete(self, name: str) -> None:
        """Delete it, if it is there."""
        ...

    def move(self, name: str, new: str) -> None:
        """Give it another name."""
        ...

    def list(self, folder: str = "") -> Iterator[Blob]:
        """Everything below a folder, in no order; unfinished writes are left out."""
        ...

    def shown(self, name: str = "") -> str:
        """The place of a name, for messages."""
        ...


class Locks(Protocol):
    """Locks by name. A holder that is killed loses its locks."""

    def held(self, name: str, timeout: float = -1) -> AbstractContextManager[None]:
        """Hold a lock, after waiting for it. Below 0, waits for ever; after `timeout` seconds, raises `filelock.Timeout`."""
        ...


class Folder:
    """A folder of this machine as `Blobs`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, name: str) -> bytes | None:
        path = self.root / name
        with explained(path):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        write_durably(self.root / name, content)

    def create(self, name: str, content: bytes) -> bool:
        return write_durably(self.root / name, content, replace=False)

    def delete(self, name: str) -> None:
        path = self.root / name
        with explained(path):
            path.unlink(missing_ok=True)

    def move(self, name: str, new: str) -> None:
        with explained(self.root / name):
            os.replace(self.root / name, self.root / new)

    def list(self, folder: str = "") -> Iterator[Blob]:
        pending = [folder]
        while pending:
            below = pending.pop()
            for entry in _scanned(self.root / below):
                name = f"{below}/{entry.name}" if below else entry.name
                if entry.is_dir():
                    pending.append(name)
                elif not entry.name.startswith("."):
                    try:
                        stat = entry.stat()
                    except FileNotFoundError:  # deleted meanwhile
                        continue
                    yield Blob(name, stat.st_size, stat.st_mtime)

    def shown(self, name: str = "") -> str:
        return str(self.root / name)


class FileLocks:
    """Lock files of this machine, `<root>/<name>.lock`, deleted after use."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def held(self, name: str, timeout: float = -1) -> Iterator[None]:
        path = self.root / f"{name}.lock"
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path, timeout=timeout):
            yield
            path.unlink(missing_ok=True)  # whoever waits on it finds the result


def write_durably(path: Path, content: str | bytes, *, replace: bool = True) -> bool:
    """Write or replace a file atomically: readers see all of it or nothing. Raises WarehouseError.

    Args:
        replace: False: only if there is no such file. Returns whether it was written.
    """
    if not replace and path.exists():
        return False
    with explained(path):
        made = not path.parent.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = str(path.parent / f".{uuid4().hex}.tmp")  # by the umask: `tempfile` keeps out who shares the folder
        try:
            with open(temporary, "xb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                os.replace(temporary, path)
            elif not _linked(temporary, path):
                return False
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
        if made:
            _sync_folder(path.parent.parent)
    return True


def _linked(temporary: str, path: Path) -> bool:
    """Give a finished file its name unless that is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.replace(temporary, path)
        return True
    finally:
        Path(temporary).unlink(missing_ok=True)
    return True


def _scanned(folder: Path) -> list["os.DirEntry[str]"]:
    with explained(folder):
        try:
            with os.scandir(folder) as found:
                return list(found)
        except FileNotFoundError:
            return []


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
def explained(path: Path) -> Iterator[None]:
    """Errors of the operating system as one sentence."""
    try:
        yield
    except OSError as error:
        raise refusal(error, path) or WarehouseError(f"The result store cannot use {path}: {error.strerror}.") from None
