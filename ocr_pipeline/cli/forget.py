"""`ocr-pipeline forget`: delete documents everywhere."""

from typing import Annotated

import typer

from ocr_pipeline.cli.output import alone, console, counted, errors, opened, plain
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.documents.bucket_files import delete_file
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import find_project

MAX_NAMED = 10
"""Files that are named."""

BACKUPS = (
    "Not reached: backups and copies of this project, exported tables, packs and reports that were written elsewhere, "
    "messages to webhooks, version control, and what providers of models keep of requests."
)


def forget(
    documents: Annotated[list[str], typer.Argument(metavar="DOCUMENT...", help="Ids, as `documents` lists them.")],
    files: Annotated[
        bool, typer.Option("--files", help="Also delete the document's own files: document, label, transcript.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete (default: list what would be deleted).")] = False,
) -> None:
    """Delete all about documents, everywhere (default: dry run).

    Results, model replies, rows, events and pages. Scores and report are made again without them. Results that no cell uses
    and trained models are deleted, too; the next run makes them again without a model call.
    """
    from ocr_pipeline.operation.forget import files_of, forget_events, forget_results, look_up, what_is_left

    project = find_project()
    warehouse = opened(project)
    with alone(project):
        known = look_up(project, warehouse, documents, find_documents(project.data))
        own = files_of(project, known)
        for key in known.same:
            errors.print(
                f"{plain(key)} has the same content, and is kept: forget it, too, if it is meant.", soft_wrap=True
            )
        if not yes:
            named = ", ".join(plain(project.relative(path)) for path in own[:MAX_NAMED])
            console.print(f"To be forgotten: {plain(', '.join(known.ids))}.", soft_wrap=True)
            console.print(
                f"Their own files{'' if files else ' (kept without --files)'}: {named or 'none'}.", soft_wrap=True
            )
            console.print("Dry run; to delete, run the same command with --yes.")
            return
        from ocr_pipeline.defs.parts import evaluate_again

        done = forget_results(project, warehouse, known)
        if files:
            for path in own:
                delete_file(path)
            done.add("files", len(own))
        evaluate_again(project, forgotten=known.ids)
        done.add("events of Dagster", forget_events(project, known))
        warehouse.compact()
        left = what_is_left(project, known)
    counts = ", ".join(f"{count} {what}" for what, count in done.counts.items() if count)
    console.print(f"Forgotten: {plain(', '.join(known.ids))}. Deleted: {counts or 'nothing'}.", soft_wrap=True)
    if own and not files:
        console.print(
            f"{counted(len(own), 'file')} of it {'is' if len(own) == 1 else 'are'} kept: the next run ingests the document"
            " again, unless you delete them (--files).",
            soft_wrap=True,
        )
    for path in left[:MAX_NAMED]:
        errors.print(f"Still names it, or holds a text of it: {plain(project.relative(path))}", soft_wrap=True)
    console.print(BACKUPS, soft_wrap=True)
    if load_deployment(project).instance.postgres_url:
        console.print(
            "Not reached either: Dagster's runs and events in PostgreSQL; delete them in the UI.", soft_wrap=True
        )
    if left:
        raise typer.Exit(1)
