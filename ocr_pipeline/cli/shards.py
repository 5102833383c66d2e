"""`ocr-pipeline shards`: whether Dagster's partitions are single documents or shards of them."""

from typing import Annotated

import typer

from ocr_pipeline.cli.output import alone, console, counted
from ocr_pipeline.project import find_project

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print what would be done; do nothing.")]


def on(dry_run: DryRunOption = False) -> None:
    """Divide the documents into shards, for more than 20,000 of them.

    Sets shards.enabled in deployment.yaml. Tables, scores and the report stay as they are; `shards off` reverses it.
    """
    _switch(on=True, dry_run=dry_run)


def off(dry_run: DryRunOption = False) -> None:
    """Make every document a partition of its own again.

    What was computed meanwhile is recorded cell by cell; interrupted, the same command continues.
    """
    _switch(on=False, dry_run=dry_run)


def _switch(*, on: bool, dry_run: bool) -> None:
    from ocr_pipeline.defs.sharding import switch

    project = find_project()
    with alone(project):
        done = switch(project, on=on, dry_run=dry_run)
    into = f"in {counted(done.shards, 'shard')}" if done.shards else "each a partition"
    console.print(f"{counted(done.documents, 'document')}, {into}.")
    for asset, count in done.recorded.items():
        console.print(
            f"{asset}: {counted(count, 'partition')} {'to record' if dry_run else 'recorded'}", soft_wrap=True
        )
    if dry_run:
        console.print("Dry run: nothing was done.")
    else:
        console.print(
            "Start `ocr-pipeline dev` again if it is running: its partitions are out of date.", soft_wrap=True
        )
