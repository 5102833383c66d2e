"""Goes through the folders of documents: what each file in them is, by its name and, if it is XML, its first bytes."""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from ocr_pipeline.document_schema.loading import DATASET_FILE
from ocr_pipeline.documents import xml_files
from ocr_pipeline.errors import ConfigurationError

NOT_DOCUMENTS = {".json", ".md", ".txt", ".csv"}
MAX_PATH_BYTES = 4095
"""Of a path that the system opens."""

_UNFINISHED = re.compile(
    r"~\$.*|.*~|.*\.(?:part|partial|filepart|crdownload|opdownload|download|upload|tmp|temp|swp|aria2)",
    re.IGNORECASE | re.DOTALL,
)
"""Names that browsers, file servers and office programs give to files until they are complete, or while they are open."""

Kind = Literal["document", "beside", "xml", "unfinished", "hidden", "unreachable"]
"""`beside`: a label, transcript or text; `xml`: XML that is no document; `unreachable`: a path too long for the system."""


def is_unfinished(name: str) -> bool:
    """Whether a file name says that the file is still being written, or is open in another program."""
    return _UNFINISHED.fullmatch(name) is not None


def walk(folder: Path) -> Iterator[tuple[Path, Kind]]:
    """Every file below a folder with its kind, sorted by path. Hidden folders are left out; links are followed, loops are not.

    Raises:
        ConfigurationError: a folder cannot be read.
    """
    for path, kind in walk_names(os.fspath(folder)):
        yield Path(path), kind


def walk_names(folder: str) -> Iterator[tuple[str, Kind]]:
    """The same with paths as text: a hundred thousand `Path` take as long as all else."""
    pending: list[tuple[str, Kind | frozenset[tuple[int, int]]]] = [(folder, frozenset())]
    while pending:  # no recursion: folders may be nested deeper than Python can call
        path, kind = pending.pop()
        if isinstance(kind, str):
            yield path, kind
            continue
        try:
            stat, entries = os.stat(path), _entries(path)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                continue
            if error.errno == errno.ENAMETOOLONG:
                yield path, "unreachable"
                continue
            raise ConfigurationError(f"The folder {path} cannot be read: {error.strerror}.") from None
        folder_id = (stat.st_dev, stat.st_ino)
        if folder_id not in kind:
            below = kind | {folder_id}
            start = os.path.join(path, "")
            pending += reversed([(start + name, found or below) for name, found in _kinds(path, entries)])


def walk_keys(folder: str, keys: Iterable[str]) -> Iterator[tuple[str, Kind]]:
    """The same for a bucket: `keys` are the names of its objects, `folder` stands for it."""
    names: dict[str, set[tuple[str, bool]]] = {"": set()}
    for key in keys:
        *folders, name = key.split("/")
        for depth, part in enumerate(folders):
            names.setdefault("/".join(folders[:depth]), set()).add((part, True))
        names.setdefault("/".join(folders), set()).add((name, False))
    pending: list[tuple[str, Kind | None]] = [("", None)]
    while pending:
        key, kind = pending.pop()
        if kind is not None:
            yield os.path.join(folder, key), kind
            continue
        found = _kinds(os.path.join(folder, key), sorted(names[key]))
        pending += reversed([(f"{key}/{name}" if key else name, below) for name, below in found])


def kind_by_name(name: str) -> Kind | None:
    """The kind of a file, as far as its name says it; None for XML, which is a document by its content and its neighbours."""
    if os.path.splitext(name)[1].lower() in xml_files.SUFFIXES:
        return None
    return next(kind for _, kind in _kinds("", [(name, False)]))


def _entries(folder: str) -> list[tuple[str, bool]]:
    """The names of folders (True) and files in a folder, sorted."""
    with os.scandir(folder) as found:
        kinds = [(entry.name, _is(entry.is_dir), _is(entry.is_file)) for entry in found]
    return sorted((name, is_folder) for name, is_folder, is_file in kinds if is_folder or is_file)


def _is(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except OSError:  # a link to itself
        return False


def _kinds(folder: str, entries: Sequence[tuple[str, bool]]) -> Iterator[tuple[str, Kind | None]]:
    """The kind of each file, None for a folder."""
    pages: list[str] | None = None
    length = len(os.fsencode(folder))
    for name, is_folder in entries:
        suffix = os.path.splitext(name)[1].lower()
        if is_folder:
            if not name.startswith("."):
                yield name, None
        elif name.startswith("."):
            yield name, "hidden"
        elif is_unfinished(name):
            yield name, "unfinished"
        elif suffix in NOT_DOCUMENTS or name == DATASET_FILE:
            yield name, "beside"
        elif length + len(os.fsencode(name)) + 1 > MAX_PATH_BYTES:
            yield name, "unreachable"
        elif suffix in xml_files.SUFFIXES:
            if pages is None:
                pages = [other for other, is_below in entries if not is_below and _may_have_pages(other)]
            yield name, "document" if xml_files.is_document(Path(folder, name), pages) else "xml"
        else:
            yield name, "document"


def _may_have_pages(name: str) -> bool:
    suffix = os.path.splitext(name)[1].lower()
    return not name.startswith(".") and suffix not in NOT_DOCUMENTS and suffix not in xml_files.SUFFIXES
