"""`ocr-pipeline errors`: wrong, missing and spurious values."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.options import BackendOption, DatasetOption, FieldOption, JsonOption
from ocr_pipeline.cli.output import (
    check_known,
    console,
    counted,
    no_scores,
    opened,
    plain,
    print_json,
    print_notice,
    selected,
    titled_table,
)
from ocr_pipeline.cli.read_elsewhere import show_elsewhere
from ocr_pipeline.document_schema.loading import known_fields
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
from ocr_pipeline.inspection import wrong_values as inspection
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.project import find_project
from ocr_pipeline.warehouse import tables


def wrong_values(
    backend: BackendOption = None,
    field: FieldOption = None,
    attribution: Annotated[
        str | None,
        typer.Option(
            "--attribution", "-a", help="Only errors with this attribution, e.g. ocr_misread; see docs/evaluation.md."
        ),
    ] = None,
    dataset: DatasetOption = None,
    elsewhere: Annotated[
        bool,
        typer.Option("--elsewhere", help="List correct values that were read elsewhere than the label says instead."),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Maximum number of rows.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List wrong, missing and spurious values, worst first.

    Amounts come first, largest error first (in their own currency, not converted), then all other fields, most confident
    error first. `ocr-pipeline explain DOCUMENT` traces one document.
    """
    check_known("attribution", attribution, ATTRIBUTIONS)
    scope = {"backend": backend, "field": field, "dataset": dataset}
    filters = {name: value for name, value in (scope | {"attribution": attribution}).items() if value is not None}
    used = {name: value for name, value in scope.items() if value is not None}
    project = find_project()
    check_known("field", field, known_fields(project.root))
    scoring = scoring_of(project)
    if elsewhere:
        if attribution:
            raise ConfigurationError("--attribution and --elsewhere exclude each other: those values are correct.")
        show_elsewhere(project, scoring, used, limit, as_json=as_json)
        return
    with opened(project).snapshot() as snapshot:
        rows = inspection.wrong_values(snapshot, scoring, filters)
        scored = rows or tables.scores.exist(snapshot, used)
        if not scored:
            raise no_scores(snapshot, **scope)
        notice = tables.current.states(snapshot, scoring).notice(dataset)
    print_notice(notice, as_json=as_json)
    if as_json:
        columns = [name for name in vars(rows[0]) if name != "content"] if rows else []
        print_json([{name: getattr(row, name) for name in (*columns, "at_stake")} for row in rows])
        return
    if not rows:
        if not notice:
            console.print(plain(f"No errors{selected(**filters)}."))
        return
    console.print(_table(rows, limit))
    if len(rows) > limit:
        console.print(
            f"… and {len(rows) - limit} more; see them with --limit or --json, or narrow down with --backend, --field or"
            " --attribution."
        )
    worst = rows[0]
    console.print(
        f"Next: [b]ocr-pipeline explain {plain(worst.document_id)} --backend {worst.backend}[/]", soft_wrap=True
    )


def _table(rows: Sequence[inspection.WrongValue], limit: int) -> Table:
    table = titled_table(f"{counted(len(rows), 'error')}, worst first")
    for name in ("document, backend", "field", "label", "extracted", "attribution"):
        table.add_column(name, overflow="fold")
    table.add_column("at stake", justify="right", no_wrap=True)
    for row in rows[:limit]:
        table.add_row(
            f"{plain(row.document_id)}\n  [dim]{row.backend}[/]",
            row.field,
            _value(row.truth),
            _value(row.prediction),
            row.attribution + (f"\n  [yellow]scale: printed {plain(row.scale_text)}[/]" if row.scale_text else ""),
            "" if row.at_stake is None else f"{row.at_stake:.2f} {plain(row.currency or '')}",
        )
    return table


def _value(value: object) -> str:
    return "[dim]none[/]" if value is None else plain(str(value), longest=80)
