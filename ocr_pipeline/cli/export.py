"""`ocr-pipeline export`: the tables, for other tools."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ocr_pipeline.cli.output import console, counted, opened, plain
from ocr_pipeline.project import find_project


def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to, one file per table.")],
    form: Annotated[
        Literal["csv", "parquet", "json"], typer.Option("--format", help="json: one object per line.")
    ] = "csv",
    tables: Annotated[list[str] | None, typer.Option("--table", "-t", help="Only this table; repeatable.")] = None,
) -> None:
    """Export all tables as CSV, Parquet or JSON.

    In CSV files, text that a spreadsheet would run as a formula is prefixed with an apostrophe.
    """
    from ocr_pipeline.warehouse.export import export_tables

    counts = export_tables(opened(find_project()), folder, form, tables or ())
    rows = counted(sum(counts.values()), "row")
    console.print(f"Wrote {counted(len(counts), 'table')}, {rows}, to {plain(str(folder))}.", soft_wrap=True)
