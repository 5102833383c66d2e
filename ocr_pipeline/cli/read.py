"""`ocr-pipeline read`: the values of files, at once and without a project."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_pipeline.cli.options import BackendOption, JsonOption, MaxCostOption
from ocr_pipeline.cli.output import check_known, console, counted, errors, plain, print_json, titled_table
from ocr_pipeline.document_fields import as_text
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError

if TYPE_CHECKING:
    from ocr_pipeline.documents.limits import Limits
    from ocr_pipeline.reading.read import ReadFile

_TITLES = {"tax_lines": "taxes"}

CELL = 46
"""Characters of a value in a table."""


def read(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files, folders or URLs: [b]*.pdf[/], [b]~/invoices[/].")
    ],
    backend: BackendOption = None,
    as_json: JsonOption = False,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write CSV, one row per file; - prints it.")] = None,
    xlsx: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a workbook for a spreadsheet.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Show pages and values in the browser.")] = False,
    max_cost: MaxCostOption = None,
    schema: Annotated[
        str | None, typer.Option(metavar="NAME", help="Schema of the files, as in [b]schemas/NAME[/] of the project.")
    ] = None,
) -> None:
    """Read values from invoices and receipts, without a project.

    Prints fields, line items, places and confidences. Nothing is stored. A project's own backends.yaml is used if there is
    one in this or a parent folder.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.document_schema.loading import load_schemas
    from ocr_pipeline.models.asking import ModelCalls
    from ocr_pipeline.project import project_around, shipped_project
    from ocr_pipeline.reading.named import named_files
    from ocr_pipeline.reading.read import choose_backend, read_files
    from ocr_pipeline.store import ResultStore

    _check_targets(csv, xlsx)
    project = project_around() or shipped_project()
    configured = load_backends(project)
    if schema is not None:
        check_known("schema", schema, load_schemas(project.root))
    of_schema = load_schemas(project.root)[schema] if schema else None
    chosen = choose_backend(configured, backend)
    silent = as_json or (csv is not None and str(csv) == "-")
    results: list[ReadFile] = []
    with tempfile.TemporaryDirectory(prefix="ocr-pipeline-") as folder:
        store = ResultStore(Path(folder) / "results")
        models = ModelCalls(store, max_cost_usd=max_cost)
        stopped: OcrPipelineError | None = None
        named = list(named_files(files, configured.limits, Path(folder)))
        try:
            for result in read_files(named, chosen, configured, models, schema=of_schema):
                results.append(result)
                _report(result, silent=silent)
        except OcrPipelineError as error:  # what was read before is printed and written
            stopped = error
        finally:
            models.close()
        order = {id(file): position for position, file in enumerate(named)}
        results.sort(key=lambda result: order[id(result.file)])
        _write(results, as_json=as_json, csv=csv, xlsx=xlsx)
        if show:
            _open(results, configured.limits)
    if stopped:
        raise stopped
    if any(result.failure for result in results):
        raise typer.Exit(1)


def _check_targets(csv: Path | None, xlsx: Path | None) -> None:
    """Raises ConfigurationError before anything is read and paid for."""
    for path in (csv, xlsx):
        if path is not None and str(path) != "-" and not path.absolute().parent.is_dir():
            raise ConfigurationError(f"{path} cannot be written: there is no folder {path.absolute().parent}.")
    if xlsx is not None and str(xlsx) == "-":
        raise ConfigurationError("A workbook cannot be printed: give --xlsx a file name.")


def _report(result: "ReadFile", *, silent: bool) -> None:
    """One file as soon as it was read; a failure as one sentence on standard error."""
    name = plain(result.file.name)
    if result.failure:
        errors.print(f"{name}: {plain(result.failure.message)}", soft_wrap=True)
    elif not silent:
        _print(result, name)


def _print(result: "ReadFile", name: str) -> None:
    extraction = result.extraction
    assert extraction is not None
    pages = counted(len(result.document.pages), "page") if result.document else ""
    cost = f", {result.outcome.cost_usd:.5f} USD" if result.outcome.cost_usd else ""
    console.print(f"[b]{name}[/]  [dim]{result.backend.name}, {pages}, {result.seconds:.1f} s{cost}[/]", soft_wrap=True)
    table = titled_table("")
    table.add_column("field", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("conf.", justify="right", no_wrap=True)
    table.add_column("page: box in %", no_wrap=True)
    for field in result.schema.field_kinds:
        value = getattr(extraction.invoice, field)
        if value is not None:
            table.add_row(
                field, plain(as_text(value), longest=4 * CELL), _confidence(result, field), _place(result, field)
            )
    console.print(table)
    for name, columns in result.schema.list_kinds.items():
        if rows := getattr(extraction.invoice, name):
            _print_list(_TITLES.get(name, name.replace("_", " ")), rows, list(columns))
    for warning in extraction.warnings:
        console.print(f"[yellow]{plain(warning)}[/]", soft_wrap=True)
    console.print()


def _print_list(title: str, rows: Sequence[object], columns: Sequence[str]) -> None:
    table = titled_table(title)
    for column in columns:
        table.add_column(column, overflow="fold", justify="left" if column == "description" else "right")
    for row in rows:
        values = (getattr(row, column) for column in columns)
        table.add_row(*("" if value is None else plain(as_text(value), longest=2 * CELL) for value in values))
    console.print(table)


def _confidence(result: "ReadFile", field: str) -> str:
    confidence = result.confidence(field)
    if confidence is None:
        return "–"
    colour = "green" if confidence >= 0.9 else "yellow" if confidence >= 0.6 else "red"
    return f"[{colour}]{confidence:.2f}[/]"


def _place(result: "ReadFile", field: str) -> str:
    """`1: 12,34 – 45,36`: left, top and right, bottom."""
    evidence = result.extraction.evidence.get(field) if result.extraction else None
    if evidence is None:
        return ""
    if not evidence.page:
        return "XML"
    left, top, right, bottom = (round(100 * side) for side in evidence.box)
    return f"{evidence.page}: {left},{top} – {right},{bottom}"


def _write(results: Sequence["ReadFile"], *, as_json: bool, csv: Path | None, xlsx: Path | None) -> None:
    from ocr_pipeline.reading import rows
    from ocr_pipeline.spreadsheets import write_csv, write_workbook

    if as_json:
        print_json([rows.as_json(result) for result in results])
    if csv is not None and str(csv) == "-":
        write_csv(sys.stdout, rows.document_rows(results))
    elif csv is not None:
        items = csv.with_name(f"{csv.stem}-line-items{csv.suffix}")
        for path, found in ((csv, rows.document_rows(results)), (items, rows.line_item_rows(results))):
            try:
                with path.open("w", encoding="utf-8", newline="") as file:
                    write_csv(file, found)
            except OSError as error:
                raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from None
        errors.print(f"Written: {plain(str(csv))} and {plain(items.name)}", soft_wrap=True)
    if xlsx is not None:
        write_workbook(xlsx, {"documents": rows.document_rows(results), "line items": rows.line_item_rows(results)})
        errors.print(f"Written: {plain(str(xlsx))}", soft_wrap=True)


def _open(results: Sequence["ReadFile"], limits: "Limits") -> None:
    from ocr_pipeline.reading.page import write_pages

    if not any(result.extraction for result in results):
        return
    folder = Path(tempfile.mkdtemp(prefix="ocr-pipeline-read-"))
    first = write_pages(results, folder, limits)
    errors.print(f"Opened {plain(str(first))}; delete {plain(str(folder))} when you are done.", soft_wrap=True)
    import webbrowser

    webbrowser.open(first.as_uri())
