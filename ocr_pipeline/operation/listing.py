"""The listing of all files that documents are made of, as a tick of `arrivals` compares it with the database.

Names, sizes, times and inodes of 100,000 documents and their labels take a second. One hash of them says that nothing has
changed since the last tick; if something has, the listing itself says which documents have to be looked at. To find all
documents, load their rows and compare them takes several seconds.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter
from pathlib import Path
from stat import S_ISDIR

from ocr_pipeline.document_schema.loading import DATASET_FILE
from ocr_pipeline.documents.beside import MAX_NAME_BYTES, name_beside
from ocr_pipeline.documents.file_state import NONE
from ocr_pipeline.documents.find import FOLDERS, SourceFile, label_among, name_of_path, some_documents
from ocr_pipeline.documents.identifiers import FILE, load_known_ids
from ocr_pipeline.documents.transcripts import SUFFIX as TRANSCRIPT
from ocr_pipeline.documents.walk import kind_by_name
from ocr_pipeline.project import Project
from ocr_pipeline.untrusted import path_of_printable
from ocr_pipeline.warehouse.tables.document_files import StoredFile

MAX_DIFFERENT = 5000
"""Files that are looked at one by one; if more differ, all documents are compared."""


@dataclass(frozen=True)
class Listing:
    """`states`: `size,mtime_ns,ctime_ns,inode` of every file by its path; `digest`: a hash of all of it."""

    states: Mapping[str, str]
    digest: str


@dataclass(frozen=True)
class Difference:
    """Documents whose files may differ from the database. `sources`: of those that have a file; `ids`: of all, with those
    whose file is gone; `total`: the number of documents that have one."""

    sources: Sequence[SourceFile]
    ids: list[str]
    total: int


def list_files(project: Project) -> Listing:
    """The documents, labels, decisions, splits and schemas. A folder that cannot be read has no entries here; whoever looks
    for the documents says what is wrong with it."""
    digest, seen, states = blake2b(digest_size=16), set[tuple[int, int]](), dict[str, str]()
    folders = [*(project.data / name for name in (*FOLDERS, "overrides", "splits")), project.root / "schemas"]
    pending = [os.fspath(folder) for folder in folders]
    while pending:
        folder = pending.pop()
        entries = sorted(_entries(folder, seen), key=itemgetter(0))
        listed = "\n".join(map("\n".join, entries))
        digest.update(f"{listed}\n".encode("utf-8", "surrogateescape"))
        for path, state in entries:
            if state is _FOLDER:
                pending.append(path)
            elif state is not _MISSING:
                states[path] = state
    digest.update(_state(project.data / FILE).encode())
    return Listing(states, digest.hexdigest())


_FOLDER, _MISSING, _UNREADABLE = "", "missing", "unreadable"


def _entries(folder: str, seen: set[tuple[int, int]]) -> list[tuple[str, str]]:
    """The path and the state of each entry; a folder has none."""
    found = []
    try:
        own = os.stat(folder)
        if (own.st_dev, own.st_ino) in seen:
            return []
        seen.add((own.st_dev, own.st_ino))
        with os.scandir(folder) as entries:
            for entry in entries:
                stat = entry.stat()
                state = f"{stat.st_size},{stat.st_mtime_ns},{stat.st_ctime_ns},{stat.st_ino}"
                found.append((entry.path, _FOLDER if S_ISDIR(stat.st_mode) else state))
    except FileNotFoundError:
        return [(folder, _MISSING)]
    except OSError:
        return [(folder, _UNREADABLE)]
    return found


def _state(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size},{stat.st_mtime_ns},{stat.st_ino}"


def different_files(project: Project, listing: Listing, stored: Iterable[StoredFile]) -> Difference | None:
    """What may differ from the database, by the listing alone. None if that cannot be said so: files are split, data sets have
    schemas, XML is new, or very many files differ."""
    data, states, known = os.path.join(project.data, ""), listing.states, load_known_ids(project.data)
    root, decisions = os.fspath(project.root), f"{data}overrides{os.sep}"
    explained, ids, different, total = set[str](), dict[str, str](), dict[str, str](), 0
    for row in stored:
        path = os.path.join(root, path_of_printable(row.path))
        if row.is_part or row.is_split or not path.startswith(data):
            return None
        name = name_of_path(path[len(data) :])
        if known.get(name, row.document_id) != row.document_id:
            return None
        ids[name] = row.document_id
        files = _files_of(path, f"{decisions}{row.document_id}.json", states)
        explained.update(files)
        total += path in states
        if _may_differ(row, files, states):
            different[row.document_id] = path
    arrived = _new_documents(project, states.keys() - explained, states)
    if arrived is None or len(different) + len(arrived) > MAX_DIFFERENT:
        return None
    changed = [path for path in different.values() if path in states]
    sources = some_documents(project.data, [*arrived, *changed], ids, states)
    named = [source.document_id for source in sources if source.document_id not in different]
    return Difference(sources, [*different, *named], total + len(arrived))


def _may_differ(row: StoredFile, files: Sequence[str], states: Mapping[str, str]) -> bool:
    """Whether the files of a document may differ from what was ingested: another state, added or deleted."""
    document, transcript, label, decisions = [states.get(path, NONE) for path in files]
    if document == NONE or row.file_deleted:
        return (document == NONE) != row.file_deleted
    if f"{document} {transcript}" != row.file_state:
        return True
    return label != NONE if row.label_state is None else row.label_state != f"{label} {decisions}"


def _new_documents(project: Project, new: Collection[str], states: Mapping[str, str]) -> list[str] | None:
    """The documents among files that belong to none that is known; None if their names do not say what they are."""
    data = os.path.join(project.data, "")
    below = tuple(os.path.join(data, folder, "") for folder in FOLDERS)
    found = []
    for path in new:
        if states[path] is _UNREADABLE or path.startswith(os.path.join(data, "splits", "")):
            return None
        if not path.startswith(below) or "/." in path[len(data) - 1 :]:
            continue
        kind = kind_by_name(name := os.path.basename(path))
        if kind is None or name == DATASET_FILE:
            return None
        if kind == "document":
            found.append(path)
    return found


def _files_of(path: str, decisions: str, there: Mapping[str, str]) -> tuple[str, str, str, str]:
    """The document, its transcript, its label ("" without one) and the decisions about it, whether they are there or not."""
    if path.isascii() and len(path) + len(TRANSCRIPT) <= MAX_NAME_BYTES and (label := f"{path}.json") in there:
        return path, path + TRANSCRIPT, label, decisions  # as below, in a third of the time
    name = os.path.basename(path)
    return path, path[: -len(name)] + name_beside(name, TRANSCRIPT), label_among(path, there) or "", decisions
