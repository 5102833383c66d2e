"""Hostile documents: each gets its row with a clear sentence, in a run that ends by itself; a second one changes nothing."""

import os
from contextlib import suppress
from pathlib import Path

from benchmarks.drill.checking import check_duplicates, judge
from benchmarks.drill.mutations import NUMBER, hostile
from benchmarks.drill.processes import Run
from benchmarks.drill.sentences import is_clear
from benchmarks.drill.table import Try
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.media_types import DRAWN
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.files import write_backends

BATCH = 55
"""Documents of one project: five of them are all."""
RUN_LIMIT = 900.0


def drill(batch: int, folder: Path, seed: int, size: int = BATCH) -> Try:
    """The documents of one batch, 0 to 4."""
    result = Try("hostile documents", seed, f"documents {batch * size} to {(batch + 1) * size - 1}", 0)
    project = Project(folder)
    documents = project.data / "documents"
    documents.mkdir(parents=True)
    for index in range(batch * size, min((batch + 1) * size, NUMBER)):
        document = hostile(index, seed)
        path = Path(os.fsdecode(os.fsencode(documents) + b"/" + document.name))
        path.write_bytes(document.content)
        result.tries += 1
    write_backends(
        folder,
        {
            "engines": {"pdf-text": None},
            "backends": {
                "pdf-text+rules": {"engine": "pdf-text", "extractor": "rules"},
                "xml": {"extractor": "einvoice"},
            },
        },
    )
    judge(result, Run(folder).start().wait(RUN_LIMIT), code=None, where="first run")
    rows = _check(result, project)
    judge(result, Run(folder).start().wait(RUN_LIMIT), code=None, where="second run")
    if (after := _check(result, project)).keys() != rows.keys():
        result.lost += len(rows.keys() - after.keys())
        result.notes.append("the second run has other documents")
    with suppress(OSError):
        check_duplicates(result, Warehouse(project.database))
    return result


def _check(result: Try, project: Project) -> dict[str, str]:
    """The rows of all documents; a file without one is lost, a sentence that is not expected unclear."""
    warehouse = Warehouse(project.database)
    documents = {row["document_id"]: row for row in warehouse.rows("FROM documents")}
    cells = warehouse.rows("FROM extractions") if documents else []
    for source in find_documents(project.data):
        backends = [row for row in cells if row["document_id"] == source.document_id]
        row = documents.get(source.document_id)
        expected = 1 if row and row["media_type"] in DRAWN else 2  # XML alone has no words to read
        if row is None or len(backends) != expected:
            result.lost += 1
            result.notes.append(f"{source.path.name!a}: {len(backends)} of {expected} cells have a row")
    for row in [*documents.values(), *cells]:
        if row["message"] and not is_clear(row["message"]):
            result.unclear += 1
            result.notes.append(f"{row['document_id']!a}: unclear: {row['message']}")
    return {name: row["status"] for name, row in documents.items()}
