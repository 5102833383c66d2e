"""`ocr-pipeline attributions`: which stage is to blame for what is not right."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.output import (
    BackendOption,
    DatasetOption,
    JsonOption,
    Row,
    console,
    opened,
    print_json,
    titled_table,
)
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS, STAGES
from ocr_pipeline.project import find_project


def attributions(
    backend: BackendOption = None,
    field: Annotated[str | None, typer.Option("--field", "-f", help="Only this field, like total_amount.")] = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show whose fault the errors are: OCR, selection, normalisation, spurious, the label, a failed document.

    One row per field of a backend. docs/evaluation.md says how it is decided.
    """

    asked = {"backend": backend, "field": field, "dataset": dataset}
    chosen = {name: value for name, value in asked.items() if value is not None}
    where = " AND ".join(f"{name} = ?" for name in chosen) or "true"
    warehouse = opened(find_project())
    with warehouse.snapshot() as snapshot:
        rows = snapshot.rows(
            f"FROM attributions WHERE {where} ORDER BY dataset, backend, field, document_id",
            list(chosen.values()),
        )
        scored = snapshot.rows(f"SELECT 1 FROM field_scores WHERE {where} LIMIT 1", list(chosen.values()))  # noqa: S608
    if not rows and not scored:
        of = f" with {', '.join(f'{name} {value!r}' for name, value in chosen.items())}" if chosen else ""
        raise ConfigurationError(f"There are no scores{of} yet: run `ocr-pipeline run` first.")
    if as_json:
        print_json({"totals": totals(rows), "attributions": rows})
        return
    if not rows:
        console.print("Nothing is wrong, missing or spurious.")
    for key in dict.fromkeys((row["dataset"], row["backend"]) for row in rows):
        of_backend = [row for row in rows if (row["dataset"], row["backend"]) == key]
        if field is None:
            console.print(_table(f"{key[0]}: {key[1]}, values that are not right", of_backend))
        console.print(f"{key[0]}: {key[1]}: {sentence(of_backend, field)}\n")


def totals(rows: Sequence[Row]) -> list[Row]:
    """Per data set, backend and field, how often each attribution was given."""
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        found.setdefault((row["dataset"], row["backend"], row["field"]), Counter())[row["attribution"]] += 1
    return [
        {
            "dataset": dataset,
            "backend": backend,
            "field": field,
            "n": counts.total(),
            **{v: counts[v] for v in ATTRIBUTIONS},
        }
        for (dataset, backend, field), counts in found.items()
    ]


def sentence(rows: Sequence[Row], field: str | None = None) -> str:
    """`of 41 values of total_amount that are not right: 3 OCR, 36 selection, 2 label`."""
    counts = Counter(STAGES[row["attribution"]] for row in rows)
    parts = ", ".join(f"{counts[stage]} {stage}" for stage in dict.fromkeys(STAGES.values()) if counts[stage])
    of = f" of {field}" if field else ""
    return f"of {len(rows)} values{of} that are not right: {parts}."


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = titled_table(title)
    stages = [
        stage for stage in dict.fromkeys(STAGES.values()) if any(STAGES[row["attribution"]] == stage for row in rows)
    ]
    table.add_column("field", no_wrap=True)
    for name in ("n", *stages):
        table.add_column(name, justify="right", no_wrap=True)
    for field in dict.fromkeys(row["field"] for row in rows):
        counts = Counter(STAGES[row["attribution"]] for row in rows if row["field"] == field)
        table.add_row(field, str(counts.total()), *(str(counts[stage] or "") for stage in stages))
    return table
