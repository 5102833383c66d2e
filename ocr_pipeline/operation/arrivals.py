"""Which documents have arrived, changed or gone, and which are still being written.

A look at 10,000 files must take a moment, so a file is only read where its size or times say that it may be another one,
and only so many of them each time: the next look goes on from there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.documents.transcripts import transcript_file, transcript_sha256

FIRST_PAUSE, LONGEST_PAUSE = 300.0, 6 * 3600.0
"""Seconds until something is asked for once more that a run did not take in: doubled each time."""

Row = Mapping[str, Any]


class Tried(BaseModel):
    """What a run was launched for: what there was, how often, and when last (seconds since 1970)."""

    what: str
    times: int = 0
    last: float = 0.0

    def is_due(self, now: float) -> bool:
        """Whether a further try may begin."""
        return now >= self.last + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (self.times - 1)) if self.times else True


def try_again(before: Tried | None, what: str, now: float) -> Tried | None:
    """The next try of `what`, or None while the pause after the last one goes on. Something else is tried at once."""
    if before is None or before.what != what:
        before = Tried(what=what)
    return Tried(what=what, times=before.times + 1, last=now) if before.is_due(now) else None


class Cursor(BaseModel):
    """What is remembered from look to look, all by document.

    `waiting`: files that may still be written, as they were at the last look. `tried`: what runs were launched for and the
    database does not know yet. `same`: files with new times and old content. `after`: the last document that was read.
    """

    waiting: dict[str, str] = {}
    tried: dict[str, Tried] = {}
    same: dict[str, str] = {}
    after: str = ""


@dataclass(frozen=True)
class Look:
    """What a look found: documents to process, how many wait to be stable or for their turn, documents whose file is gone
    and that the database does not know as gone, and the cursor for the next look."""

    ready: Sequence[str]
    waiting: int
    gone: Sequence[str]
    cursor: Cursor = field(repr=False)


def look(
    sources: Sequence[SourceFile],
    documents: Mapping[str, Row],
    labels: Mapping[str, Row],
    decided: Collection[str],
    cursor: Cursor,
    *,
    most: int,
    now: float,
) -> Look:
    """Compare the files that are there with the database.

    A file is taken when it was the same in two looks: until then somebody may be writing it. What a run was launched for and
    did not take in is tried again after a pause.

    Args:
        sources: the files, as `find_documents` gives them.
        documents: the rows of `documents`, by document.
        labels: the rows of `labels`, by document.
        decided: the documents on whose label decisions were laid.
        most: files that are read at the most; 0 while a run is at work, whose work is looked at after it.
        now: seconds since 1970.
    """
    waiting: dict[str, str] = {}
    same: dict[str, str] = {}
    tried: dict[str, Tried] = {}
    ready: list[str] = []
    by_id = {source.document_id: source for source in sources}
    ids = sorted(by_id)
    start = next((index for index, key in enumerate(ids) if key > cursor.after), 0)
    after, read = cursor.after, 0
    for key in [*ids[start:], *ids[:start]]:
        files = _Files.of(by_id[key])
        if files is None or not files.may_differ(documents.get(key), labels.get(key), key in decided):
            continue
        if cursor.same.get(key) == files.stamp:
            same[key] = files.stamp
            continue
        before = cursor.tried.get(key)
        if before is not None:
            tried[key] = before
        if cursor.waiting.get(key) != files.stamp or read >= most:
            waiting[key] = files.stamp
            continue
        if before is not None and before.what == files.stamp and not before.is_due(now):
            waiting[key] = files.stamp
            continue
        read, after = read + 1, key
        content = _content(by_id[key])
        if content is None:
            waiting[key] = files.stamp
        elif content == _known_content(documents.get(key), labels.get(key)):
            same[key] = files.stamp
        elif again := try_again(before, files.stamp, now):
            tried[key] = again
            waiting[key] = files.stamp
            ready.append(key)
    gone = []
    for key, row in documents.items():
        if key in by_id or row["reason"] == "missing_file":
            continue
        again = try_again(cursor.tried.get(key), "gone", now) if most else None
        if again:
            gone.append(key)
        elif key in cursor.tried:
            again = cursor.tried[key]
        if again:
            tried[key] = again
    cursor = Cursor(waiting=waiting, tried=tried, same=same, after=after)
    return Look(sorted(ready), len(waiting) - len(ready), gone, cursor)


@dataclass(frozen=True)
class _Facts:
    """Of a file. `changed`: when its content or its name last changed, ns since 1970. The time of modification alone would
    miss files that were copied with their times; the time of change cannot be set."""

    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "_Facts":
        facts = path.stat()
        return cls(facts.st_size, max(facts.st_mtime_ns, facts.st_ctime_ns))


@dataclass(frozen=True)
class _Files:
    """A document and what lies beside it; None for what does not."""

    document: _Facts
    transcript: _Facts | None
    label: _Facts | None
    overrides: _Facts | None

    @classmethod
    def of(cls, source: SourceFile) -> "_Files | None":
        """None where the file is gone by now."""
        try:
            return cls(
                _Facts.of(source.path),
                *(
                    _Facts.of(path) if path and path.is_file() else None
                    for path in (transcript_file(source.path), source.label, source.overrides)
                ),
            )
        except OSError:
            return None

    @property
    def stamp(self) -> str:
        """Short, because a cursor holds thousands."""
        return sha256(repr(self).encode()).hexdigest()[:12]

    def may_differ(self, document: Row | None, label: Row | None, decided: bool) -> bool:
        """Whether something may be another one than was taken in: by its size or presence, or because it is younger."""
        if document is None or document["reason"] == "missing_file":
            return True
        if document["size_bytes"] not in (None, self.document.size):
            return True
        if (self.transcript is not None) != (document["transcript_sha256"] is not None):
            return True
        if _youngest(self.document, self.transcript) > _nanoseconds(document["updated_at"]):
            return True
        if label is None:
            return self.label is not None
        labelled = label["label_sha256"] is not None or label["status"] == "invalid"
        if (self.label is not None) != labelled or (decided and self.overrides is None):
            return True
        return _youngest(self.label, self.overrides) > _nanoseconds(label["updated_at"])


def _youngest(*facts: _Facts | None) -> int:
    return max((one.changed for one in facts if one), default=-1)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1e9)


def _content(source: SourceFile) -> str | None:
    """What a document and the files beside it hold, as hashes; None where they cannot be read now."""
    try:
        with source.path.open("rb") as file:  # it may be larger than a document may be
            document = file_digest(file, "sha256").hexdigest()
        return _joined(document, transcript_sha256(source.path), labels_sha256(source))
    except OSError:
        return None


def _known_content(document: Row | None, label: Row | None) -> str | None:
    """The same of what was taken in; None for nothing."""
    if document is None or document["reason"] == "missing_file":
        return None
    return _joined(document["sha256"], document["transcript_sha256"], label["label_sha256"] if label else None)


def _joined(*parts: str | None) -> str:
    return "+".join(part or "" for part in parts)
