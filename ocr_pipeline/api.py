"""The main job and the tables, for Python code. Import these from `ocr_pipeline`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from ocr_pipeline.defs.pipeline import RunSummary


def run(
    project: Project,
    *,
    documents: Sequence[str] | None = None,
    backends: Sequence[str] | None = None,
    max_cost_usd: float | None = None,
) -> "RunSummary":
    """Bring documents and backends up to date, then score and rank; what `ocr-pipeline run` does.

    Args:
        documents: ids, paths or file names; None: all documents of the project.
        backends: names; None: all that can run here.
        max_cost_usd: models are not called if the estimate exceeds it.

    Raises:
        OcrPipelineError: a run failed, or a name is not in the project. What was done before is kept.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs.known_ids import keep_known_ids
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.documents.document_names import named_document
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.operation.waiting import only_run
    from ocr_pipeline.planning.run_cells import cells_of_run
    from ocr_pipeline.progress import NoProgress

    keep_known_ids(project)
    configured = load_backends(project)
    sources = find_documents(project.data)
    if documents is not None:
        chosen = {named_document(sources, name).document_id for name in documents}
        sources = [source for source in sources if source.document_id in chosen]
    if backends is not None:
        _check_known("backend", backends, set(configured))
    names = backends if backends is not None else configured.runnable()
    backends_and_documents = cells_of_run(project, sources, names)
    with only_run(project, lambda _: None, *backends_and_documents):
        return run_pipeline(project, sources, names, NoProgress(), max_cost_usd=max_cost_usd)


def load_table(project: Project, name: str) -> "pd.DataFrame":
    """A table of the warehouse as a pandas data frame; its columns are described in docs/evaluation.md and in Dagster.

    Raises:
        ConfigurationError: there is no such table.
        WarehouseError: the database cannot be opened.
    """
    from ocr_pipeline.warehouse.export import load_frame
    from ocr_pipeline.warehouse.opened import open_warehouse

    return load_frame(open_warehouse(project), name)


def load_values(project: Project) -> "pd.DataFrame":
    """What was read: one row per document and backend, with a column and a confidence for each field.

    Amounts are floats, dates are timestamps. Without any results, an empty data frame.

    Raises:
        WarehouseError: the database cannot be opened.
    """
    from ocr_pipeline.inspection.wide import values_frame
    from ocr_pipeline.warehouse.opened import open_warehouse

    with open_warehouse(project).snapshot() as snapshot:
        return values_frame(snapshot)


def _check_known(what: str, names: Sequence[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise ConfigurationError(f"There is no {what} {name!r} in this project.")
