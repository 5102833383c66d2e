"""What can be removed: replies that were replaced, results that nothing refers to, runs that failed long ago."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ocr_pipeline.extraction.stage import STAGE as EXTRACTION
from ocr_pipeline.models.calls import REFUSED, REPLACED
from ocr_pipeline.ocr.stage import STAGE as OCR
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Removable:
    """Files of one kind that can go, and their size in bytes."""

    kind: str
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.files if path.exists())


def removable(project: Project, warehouse: Warehouse, before: datetime) -> list[Removable]:
    """What was written before a moment and is not needed: replies that were asked for again, refusals, and results of
    documents, engines or settings that no cell has any more.

    Replies of models that are in use are never among it: they were paid for.
    """
    used = {
        OCR: {row["result_key"] for row in warehouse.rows("SELECT result_key FROM ocr_text")},
        EXTRACTION: {row["result_key"] for row in warehouse.rows("SELECT result_key FROM extractions")},
    }
    found = [
        Removable(kind, tuple(_files(project.results / stage, before)))
        for kind, stage in (("replaced replies", REPLACED), ("refusals", REFUSED))
    ]
    for kind, stage in (("results of engines", OCR), ("results of extractors", EXTRACTION)):
        files = tuple(path for path in _files(project.results / stage, before) if path.stem not in used[stage])
        found.append(Removable(kind, files))
    return found


def remove(found: Removable) -> None:
    """Delete them."""
    for path in found.files:
        path.unlink(missing_ok=True)


def _files(folder: Path, before: datetime) -> Iterator[Path]:
    for path in folder.glob("*/*.json"):
        if path.stat().st_mtime < before.timestamp():
            yield path
