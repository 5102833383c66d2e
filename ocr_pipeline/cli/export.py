"""`ocr-pipeline export`: the tables, or the values in wide form, for other tools."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ocr_pipeline.cli.output import console, counted, opened, plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project


def export(
    folder: Annotated[Path, typer.Argument(help="Folder to write to, one file per table.")],
    form: Annotated[
        Literal["csv", "xlsx", "parquet", "json"],
        typer.Option("--format", help="json: one object per line. xlsx: with --wide only."),
    ] = "csv",
    tables: Annotated[list[str] | None, typer.Option("--table", "-t", help="Only this table; repeatable.")] = None,
    wide: Annotated[
        bool,
        typer.Option(
            "--wide", help="What was read instead of tables: one row per document and backend, and line items."
        ),
    ] = False,
) -> None:
    """Export tables, or what was read as a spreadsheet.

    In CSV files, text that a spreadsheet would run as a formula is prefixed with an apostrophe; in XLSX files every text is
    text.
    """
    if wide and tables:
        raise typer.BadParameter("--wide exports no tables; leave out --table.")
    warehouse = opened(find_project())
    if wide:
        from ocr_pipeline.inspection.wide import export_wide

        with warehouse.snapshot() as snapshot:
            files = export_wide(snapshot, folder, form)
        console.print(f"Wrote {plain(', '.join(str(file) for file in files))}.", soft_wrap=True)
        return
    if form == "xlsx":
        raise ConfigurationError("Tables cannot be exported as XLSX; use --wide, or --format csv.")
    from ocr_pipeline.warehouse.export import export_tables

    counts = export_tables(warehouse, folder, form, tables or ())
    rows = counted(sum(counts.values()), "row")
    console.print(f"Wrote {counted(len(counts), 'table')}, {rows}, to {plain(str(folder))}.", soft_wrap=True)
