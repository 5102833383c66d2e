"""`ocr-pipeline retry-failed`, `prune` and `resume`: what a person does who runs the pipeline."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ocr_pipeline.cli.output import BackendOption, DatasetOption, console, opened
from ocr_pipeline.cli.text import plain
from ocr_pipeline.errors import ConfigurationError
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
    from ocr_pipeline.cli.progress import TerminalProgress
    from ocr_pipeline.config import load_config
    from ocr_pipeline.defs.instance import only_run
    from ocr_pipeline.defs.runner import run_pipeline
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.warehouse import check_queries

    project = find_project()
    config = load_config(project.config_file)
    sources = {source.document_id: source for source in find_documents(project.data)}
    failed: dict[str, list[str]] = {}
    for row in check_queries.failed_cells(opened(project)):
        source = sources.get(row["document_id"])
        if source and backend in (None, row["backend"]) and dataset in (None, source.dataset):
            failed.setdefault(row["backend"], []).append(row["document_id"])
    runnable = {name: ids for name, ids in failed.items() if name in config.backends and not config.unavailable(name)}
    if not runnable:
        console.print("Nothing failed.")
        return
    before = sum(map(len, runnable.values()))
    with only_run(project, lambda: console.print("Another run is at work in this project; waiting for it.")):
        for name, ids in runnable.items():
            with TerminalProgress(console) as progress:
                chosen = [sources[key] for key in ids]
                run_pipeline(project, chosen, [name], progress, fresh=True, max_cost_usd=max_cost, config=config)
    left = [
        row
        for row in check_queries.failed_cells(opened(project))
        if row["document_id"] in runnable.get(row["backend"], ())
    ]
    console.print(f"Tried {before} cells again: {before - len(left)} are right now, {len(left)} failed again.")


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
    before = datetime.now(UTC) - timedelta(days=days)
    found = removable(project, opened(project), before)
    with open_instance(project) as instance:
        runs = old_failed_runs(instance, before)
        if yes:
            for one in found:
                remove(one)
            for run_id in runs:
                instance.delete_run(run_id)
    for one in found:
        console.print(f"{one.kind}: {len(one.files)} files, {one.size / 1e6 if not yes else 0:.1f} MB")
    console.print(f"failed or canceled runs: {len(runs)}")
    console.print("Removed." if yes else f"Nothing was removed: `ocr-pipeline prune --days {days} --yes` does it.")


def resume() -> None:
    """Go on with the re-evaluation after it has paused itself."""
    from ocr_pipeline.operation.pause import paused
    from ocr_pipeline.operation.pause import resume as end_pause

    project = find_project()
    reason = paused(project)
    if reason is None:
        raise ConfigurationError("The re-evaluation is not paused.")
    end_pause(project)
    console.print(f"The re-evaluation goes on. It was paused because: {plain(reason)}", soft_wrap=True)
