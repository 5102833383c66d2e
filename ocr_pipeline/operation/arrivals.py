"""Finds documents that arrived, changed or were deleted, and files that are still being written.

A scan of 10,000 files must be fast, so a file is read only if its size, times or inode differ from the database, and at most a
set number of files per scan. The next scan continues where the last one stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest, sha256

from pydantic import BaseModel

from ocr_pipeline.documents.bucket_files import local_copy
from ocr_pipeline.documents.file_state import NONE, document_state, label_state, unchanged_since
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.documents.pages import part_sha256
from ocr_pipeline.documents.transcripts import transcript_sha256
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.labels import LabelRow

MIN_RETRY_DELAY, MAX_RETRY_DELAY = 300.0, 6 * 3600.0
"""Seconds before a run is launched again for something the last run did not ingest; doubled after each attempt."""

MAX_TRACKED = 1000
"""Files that a cursor remembers while they wait; further ones are looked at once these are done: it stays below 100 kB."""

DELETED = "gone"
"""Stands in `Attempt.what` for a document whose file was deleted. Stored in cursors."""


class Attempt(BaseModel):
    """Runs launched for one thing: its content hash (`what`), their number, and the time of the last (Unix seconds).

    The field names are stored in sensor cursors.
    """

    what: str
    times: int = 0
    last: float = 0.0

    def is_due(self, now: float) -> bool:
        """Whether the next attempt may start."""
        return (
            now >= self.last + min(MAX_RETRY_DELAY, MIN_RETRY_DELAY * 2.0 ** (self.times - 1)) if self.times else True
        )


def next_attempt(previous: Attempt | None, what: str, now: float) -> Attempt | None:
    """The next attempt at `what`; None during the delay after the last one. A changed `what` is due immediately."""
    if previous is None or previous.what != what:
        previous = Attempt(what=what)
    return Attempt(what=what, times=previous.times + 1, last=now) if previous.is_due(now) else None


class Cursor(BaseModel):
    """State kept between scans, by document id. The field names are stored in sensor cursors.

    `waiting`: stamps of files that may still be written; `since`: when each was first seen (Unix seconds). `tried`: attempts
    that the database does not reflect yet. `same`: stamps of files whose timestamps changed and whose content did not, as far
    as the database does not say it. `after`: the last document that was read. `listing`: the hash of all files and of what is
    ingested, if there was nothing to do.
    """

    waiting: dict[str, str] = {}
    since: dict[str, float] = {}
    tried: dict[str, Attempt] = {}
    same: dict[str, str] = {}
    after: str = ""
    listing: str = ""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to wait for."""
        return not (self.waiting or self.tried or self.same)


