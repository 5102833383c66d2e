"""What can be removed: replies that were replaced, results that nothing refers to, runs that failed long ago."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.stage import STAGE as EXTRACTION
from ocr_pipeline.models.calls import CALLS, REFUSED, REPLACED
from ocr_pipeline.ocr.stage import STAGE as OCR
from ocr_pipeline.operation.spending import month_of
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse


@dataclass(frozen=True)
class Removable:
    """Files of one kind that can go, and their size in bytes."""

    kind: str
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        return sum(path.stat().st_size for path in self.files if path.exists())


def removable(project: Project, warehouse: Warehouse, before: datetime, now: datetime) -> list[Removable]:
    """What was written before a moment and is not needed: replies that were asked for again, refusals, and results of
    documents, engines or settings that no cell has any more.

    Replies of models that are in use are never among it: they were paid for. Those of this month stay: they count to what it
    may cost.

    Raises:
        ConfigurationError: the database is empty, so that nobody can tell what is in use.
    """
    used = {
        OCR: {row["result_key"] for row in warehouse.rows("SELECT result_key FROM ocr_text")},
        EXTRACTION: {row["result_key"] for row in warehouse.rows("SELECT result_key FROM extractions")},
    }
    if not any(used.values()) and any(True for stage in used for _ in (project.results / stage).glob("*/*.json")):
        raise ConfigurationError(
            "The database has no results, so nothing tells which files are in use: `ocr-pipeline run` fills it from them."
        )
    month, _ = month_of(now)
    found = [
        Removable("replaced replies", tuple(_files(project.results / REPLACED, min(before, month)))),
        Removable("refusals", tuple(_files(project.results / REFUSED, before))),
        Removable("locks of calls", tuple(_files(project.results / CALLS, before, "lock"))),
    ]
    for kind, stage in (("results of engines", OCR), ("results of extractors", EXTRACTION)):
        files = tuple(path for path in _files(project.results / stage, before) if path.stem not in used[stage])
        found.append(Removable(kind, files))
    return found


def remove(found: Removable) -> None:
    """Delete them."""
    for path in found.files:
        path.unlink(missing_ok=True)


def _files(folder: Path, before: datetime, suffix: str = "json") -> Iterator[Path]:
    for path in folder.glob(f"*/*.{suffix}"):
        if path.stat().st_mtime < before.timestamp():
            yield path
