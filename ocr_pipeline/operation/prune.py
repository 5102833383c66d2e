"""Finds files that can be deleted: replaced replies, refused requests, results that no cell refers to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ocr_pipeline.documents import looks
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.stage import STAGE as EXTRACTION
from ocr_pipeline.models.budget import BUDGETS
from ocr_pipeline.models.stored import CALLS, REFUSED, REPLACED
from ocr_pipeline.ocr.stage import STAGE as OCR
from ocr_pipeline.operation.spending import month_of
from ocr_pipeline.project import Project
from ocr_pipeline.store import result_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow


@dataclass(frozen=True)
class PrunableFiles:
    """Files of one kind that can be deleted. `size` is in bytes."""

    kind: str
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.files if path.exists())


def find_prunable(project: Project, warehouse: Warehouse, before: datetime, now: datetime) -> list[PrunableFiles]:
    """Files written before a moment and no longer needed: replies that were replaced, refused requests, and results of
    documents, engines or settings that no cell uses.

    Model replies in use are never listed, since they cost money. Replies of the current month are kept as well: they count
    towards its budget.

    Raises:
        ConfigurationError: the database is empty, so files in use cannot be told from others.
    """
    used = {
        OCR: tables.words.result_keys(warehouse),
        EXTRACTION: tables.extractions.result_keys(warehouse),
    }
    contents = {row.sha256 for row in tables.documents.documents(warehouse).values() if row.sha256}
    if not any(used.values()) and any(True for stage in used for _ in (project.results / stage).glob("*/*.json")):
        raise ConfigurationError(
            "The database has no results, so files in use cannot be determined: run `ocr-pipeline run` first."
        )
    month, _ = month_of(now)
    prunable = [
        PrunableFiles("replaced replies", tuple(_files(project.results / REPLACED, min(before, month)))),
        PrunableFiles("refused requests", tuple(_files(project.results / REFUSED, before))),
        PrunableFiles("call locks", tuple(_files(project.results / CALLS, before, "lock"))),
        PrunableFiles("budgets of old runs", tuple(_files(project.results, before, folder=BUDGETS))),
    ]
    for kind, stage in (("OCR results", OCR), ("extraction results", EXTRACTION)):
        files = tuple(path for path in _files(project.results / stage, before) if path.stem not in used[stage])
        prunable.append(PrunableFiles(kind, files))
    in_use = {result_key(sha256, looks.VERSION) for sha256 in contents}
    files = tuple(path for path in _files(project.results / looks.STAGE, before) if path.stem not in in_use)
    prunable.append(PrunableFiles("looks of earlier contents", files))
    return prunable


def removed_datasets(project: Project, warehouse: Warehouse, before: datetime) -> dict[str, list[str]]:
    """The documents of data sets of which no file is left, by data set; what was ingested since `before` stays."""
    there = {source.dataset for source in find_documents(project.data)}
    documents_of: dict[str, list[DocumentRow]] = {}
    for row in tables.documents.documents(warehouse).values():
        if row.dataset not in there:
            documents_of.setdefault(row.dataset, []).append(row)
    until = before.astimezone(UTC).replace(tzinfo=None)
    return {
        dataset: [row.document_id for row in rows]
        for dataset, rows in documents_of.items()
        if all(row.updated_at < until for row in rows)
    }


def delete(prunable: PrunableFiles) -> None:
    """Delete the files."""
    for path in prunable.files:
        path.unlink(missing_ok=True)


def _files(stage: Path, before: datetime, suffix: str = "json", *, folder: str = "*") -> Iterator[Path]:
    for path in stage.glob(f"{folder}/*.{suffix}"):
        if path.stat().st_mtime < before.timestamp():
            yield path
