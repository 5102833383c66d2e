"""Database files whose schema is current, as far as this process knows: to open one only to find out takes longer than most
queries do."""

from contextlib import suppress
from pathlib import Path

from ocr_pipeline.warehouse import migrate

_current: dict[tuple[int, int], tuple[int, int, int]] = {}
"""By device and inode: time of change and size when it was last seen, and the version of the schema."""


def remember_current(path: Path) -> None:
    """Its schema is current, and nobody else has it open."""
    with suppress(OSError):
        file, state = _state(path)
        _current[file] = state


def is_known_current(path: Path) -> bool:
    """Whether the file is as this process has left it."""
    try:
        file, state = _state(path)
    except OSError:
        return False
    return _current.get(file) == state


def _state(path: Path) -> tuple[tuple[int, int], tuple[int, int, int]]:
    found = path.stat()
    return (found.st_dev, found.st_ino), (found.st_mtime_ns, found.st_size, migrate.migrations()[-1][0])
