"""A scope of documents as they were ingested, for sensors and checks: no file is read."""

from collections.abc import Sequence

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.planning.plan import Scope
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.opened import open_warehouse


def ingested_scope(project: Project, backends: Backends, names: Sequence[str], *, with_failed: bool) -> Scope:
    """The documents as they were ingested: no file is read. `with_failed`: also those that could not be opened."""
    known = tables.documents.documents(open_warehouse(project))
    sources = [
        source
        for source in find_documents(project.data)
        if (row := known.get(source.document_id)) and (with_failed or not row.failed)
    ]
    return Scope(project=project, backends=backends, names=names, sources=sources, check_files=False)
