"""`ocr-pipeline prune`: free disk space."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ocr_pipeline.cli.output import alone, console, counted, opened, plain
from ocr_pipeline.project import find_project


def prune(
    days: Annotated[int, typer.Option("--days", min=0, help="Only items older than this many days.")] = 30,
    yes: Annotated[bool, typer.Option("--yes", help="Delete the listed files and runs (default: dry run).")] = False,
) -> None:
    """Delete results and runs no longer needed (default: dry run).

    These are replaced and refused model replies, results that no cell refers to, failed or cancelled Dagster runs, and data
    sets of which no file is left. `ocr-pipeline forget` deletes single documents.
    Model replies in use are kept, and so are successful runs, which hold the lineage.
    """
    from ocr_pipeline.defs.instance import old_failed_runs, open_instance
    from ocr_pipeline.operation.prune import delete, find_prunable, removed_datasets
    from ocr_pipeline.warehouse.forgetting import delete_documents

    project = find_project()
    now = datetime.now(UTC)
    before = now - timedelta(days=days)
    with alone(project):
        prunable = find_prunable(project, opened(project), before, now)
        removed = removed_datasets(project, opened(project), before)
        sizes = [entry.size for entry in prunable]
        with open_instance(project) as instance:
            runs = old_failed_runs(instance, before)
            if yes:
                for entry in prunable:
                    delete(entry)
                for ids in removed.values():
                    delete_documents(opened(project), ids, keep_history=True)
                for run_id in runs:
                    instance.delete_run(run_id)
    for entry, size in zip(prunable, sizes, strict=True):
        console.print(f"{entry.kind}: {counted(len(entry.files), 'file')}, {size / 1e6:.1f} MB")
    for dataset, ids in removed.items():
        console.print(f"data set {plain(dataset)}: {counted(len(ids), 'document')}, no file of it is left")
    console.print(f"failed or cancelled runs: {len(runs)}")
    console.print("Deleted." if yes else f"Dry run; to delete them, run `ocr-pipeline prune --days {days} --yes`.")
