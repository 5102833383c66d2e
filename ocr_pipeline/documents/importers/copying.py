"""Shared by all importers: name the data set, copy changed files, and report."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from uuid import uuid4

from pydantic import BaseModel

from ocr_pipeline.document_schema.labels import label_content
from ocr_pipeline.document_schema.schema import INVOICE_NAME
from ocr_pipeline.documents.beside import beside
from ocr_pipeline.documents.identifiers import slug
from ocr_pipeline.documents.importers.source import Source
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Label, OcrText

RESERVED_NAMES = {"demo", "documents"}  # the bundled documents, and loose files in `data/documents`


@dataclass
class ImportReport:
    """Result of an import.

    `problems` are sentences about skipped files and invalid labels, `notes` about what is normal but worth knowing. Neither
    contains document content.
    """

    dataset: str
    target: Path
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    labelled: int = 0
    transcripts: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, file: Source, name: str) -> bytes | None:
        """The bytes of a file; None if it cannot be read, which is recorded as a problem."""
        try:
            return file.read_bytes()
        except Exception as error:  # noqa: BLE001 - every remote file system has its own exceptions
            reason = getattr(error, "strerror", None) or type(error).__name__
            self.problems.append(f"{name}: cannot be read: {reason}; skipped.")
            return None


@dataclass(frozen=True)
class Entry:
    """A document to copy. `name` is its path within the data set."""

    name: str
    content: bytes = field(repr=False)
    label: Label | None = None
    transcript: OcrText | None = None


def new_report(dataset: str, documents: Path) -> ImportReport:
    """An empty report for a data set below the folder `documents`.

    Raises:
        ConfigurationError: the name has no letters or digits, or is reserved.
    """
    name = slug(dataset)
    if not name:
        raise ConfigurationError(f"{dataset!r} contains no letters or digits: choose a data set name with --name.")
    if name in RESERVED_NAMES:
        raise ConfigurationError("The data set names demo and documents are reserved: choose another with --name.")
    return ImportReport(name, documents / name)


def copy(entries: Iterator[Entry], report: ImportReport) -> ImportReport:
    """Write new and changed entries and count them.

    Raises:
        ConfigurationError: there are no documents to import, or the project is not writable.
    """
    for entry in entries:
        if ".." in PurePosixPath(entry.name).parts or entry.name.startswith("/"):
            report.problems.append(f"{entry.name}: the path leaves the folder; skipped.")
            continue
        target = report.target / entry.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            state = _write_if_changed(target, entry.content)
            others = (
                _write_beside(target, ".json", entry.label),
                _write_beside(target, ".transcript.json", entry.transcript),
            )
        except OSError as error:
            raise ConfigurationError(f"{target} cannot be written: {error.strerror}.") from None
        if state == "unchanged" and any(other != "unchanged" for other in others):
            state = "changed"
        setattr(report, state, getattr(report, state) + 1)
        report.labelled += entry.label is not None
        report.transcripts += entry.transcript is not None
    if not report.new + report.changed + report.unchanged:
        raise ConfigurationError("No documents to import were found.")
    return report


def _write_beside(document: Path, suffix: str, content: BaseModel | None) -> str:
    """Write a label or transcript; delete that of an earlier import if the source no longer has one."""
    target = beside(document, suffix)
    if content is not None:
        if isinstance(content, Label) and content.invoice.NAME != INVOICE_NAME:
            text = json.dumps(label_content(content), indent=2, ensure_ascii=False)
        else:
            text = content.model_dump_json(indent=2, exclude_unset=True)
        return _write_if_changed(target, f"{text}\n".encode())
    if not target.is_file():
        return "unchanged"
    target.unlink()
    return "changed"


def _write_if_changed(target: Path, content: bytes) -> str:
    """Returns `new`, `changed` or `unchanged`."""
    state = "changed" if target.exists() else "new"
    if state == "changed" and target.read_bytes() == content:
        return "unchanged"
    fresh = target.with_name(f".{uuid4().hex}.part")  # no run meets half a document
    try:
        fresh.write_bytes(content)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return state
