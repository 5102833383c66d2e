"""Pages of documents that are written when they are opened: of very many documents, only some have one before."""

from dataclasses import replace
from pathlib import Path

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.loading import cases_of
from ocr_pipeline.project import Project
from ocr_pipeline.report.site import Pages, write_document
from ocr_pipeline.storage import open_store
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.opened import open_warehouse


def write_document_page(project: Project, folder: Path, document_id: str) -> None:
    """Write the page of a document, if there is such a document."""
    configured = load_backends(project)
    scoring = replace(scoring_of(project), backends=list(configured))
    warehouse = open_warehouse(project)
    with warehouse.snapshot() as snapshot:
        if not tables.documents.documents(snapshot, [document_id]):
            return
        notice = tables.current.states(snapshot, scoring).notice()
    with warehouse.snapshot(only=[document_id]) as snapshot:
        found = list(cases_of(snapshot, scoring, [document_id], notice))
    for cases in found:
        write_document(project, configured, Pages(folder, notice), open_store(project), cases, None, None)
