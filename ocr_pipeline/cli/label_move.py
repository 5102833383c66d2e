"""`ocr-pipeline labels move`: labels follow documents that were renamed or moved."""

from pathlib import Path
from typing import Annotated

import typer

from ocr_pipeline.cli.output import alone, console, counted, opened, plain
from ocr_pipeline.documents.document_names import named_document
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.documents.orphans import IngestedFile, Lost, follow, lost_labels, move_label
from ocr_pipeline.project import Project, find_project


def move(
    label: Annotated[
        Path | None, typer.Argument(help="Label file to move. Default: all whose document was found by its content.")
    ] = None,
    document: Annotated[str | None, typer.Argument(help="Document it belongs to: id, path or file name.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Move labels to documents that were renamed or moved.

    A document that is found by its content keeps its id, and with it decisions, splits, imported predictions and history.
    """
    project = find_project()
    if (label is None) != (document is None):
        raise typer.BadParameter("name a label and a document, or neither.")
    with alone(project):
        if label is not None and document is not None:
            load_label(label)
            moved = move_label(label.absolute(), named_document(find_documents(project.data), document))
            _print_moved(project, moved)
            return
        found = lost(project)
        offers = [entry for entry in found if entry.document and len(entry.now) == 1]
        for sentence in sentences(project, found):
            console.print(plain(sentence), soft_wrap=True)
        if not offers:
            console.print("Nothing to move." if not found else "Nothing can be moved by its content.")
            return
        if not yes and not typer.confirm(f"Let {counted(len(offers), 'document')} keep labels and id?", default=True):
            return
        for offer in offers:
            _print_moved(project, follow(project.data, offer))
    console.print("Next: [b]ocr-pipeline run[/]")


def lost(project: Project) -> list[Lost]:
    """Labels without a document, and documents that were moved."""
    from ocr_pipeline.warehouse import tables

    return lost_labels(
        project.data,
        [
            IngestedFile(row.document_id, project.path_of(row.path), row.size_bytes, row.sha256)
            for row in tables.documents.documents(opened(project)).values()
            if row.parent_id is None
        ],
    )


def sentences(project: Project, found: list[Lost]) -> list[str]:
    """What is lost and where it belongs, a sentence each."""
    return [_sentence(project, entry) for entry in found]


def _sentence(project: Project, entry: Lost) -> str:
    files = ", ".join(project.relative(path) for path in [*entry.labels, *entry.decisions])
    what = f"Without a document: {files}" if files else "Moved"
    if entry.document is None:
        return f"{what}; `ocr-pipeline labels move LABEL DOCUMENT` moves a label."
    was = project.relative(entry.document.path)
    now = [project.relative(source.path) for source in entry.now]
    if not now:
        return f"{what}: no file has the content of {was} any more."
    if len(now) > 1:
        return f"{what}: {was} may now be {' or '.join(now)}; `ocr-pipeline labels move LABEL DOCUMENT` moves a label."
    return f"{what}: {was} is now {now[0]}; `ocr-pipeline labels move` lets it keep its labels and its id."


def _print_moved(project: Project, moved: list[tuple[Path, Path]]) -> None:
    for before, after in moved:
        console.print(f"Moved: {plain(project.relative(before))} → {plain(project.relative(after))}", soft_wrap=True)
