"""`ocr-pipeline retry-failed`, `prune` and `resume`: what a person does who runs the pipeline."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ocr_pipeline.cli.output import BackendOption, DatasetOption, alone, console, errors, opened
from ocr_pipeline.cli.text import plain
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError
from ocr_pipeline.project import find_project


def retry_failed(
    backend: BackendOption = None,
    dataset: DatasetOption = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0, metavar="USD", help="Ask no model where it may cost more.")
    ] = None,
) -> None:
    """Try documents again that failed in a backend. A model is asked anew, and paid again.

    Failures that say something about the file, like one that is damaged, will fail again.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.cli.progress import TerminalProgress
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.operation.spending import spent_since
    from ocr_pipeline.store import ResultStore
    from ocr_pipeline.warehouse import tables

    project = find_project()
    configured = load_backends(project)
    started = datetime.now(UTC)
    refused: OcrPipelineError | None = None

    def failed() -> set[tuple[str, str]]:
        return {(row["backend"], row["document_id"]) for row in tables.extractions.failed_cells(opened(project))}

    with alone(project):
        sources = {
            source.document_id: source for source in find_documents(project.data) if dataset in (None, source.dataset)
        }
        before = {
            (name, key)
            for name, key in failed()
            if key in sources and backend in (None, name) and name in configured and not configured[name].unavailable()
        }
        store, spent = ResultStore(project.results), 0.0
        for name in sorted({name for name, _ in before}):
            chosen = [source for key, source in sources.items() if (name, key) in before]
            most = None if max_cost is None else max(0.0, max_cost - spent)
            try:
                with TerminalProgress(console) as progress:
                    run_pipeline(project, chosen, [name], progress, fresh_since=started, max_cost_usd=most)
            except OcrPipelineError as error:  # the other backends can still be tried
                refused = refused or error
                errors.print(f"{name}: {plain(str(error))}", soft_wrap=True)
            spent = spent_since(store, configured, started)
        left = before & failed()
    if not before:
        console.print("Nothing failed.")
        return
    console.print(
        f"Tried {len(before)} cells again: {len(before) - len(left)} are right now, {len(left)} failed again."
    )
    if refused:
        raise refused


def prune(
    days: Annotated[int, typer.Option("--days", min=0, help="Only what is older than so many days.")] = 30,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it. Without this, it is only listed.")] = False,
) -> None:
    """List what is not needed any more, and remove it with --yes.

    Replies that were asked for again, refusals, results that no cell refers to, and failed or canceled runs of Dagster.
    What was paid for and is in use stays, and so do successful runs: they are the lineage.
    """
    from ocr_pipeline.defs.instance import old_failed_runs, open_instance
    from ocr_pipeline.operation.prune import removable, remove

    project = find_project()
    now = datetime.now(UTC)
    before = now - timedelta(days=days)
    with alone(project):
        found = removable(project, opened(project), before, now)
        sizes = [one.size for one in found]
        with open_instance(project) as instance:
            runs = old_failed_runs(instance, before)
            if yes:
                for one in found:
                    remove(one)
                for run_id in runs:
                    instance.delete_run(run_id)
    for one, size in zip(found, sizes, strict=True):
        console.print(f"{one.kind}: {len(one.files)} files, {size / 1e6:.1f} MB")
    console.print(f"failed or canceled runs: {len(runs)}")
    console.print("Removed." if yes else f"Nothing was removed: `ocr-pipeline prune --days {days} --yes` does it.")


def resume() -> None:
    """Go on with the re-evaluation after it has paused itself."""
    from ocr_pipeline.operation.pause import paused
    from ocr_pipeline.operation.pause import resume as end_pause

    project = find_project()
    pause = paused(project)
    if pause is None:
        raise ConfigurationError("The re-evaluation is not paused.")
    end_pause(project)
    console.print(f"The re-evaluation goes on. It was paused because: {plain(pause.reason)}", soft_wrap=True)
