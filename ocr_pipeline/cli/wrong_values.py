"""`ocr-pipeline errors`: every value that is not right, worst first."""

from typing import Annotated, Any

import typer

from ocr_pipeline.cli.output import (
    BackendOption,
    DatasetOption,
    JsonOption,
    check_known,
    console,
    opened,
    print_json,
    titled_table,
)
from ocr_pipeline.cli.text import plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project


def wrong_values(
    backend: BackendOption = None,
    field: Annotated[str | None, typer.Option("--field", "-f", help="Only this field, like total_amount.")] = None,
    attribution: Annotated[
        str | None,
        typer.Option("--attribution", "-v", help="Only with this attribution, like ocr_misread: docs/evaluation.md."),
    ] = None,
    dataset: DatasetOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="So many rows.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the values that are wrong, missing or spurious, worst first.

    First amounts, by how much money the error is about (in their own currency, not converted); then the rest, what the
    backend was surest of first. `ocr-pipeline explain DOCUMENT` follows one of them back.
    """
    from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS
    from ocr_pipeline.inspection.wrong_values import wrong_values as find
    from ocr_pipeline.schemas import FIELD_KINDS

    check_known("attribution", attribution, ATTRIBUTIONS)
    check_known("field", field, FIELD_KINDS)
    asked = {"backend": backend, "field": field, "attribution": attribution, "dataset": dataset}
    filters = {name: value for name, value in asked.items() if value is not None}
    with opened(find_project()).snapshot() as snapshot:
        rows = find(snapshot, filters)
        scope = {name: value for name, value in filters.items() if name != "attribution"}
        where = " AND ".join(f"{name} = ?" for name in scope) or "true"
        scored = rows or snapshot.rows(f"SELECT 1 FROM field_scores WHERE {where} LIMIT 1", list(scope.values()))  # noqa: S608
    if not scored:
        which = f" with {', '.join(f'{name} {value!r}' for name, value in scope.items())}" if scope else ""
        raise ConfigurationError(f"There are no scores{which} yet: run `ocr-pipeline run` first.")
    if as_json:
        print_json(rows)
        return
    if not rows:
        of = f" with {', '.join(f'{name} {value}' for name, value in filters.items())}" if filters else ""
        console.print(plain(f"Nothing{of} is wrong, missing or spurious."))
        return
    table = titled_table(f"{len(rows)} values that are not right, worst first")
    for name in ("document, backend", "field", "labelled", "given", "attribution"):
        table.add_column(name, overflow="fold")
    table.add_column("at stake", justify="right", no_wrap=True)
    for row in rows[:limit]:
        table.add_row(
            f"{plain(row['document_id'])}\n  [dim]{row['backend']}[/]",
            row["field"],
            _value(row["truth"]),
            _value(row["prediction"]),
            row["attribution"],
            "" if row["at_stake"] is None else f"{row['at_stake']:.2f} {plain(row['currency'] or '')}",
        )
    console.print(table)
    if len(rows) > limit:
        console.print(f"… and {len(rows) - limit} more: --limit, --json, or one --backend, --field or --attribution.")
    first = rows[0]
    console.print(
        f"Next: [b]ocr-pipeline explain {plain(first['document_id'])} --backend {first['backend']}[/]", soft_wrap=True
    )


def _value(value: Any) -> str:
    return "[dim]nothing[/]" if value is None else plain(str(value), longest=80)
