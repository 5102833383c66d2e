"""`ocr-pipeline export` and `ocr-pipeline pack`: results for other tools, and one bad case for a bug report."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ocr_pipeline.cli.output import BackendOption, check_known, console, opened
from ocr_pipeline.cli.text import plain
from ocr_pipeline.project import find_project


def export(
    folder: Annotated[Path, typer.Argument(help="Where the files are written, one per table.")],
    form: Annotated[
        Literal["csv", "parquet", "json"], typer.Option("--format", help="json: an object per line.")
    ] = "csv",
    tables: Annotated[
        list[str] | None, typer.Option("--table", "-t", help="Only this table; can be given several times.")
    ] = None,
) -> None:
    """Write every table of the database as CSV, Parquet or JSON.

    In CSV, text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    from ocr_pipeline.warehouse.export import export_tables

    counts = export_tables(opened(find_project()), folder, form, tables or ())
    console.print(f"{len(counts)} tables, {sum(counts.values()):,} rows in {plain(str(folder))}.", soft_wrap=True)


def pack(
    document: Annotated[str, typer.Argument(help="The id of a document.")],
    output: Annotated[Path | None, typer.Argument(help="The zip file. Default: DOCUMENT.zip here.")] = None,
    backend: BackendOption = None,
) -> None:
    """Pack all about one document into a zip: file, words, prompts, replies, label, attributions, configuration, versions.

    For a bug report. It holds the document itself; API keys are left out.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.inspection.pack import pack_case

    project = find_project()
    configured = load_backends(project)
    check_known("backend", backend, configured)
    target = output or Path(f"{document}.zip")
    names = pack_case(
        project, configured, opened(project), document, target, [backend] if backend else list(configured)
    )
    console.print(
        f"{plain(str(target))}: {len(names)} files, the document among them; keys were left out.", soft_wrap=True
    )
