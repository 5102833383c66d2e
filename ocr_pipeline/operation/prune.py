"""Finds files that can be deleted: replaced replies, refused requests, results that no cell refers to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ocr_pipeline.blobs import Folder
from ocr_pipeline.documents import looks
from ocr_pipeline.documents.bucket_files import CACHE
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.stage import STAGE as EXTRACTION
from ocr_pipeline.models.budget import BUDGETS
from ocr_pipeline.models.stored import CALLS, REFUSED, REPLACED
from ocr_pipeline.ocr.stage import STAGE as OCR
from ocr_pipeline.operation.spending import month_of
from ocr_pipeline.planning.cell_lists import CELL_LISTS
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.store import Entry, ResultStore, result_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow


@dataclass(frozen=True)
class PrunableFiles:
    """Files of one kind that can be deleted, and the store that they are in. `size` is in bytes."""

    kind: str
    files: tuple[Entry, ...]
    store: ResultStore

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.files)


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
    store = open_store(project)
    if not any(used.values()) and any(True for stage in used for _ in store.entries(stage)):
        raise ConfigurationError(
            "The database has no results, so files in use cannot be determined: run `ocr-pipeline run` first."
        )
    month, _ = month_of(now)

    def older(stage: str, until: datetime = before, suffix: str = ".json") -> list[Entry]:
        return [entry for entry in store.entries(stage, suffix) if entry.modified < until.timestamp()]

    found = {
        "replaced replies": older(REPLACED, min(before, month)),
        "refused requests": older(REFUSED),
        "call locks": older(CALLS, suffix=".lock"),
        "lists of cells of old runs": older(CELL_LISTS),
        "OCR results": [entry for entry in older(OCR) if entry.key not in used[OCR]],
        "extraction results": [entry for entry in older(EXTRACTION) if entry.key not in used[EXTRACTION]],
    }
    in_use = {result_key(sha256, looks.VERSION) for sha256 in contents}
    found["looks of earlier contents"] = [entry for entry in older(looks.STAGE) if entry.key not in in_use]
    prunable = [PrunableFiles(kind, tuple(files), store) for kind, files in found.items()]
    return [
        *prunable,
        _old_files("budgets of old runs", project.results, BUDGETS, before),
        _old_files("copies of objects in buckets", project.data / CACHE, "", before),
    ]


def _old_files(kind: str, root: Path, folder: str, before: datetime) -> PrunableFiles:
    """Files of this machine below a folder of `root`."""
    entries = (Entry(folder, blob.name, blob) for blob in Folder(root).list(folder))
    old = tuple(entry for entry in entries if entry.modified < before.timestamp())
    return PrunableFiles(kind, old, ResultStore(root))


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
    for entry in prunable.files:
        prunable.store.delete(entry)
