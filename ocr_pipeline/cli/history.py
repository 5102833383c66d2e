"""`ocr-pipeline history`: how the scores of a backend went over time."""

from typing import Annotated, Any

import typer

from ocr_pipeline.cli.output import (
    BackendOption,
    DatasetOption,
    FieldOption,
    JsonOption,
    console,
    interval,
    opened,
    points,
    print_json,
    titled_table,
)
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project


def history(
    backend: BackendOption = None,
    field: FieldOption = None,
    dataset: DatasetOption = None,
    last: Annotated[int, typer.Option("--last", min=1, help="So many evaluations of each backend.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show how the scores of each backend went: every evaluation that differed from the one before.

    changed: what was another one than the time before: documents, labels, rules (of scoring), backend.
    """
    from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
    from ocr_pipeline.warehouse import tables

    warehouse = opened(find_project())
    rows = tables.history.history(warehouse, dataset, backend, field or ALL_FIELDS)
    if not rows:
        raise ConfigurationError("There is no such evaluation yet: `ocr-pipeline run` makes them.")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        group = groups.setdefault((row["dataset"], row["backend"]), [])
        row["changed"] = _changed(group[-1], row) if group else []
        group.append(row)
    if as_json:
        print_json([row for group in groups.values() for row in group[-last:]])
        return
    for (dataset_name, backend_name), group in groups.items():
        table = titled_table(f"{dataset_name}: {backend_name}, {field or 'all fields together'}")
        for name in ("evaluated (UTC)", "id"):
            table.add_column(name, no_wrap=True)
        for name in ("docs", "n", "F1 % \\[95 %]"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("changed", overflow="fold", ratio=1)
        for row in group[-last:]:
            table.add_row(
                f"{row['evaluated_at']:%Y-%m-%d %H:%M}",
                row["evaluation_id"][:8],
                str(row["documents"]),
                str(row["n"]),
                points(row["f1"]) + interval(row["f1_low"], row["f1_high"]),
                ", ".join([*row["changed"], *(["pinned"] if row["pinned"] else [])]),
            )
        console.print(table)


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    columns = {
        "documents": ("documents_hash",),
        "labels": ("label_version",),
        "rules": ("scoring_version", "rules"),
        "backend": ("fingerprints",),
    }
    return [name for name, of in columns.items() if any(before[column] != now[column] for column in of)]
