"""`ocr-pipeline labels export` and `labels import`: labels in the format of another labelling tool."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from ocr_pipeline.cli.options import DatasetOption
from ocr_pipeline.cli.output import console, counted, opened, plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project

MAX_REMARKS = 10


def export_labels(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
    format: Annotated[Literal["label-studio"], typer.Option("--format", help="label-studio.")] = "label-studio",
    dataset: DatasetOption = None,
    fields: Annotated[str | None, typer.Option("--fields", help="Fields to label, comma-separated.")] = None,
    images: Annotated[
        str | None,
        typer.Option(
            "--images",
            help="Address of the folder of page images, as Label Studio loads it."
            " Default: /data/local-files/?d=NAME/images, for its local storage.",
        ),
    ] = None,
) -> None:
    """Export documents as a Label Studio project.

    Writes tasks.json (labels as annotations, what the backends agree on as pre-annotations), config.xml (the labelling
    interface) and the page images. `labels import` brings the annotations back.
    """
    from ocr_pipeline.documents.labels import schema_of
    from ocr_pipeline.labelling.exchange import export_tasks
    from ocr_pipeline.labelling.label_studio import labelling_config
    from ocr_pipeline.labelling.session import Session
    from ocr_pipeline.store import write_durably

    project = find_project()
    folder = output.absolute()
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{output} is not empty: choose a new folder.")
    wanted = tuple(name.strip() for name in (fields or "").split(",") if name.strip())
    session = Session(project, opened(project), dataset, wanted)
    try:
        address = images or f"/data/local-files/?d={folder.name}/images"
        tasks = export_tasks(session, folder / "images", address.rstrip("/"))
    finally:
        session.pages.close()
    if not tasks:
        raise ConfigurationError("No documents to export.")
    write_durably(folder / "tasks.json", json.dumps(tasks, indent=1, ensure_ascii=False) + "\n")
    schemas = list(dict.fromkeys(schema_of(source) for source in session.sources().values()))
    write_durably(folder / "config.xml", labelling_config(schemas))
    console.print(f"{plain(str(output))}: {counted(len(tasks), 'task')}, config.xml, page images.", soft_wrap=True)
    console.print("Next: in Label Studio, paste config.xml into the labelling interface, then import tasks.json.")


def import_labels(
    file: Annotated[Path, typer.Argument(help="Export of Label Studio in its JSON format.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace labels that differ. Default: keep them, and say so.")
    ] = False,
) -> None:
    """Import annotations of Label Studio as labels.

    Tasks are matched by the document id that `labels export` wrote. Fields that a task does not mention keep their label.
    """
    from ocr_pipeline.document_schema.schema import invoice_schema
    from ocr_pipeline.documents.labels import schema_of
    from ocr_pipeline.labelling.exchange import import_tasks
    from ocr_pipeline.labelling.label_studio import read_tasks
    from ocr_pipeline.labelling.session import Session

    project = find_project()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.") from None
    session = Session(project, opened(project))
    sources = session.sources()
    tasks = read_tasks(content, file.name, lambda key: schema_of(sources[key]) if key in sources else invoice_schema())
    report = import_tasks(session, tasks, replace=replace)
    console.print(
        f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged labels;"
        f" {report.kept} kept although the annotation differs.",
        soft_wrap=True,
    )
    if report.kept:
        console.print("Labels that differ are replaced with [b]--replace[/].")
    for problem in report.problems[:MAX_REMARKS]:
        console.print(f"  {plain(problem)}", soft_wrap=True)
    if len(report.problems) > MAX_REMARKS:
        console.print(f"  … and {counted(len(report.problems) - MAX_REMARKS, 'more problem')}")
