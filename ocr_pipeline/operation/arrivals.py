"""Which documents have arrived, changed or gone, and which are still being written.

A look at 10,000 files must take a moment, so a file is only read where its size or times say that it may be another one,
and only so many of them each time: the next look goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.documents.pages import sha256_of

Row = Mapping[str, Any]
Stamp = tuple[int, int, int, int]
"""Size and modification time (ns) of a document, and of its label; -1 for no label."""


class Cursor(BaseModel):
    """What is remembered from look to look.

    `waiting`: files that may still be written, as they were at the last look. `asked`: what was asked for and is not in the
    database yet, `document:sha256`. `same`: files with new times and old content. `after`: the last document read.
    """

    waiting: dict[str, Stamp] = {}
    asked: dict[str, str] = {}
    same: dict[str, Stamp] = {}
    after: str = ""


@dataclass(frozen=True)
class Look:
    """What a look found: documents to process with their `document:sha256`, how many wait to be stable, ids of documents
    whose file is gone and that the database does not know as gone, and the cursor for the next look."""

    ready: Mapping[str, str]
    waiting: int
    gone: Sequence[str]
    cursor: Cursor = field(repr=False)


def look(
    sources: Sequence[SourceFile], documents: Mapping[str, Row], labels: Mapping[str, Row], cursor: Cursor, most: int
) -> Look:
    """Compare the files that are there with the database.

    A file is taken when it was the same in two looks: until then somebody may be writing it. What was asked for is not asked
    for again unless the file changes once more.

    Args:
        sources: the files, as `find_documents` gives them.
        documents: the rows of `documents`, by document.
        labels: the rows of `labels`, by document.
        most: files that are read at the most.
    """
    waiting: dict[str, Stamp] = {}
    ready: dict[str, str] = {}
    same = {key: stamp for key, stamp in cursor.same.items() if key in documents}
    asked = {
        key: content
        for key, content in cursor.asked.items()
        if content.partition(":")[2] != _content(documents.get(key), labels.get(key))
    }
    ids = sorted(source.document_id for source in sources)
    start = next((index for index, key in enumerate(ids) if key > cursor.after), 0)
    by_id = {source.document_id: source for source in sources}
    after, read = cursor.after, 0
    for key in [*ids[start:], *ids[:start]]:
        source = by_id[key]
        stamp = _stamp(source)
        if stamp is None or not _may_differ(stamp, documents.get(key), labels.get(key)) or same.get(key) == stamp:
            continue
        if cursor.waiting.get(key) != stamp and key not in asked:
            waiting[key] = stamp
            continue
        if read == most:
            waiting[key] = stamp  # stable as it is: the next look takes it
            continue
        content = _read(source)
        read, after = read + 1, key
        if content is None:
            waiting[key] = stamp
        elif content == _content(documents.get(key), labels.get(key)):
            same[key] = stamp
        elif asked.get(key) != (name := f"{key}:{content}"):
            ready[key] = asked[key] = name
    gone = [key for key, row in documents.items() if key not in by_id and row["reason"] != "missing_file"]
    return Look(ready, len(waiting), gone, Cursor(waiting=waiting, asked=asked, same=same, after=after))


def _stamp(source: SourceFile) -> Stamp | None:
    """None where the file is gone by now."""
    try:
        file = source.path.stat()
        label = source.label.stat() if source.label else None
        decided = source.overrides.stat() if source.overrides else None
    except OSError:
        return None
    if label is None:
        return file.st_size, file.st_mtime_ns, -1, -1
    return file.st_size, file.st_mtime_ns, label.st_size, max(label.st_mtime_ns, decided.st_mtime_ns if decided else -1)


def _may_differ(stamp: Stamp, document: Row | None, label: Row | None) -> bool:
    """Whether a file may be another one than was taken in: by its size, or because it is younger than that."""
    if document is None or document["reason"] == "missing_file":
        return True
    size, written, label_size, label_written = stamp
    if size != document["size_bytes"] and document["size_bytes"] is not None:
        return True
    has_label = label is not None and (label["label_sha256"] is not None or label["status"] == "invalid")
    if (label_size >= 0) != has_label:
        return True
    return written > _nanoseconds(document["updated_at"]) or bool(
        label is not None and label_written > _nanoseconds(label["updated_at"])
    )


def _nanoseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1e9)


def _read(source: SourceFile) -> str | None:
    """What a document and its label hold, as hashes; None where they cannot be read now."""
    try:
        return _joined(sha256_of(source.path.read_bytes()), labels_sha256(source))
    except OSError:
        return None


def _content(document: Row | None, label: Row | None) -> str:
    """The same of what was taken in."""
    if document is None or document["reason"] == "missing_file":
        return ""
    return _joined(document["sha256"] or "", label["label_sha256"] if label else None)


def _joined(document: str, label: str | None) -> str:
    return f"{document}+{label or ''}"
