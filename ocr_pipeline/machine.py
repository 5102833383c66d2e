"""What the machine refuses, as one sentence: the only place that turns errors of the operating system into words.

A full disk, missing permissions, too few file descriptors or too little memory show up anywhere: as an OSError, as an error
of SQLite, DuckDB or Dagster that quotes one, or as a MemoryError.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ocr_pipeline.errors import OcrPipelineError, WarehouseError
from ocr_pipeline.memory_limit import has_memory_limit

KEPT = "then run the same command again. What was finished is kept."

_FULL = re.compile(
    r"database or disk is full|No space left on device|Disk quota exceeded|File too large", re.IGNORECASE
)
_SQLITE = re.compile(r"disk I/O error", re.IGNORECASE)
"""Of SQLite: the disk is full or fails, or memory that it shares with other processes cannot be mapped."""
_FILES = re.compile(r"Too many open files", re.IGNORECASE)
_MEMORY = re.compile(
    r"Cannot allocate memory|failed to map segment|Out of Memory Error|can't start new thread|bad_alloc|"
    r"could not allocate|Unable to allocate|MemoryError|failed to allocate|Insufficient memory",
    re.IGNORECASE,
)
_READ_ONLY = re.compile(
    r"readonly database|Permission denied|Read-only file system|Operation not permitted", re.IGNORECASE
)
_UNOPENED = re.compile(r"unable to open database file", re.IGNORECASE)
_QUOTED_PATH = re.compile(r"[\"']?(/[^\"'\n:]+)")

SPARE_FILES = 8
"""File descriptors below the limit at which it counts as reached."""


def refusal(error: BaseException, path: Path | None = None) -> WarehouseError | None:
    """What to say if the machine is behind an error or one of its causes; None if something else is. `path`: what was used,
    if the error does not say."""
    cause: BaseException | None = error
    met: set[int] = set()
    while cause is not None and id(cause) not in met:
        met.add(id(cause))
        if said := _of(cause, path):
            return said
        cause = cause.__cause__ or cause.__context__
    return None


def refusal_in(text: str) -> WarehouseError | None:
    """The same for an error of which only the text is left."""
    if _SQLITE.search(text) and has_memory_limit():
        return WarehouseError(
            "A database of Dagster cannot be read or written: there is not enough memory (raise the limit, `ulimit -v`), or "
            f"the disk is full or fails (free some space); {KEPT}"
        )
    if (_FULL.search(text) or _SQLITE.search(text)) and (largest := _largest_file()):
        return WarehouseError(
            f"A file may not be larger than {largest:,} bytes here, or the disk is full: raise the limit (`ulimit -f`), or "
            f"free some space, {KEPT}"
        )
    if _FULL.search(text) or _SQLITE.search(text):
        return WarehouseError(f"The disk is full, or fails: free some space, {KEPT}")
    if _FILES.search(text) or (_UNOPENED.search(text) and _few_files_left()):
        return WarehouseError(
            f"This process may open no more files (limit {_file_limit()}): raise it with `ulimit -n 4096`, {KEPT}"
        )
    if _MEMORY.search(text):
        return WarehouseError(
            f"There is not enough memory: close other programs, or raise the limit (`ulimit -v`), {KEPT}"
        )
    if _READ_ONLY.search(text) or _UNOPENED.search(text):
        path = _QUOTED_PATH.search(text)
        return WarehouseError(_no_permission(Path(path[1].strip()) if path else None))
    return None


def _of(error: BaseException, used: Path | None) -> WarehouseError | None:
    if isinstance(error, MemoryError):
        return refusal_in("MemoryError")
    if not isinstance(error, OSError):
        return refusal_in(str(error))
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else used
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return WarehouseError(_no_permission(path))
    if error.errno in (errno.ENOMEM,):
        return refusal_in("MemoryError")
    return refusal_in(str(error))


def _no_permission(path: Path | None) -> str:
    """Who may not use what, as far as that can be seen."""
    where = f"{path}" if path else "a file of the project"
    me = f"user {os.geteuid()}" if hasattr(os, "geteuid") else "this user"
    with suppress(OSError):
        import pwd

        me = f"user {pwd.getpwuid(os.geteuid()).pw_name}" if _has_name() else me
        blocking = _blocking(path) if path else None
        if blocking is not None:
            whose = f"it belongs to user {blocking.stat().st_uid}"
            through = "" if blocking == path else f" because of {blocking}"
            return f"No permission to use {where}{through} as {me} ({whose}): change its owner or mode, {KEPT}"
    return f"No permission to use {where} as {me}: change its owner or mode (chown, chmod), {KEPT}"


def _has_name() -> bool:
    import pwd

    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _blocking(path: Path) -> Path:
    """The first folder on the way that may not be entered, or the path, or the folder that it cannot be made in."""
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            return folder
    return path if path.exists() else path.parent


def _largest_file() -> int:
    """`ulimit -f` in bytes; 0 without it."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return 0 if limit == resource.RLIM_INFINITY else limit


def _file_limit() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _few_files_left() -> bool:
    try:
        used = len(os.listdir("/proc/self/fd"))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return used + SPARE_FILES >= _file_limit() > 0


def sentence_of(error: BaseException) -> OcrPipelineError | None:
    """What a command says in place of a traceback; None for an error that nobody foresaw."""
    if isinstance(error, OcrPipelineError):
        return error
    if said := refusal(error):
        return said
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return WarehouseError(f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}.")
    return None


@contextmanager
def explained_os_errors(path: Path) -> Iterator[None]:
    """Raise errors of the operating system about a path as WarehouseError."""
    try:
        yield
    except OSError as error:
        raise refusal(error, path) or WarehouseError(f"{path} cannot be used: {error.strerror}.") from None