@dataclass(frozen=True)
class Scan:
    """Result of a scan.

    `ready`: documents to process. `waiting`: number of files that are not stable yet or exceed the limit of this scan.
    `deleted`: documents whose file is missing and that the database does not list as missing. `cursor`: for the next scan.
    `unchanged`: states of the files of documents and labels that were read and found unchanged, for the database.
    """

    ready: Sequence[str]
    waiting: int
    deleted: Sequence[str]
    cursor: Cursor = field(repr=False)
    unchanged: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is waiting, was launched or tried."""
        return self.cursor.is_idle and not (self.ready or self.waiting or self.deleted)


def scan_files(
    sources: Sequence[SourceFile],
    documents: Mapping[str, DocumentRow],
    labels: Mapping[str, LabelRow],
    cursor: Cursor,
    *,
    max_reads: int,
    now: float,
    min_unchanged: float,
) -> Scan:
    """Compare the files on disk with the database.

    A file is ready if it did not change between two scans that are `min_unchanged` apart. If a run did not ingest it, it
    becomes ready again after a delay.

    Args:
        sources: the files, from `find_documents`.
        documents: rows of `documents` by document id.
        labels: rows of `labels` by document id.
        max_reads: number of files to read at most; 0 while a run is in progress.
        now: Unix time in seconds.
        min_unchanged: seconds in which a file must not have changed, however often this is called: who writes it over a slow
            line pauses now and then.
    """
    scanner = _Scanner(documents, labels, cursor, max_reads, now, min_unchanged)
    by_id = {source.document_id: source for source in sources}
    ids = sorted(by_id)
    start = next((index for index, key in enumerate(ids) if key > cursor.after), 0)
    for key in [*ids[start:], *ids[:start]]:
        scanner.visit(by_id[key])
    missing = [key for key, row in documents.items() if key not in by_id and not row.file_deleted]
    deleted = [key for key in missing if scanner.report_deleted(key)]
    waiting = len(scanner.next.waiting) - len(scanner.ready) + scanner.untracked
    return Scan(sorted(scanner.ready), waiting, deleted, scanner.next, scanner.unchanged)


@dataclass
class _Scanner:
    """A scan in progress: collects the ready documents and the next cursor."""

    documents: Mapping[str, DocumentRow]
    labels: Mapping[str, LabelRow]
    cursor: Cursor
    max_reads: int
    now: float
    min_unchanged: float

    def __post_init__(self) -> None:
        self.next = Cursor(after=self.cursor.after)
        self.ready: list[str] = []
        self.unchanged: dict[str, tuple[str, str]] = {}
        self.untracked = 0
        self._reads = 0
        self._room = MAX_TRACKED - len(self.cursor.waiting)

    def visit(self, source: SourceFile) -> None:
        key = source.document_id
        files = _Files.of(source)
        if files is None or not files.may_differ(source, self.documents.get(key), self.labels.get(key)):
            return
        if self.cursor.same.get(key) == files.stamp:
            self.next.same[key] = files.stamp
            return
        if key not in self.cursor.waiting and key not in self.cursor.tried:
            if self._room <= 0:
                self.untracked += 1
                return
            self._room -= 1
        previous = self.cursor.tried.get(key)
        if previous is not None:
            self.next.tried[key] = previous
        delayed = previous is not None and previous.what == files.stamp and not previous.is_due(self.now)
        if not self._is_stable(key, files.stamp) or self._reads >= self.max_reads or delayed:
            self.next.waiting[key] = files.stamp
            return
        self._reads, self.next.after = self._reads + 1, key
        content = _content(source)
        if content is None:
            self.next.waiting[key] = files.stamp
        elif content == _known_content(self.documents.get(key), self.labels.get(key)):
            if key in self.documents and key in self.labels and files.is_still(source):
                self.unchanged[key] = (files.document, files.label)
            else:
                self.next.same[key] = files.stamp
        elif attempt := next_attempt(previous, files.stamp, self.now):
            self.next.tried[key] = attempt
            self.next.waiting[key] = files.stamp
            self.ready.append(key)

    def _is_stable(self, key: str, stamp: str) -> bool:
        """Whether the files are as they were long enough; notes since when they are as they are."""
        is_known = self.cursor.waiting.get(key) == stamp
        since = self.cursor.since.get(key, 0.0) if is_known else self.now
        self.next.since[key] = min(since, self.now)  # a clock that is set back does not make a file wait for ever
        return is_known and self.now - since >= self.min_unchanged

    def report_deleted(self, key: str) -> bool:
        """Record an attempt for a document whose file is missing; False during a run or the delay after an attempt."""
        previous = self.cursor.tried.get(key)
        attempt = next_attempt(previous, DELETED, self.now) if self.max_reads else None
        if kept := attempt or previous:
            self.next.tried[key] = kept
        return attempt is not None


@dataclass(frozen=True)
class _Files:
    """The states of a document and the files beside it."""

    document: str
    label: str

    @classmethod
    def of(cls, source: SourceFile) -> "_Files | None":
        """None if the file was deleted in the meantime."""
        document = document_state(source)
        return None if document.startswith(NONE) else cls(document, label_state(source))

    def is_still(self, source: SourceFile) -> bool:
        """Whether the files are as they were, and not changed so recently that another change could go unnoticed."""
        return bool(
            unchanged_since(self.document, document_state, source) and unchanged_since(self.label, label_state, source)
        )

    @property
    def stamp(self) -> str:
        """Short, because a cursor holds thousands."""
        return sha256(repr(self).encode()).hexdigest()[:12]

    def may_differ(self, source: SourceFile, document: DocumentRow | None, label: LabelRow | None) -> bool:
        """Whether a file may differ from what was ingested: another state, added, deleted, or split."""
        if document is None or document.file_deleted or document.is_split != bool(source.parts):
            return True
        if self.document != document.file_state:
            return True
        return source.label is not None if label is None else self.label != label.file_state


def _content(source: SourceFile) -> str | None:
    """Hashes of a document and the files beside it; None if one of them cannot be read at the moment."""
    try:
        with local_copy(source.path).open("rb") as file:  # may exceed the size limit of documents
            document = file_digest(file, "sha256").hexdigest()
        if source.pages:
            document = part_sha256(document, source.pages)
        return _joined(document, bool(source.parts), transcript_sha256(source.path), labels_sha256(source))
    except OSError:
        return None


def _known_content(document: DocumentRow | None, label: LabelRow | None) -> str | None:
    """The same hashes as stored in the database; None if the document was not ingested."""
    if document is None or document.file_deleted:
        return None
    return _joined(
        document.sha256, document.is_split, document.transcript_sha256, label.label_sha256 if label else None
    )


def _joined(*parts: object) -> str:
    return "+".join(str(part or "") for part in parts)
