"""`ocr-pipeline retry-failed`: a second chance for failed cells."""

from collections.abc import Iterator
from datetime import UTC, datetime

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.cli.options import BackendOption, DatasetOption, MaxCostOption
from ocr_pipeline.cli.output import alone, console, counted, errors, opened, plain
from ocr_pipeline.cli.progress import TerminalProgress
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.project import Project, find_project

Cells = set[tuple[str, str]]
"""(backend, document id)"""


def retry_failed(backend: BackendOption = None, dataset: DatasetOption = None, max_cost: MaxCostOption = None) -> None:
    """Retry documents that failed.

    Models are called again, which costs money. Failures caused by the file itself, such as damage, will recur.
    """
    project = find_project()
    configured = load_backends(project)
    with alone(project):
        sources = {
            source.document_id: source for source in find_documents(project.data) if dataset in (None, source.dataset)
        }
        before = {
            (name, key)
            for name, key in _failed(project)
            if key in sources and backend in (None, name) and name in configured and not configured[name].unavailable()
        }
        problems = list(_retry(project, configured, before, sources, max_cost))
        failed_again = before & _failed(project)
    if not before:
        console.print("No failed cells.")
        return
    console.print(
        f"Retried {counted(len(before), 'cell')}: {len(before) - len(failed_again)} succeeded,"
        f" {len(failed_again)} failed again."
    )
    if problems:
        raise problems[0]


def _failed(project: Project) -> Cells:
    from ocr_pipeline.warehouse import tables

    return {(row.backend, row.document_id) for row in tables.extractions.failed_cells(opened(project))}


def _retry(
    project: Project, configured: Backends, cells: Cells, sources: dict[str, SourceFile], max_cost: float | None
) -> Iterator[OcrPipelineError]:
    """Run one backend after the other; a problem of one does not stop the others."""
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.operation.spending import spent_since
    from ocr_pipeline.storage import open_store

    started, store, spent = datetime.now(UTC), open_store(project), 0.0
    for name in sorted({name for name, _ in cells}):
        chosen = [source for key, source in sources.items() if (name, key) in cells]
        budget = None if max_cost is None else max(0.0, max_cost - spent)
        try:
            with TerminalProgress(console) as progress:
                run_pipeline(project, chosen, [name], progress, fresh_since=started, max_cost_usd=budget)
        except OcrPipelineError as error:
            errors.print(f"{name}: {plain(str(error))}", soft_wrap=True)
            yield error
        spent = spent_since(store, configured, started)
