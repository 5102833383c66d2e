"""`ocr-pipeline baseline`: what later evaluations are held against, and how the last ones compare."""

from typing import Annotated, Any

import typer

from ocr_pipeline.cli.output import (
    BackendOption,
    DatasetOption,
    JsonOption,
    console,
    interval,
    opened,
    p_value,
    points,
    print_json,
    titled_table,
)
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project

baseline = typer.Typer(help="What later evaluations are held against.", no_args_is_help=True)


@baseline.command("pin")
def pin(
    dataset: DatasetOption = None,
    backend: BackendOption = None,
    evaluation: Annotated[
        str | None,
        typer.Option("--evaluation", "-e", metavar="ID", help="An id of `ocr-pipeline history`; default: the last."),
    ] = None,
) -> None:
    """Make the last evaluation of every backend its baseline, or of one backend, or an earlier evaluation."""
    from ocr_pipeline.warehouse import tables
    from ocr_pipeline.warehouse.connection import Warehouse, utc_now

    warehouse = Warehouse(find_project().database)
    chosen = [
        row
        for row in tables.history.every_evaluation(warehouse)
        if dataset in (None, row["dataset"])
        and backend in (None, row["backend"])
        and (row["is_last"] if evaluation is None else row["evaluation_id"].startswith(evaluation))
    ]
    if not chosen:
        raise ConfigurationError("There is no such evaluation; `ocr-pipeline history` lists them.")
    if evaluation is not None and len(chosen) > 1:
        raise ConfigurationError(f"{evaluation!r} begins the ids of {len(chosen)} evaluations: give more of the id.")
    now = utc_now()
    warehouse.replace(
        ("dataset", "backend"),
        [(row["dataset"], row["backend"]) for row in chosen],
        {
            "evaluation_baselines": [
                {name: row[name] for name in ("dataset", "backend", "evaluation_id")} | {"pinned_at": now}
                for row in chosen
            ]
        },
    )
    for row in chosen:
        console.print(f"{row['dataset']}, {row['backend']}: pinned {_name(row)}.", soft_wrap=True)


@baseline.command("show")
def show(dataset: DatasetOption = None, backend: BackendOption = None, as_json: JsonOption = False) -> None:
    """Hold the last evaluation of each backend against its baseline: the pinned one, else the one before.

    On the documents of both whose label is the same. A regression is a drop that is not luck (p below the threshold, Holm).
    """
    from ocr_pipeline.evaluation.ranking.history import against_baseline, regressions
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.warehouse import tables

    project = find_project()
    limits = load_rules(project.evaluation_file).checks.regression
    shown: list[dict[str, Any]] = []
    with opened(project).snapshot() as snapshot:
        latest = tables.history.latest_evaluations(snapshot)
        for key, compared in tables.history.baselines(snapshot).items():
            if key in latest and dataset in (None, key[0]) and backend in (None, key[1]):
                now = tables.history.evaluation(snapshot, latest[key].evaluation_id)
                found = against_baseline(now, tables.history.evaluation(snapshot, compared.evaluation_id))
                worse = {one.field for one in regressions(found, alpha=limits.alpha, min_drop=limits.min_drop)}
                shown.append(
                    {
                        **compared._asdict(),
                        "comparisons": [{**vars(one), "regression": one.field in worse} for one in found],
                    }
                )
    if not shown:
        raise ConfigurationError("There is no baseline: none is pinned, and no backend was evaluated twice.")
    if as_json:
        print_json(shown)
        return
    for row in shown:
        kind = "pinned" if row["pinned_at"] else "the evaluation before"
        title = f"{row['dataset']}: {row['backend']} now, against {kind}: {_name(row)}"
        if not row["comparisons"]:
            console.print(f"{title}: nothing to compare, no document with the same label and rules is in both.")
            continue
        table = titled_table(title)
        table.add_column("field", no_wrap=True)
        for name in ("docs", "before", "now", "now - before \\[95 %]", "p", ""):
            table.add_column(name, justify="right", no_wrap=True)
        for one in row["comparisons"]:
            table.add_row(
                one["field"],
                str(one["documents"]),
                points(one["f1_b"]),
                points(one["f1_a"]),
                points(one["difference"], sign=True)
                + interval(one["difference_low"], one["difference_high"], sign=True),
                p_value(one["p_holm"]),
                "[red]worse[/]" if one["regression"] else "",
            )
        console.print(table)


@baseline.command("clear")
def clear(dataset: DatasetOption = None, backend: BackendOption = None) -> None:
    """Unpin: from now on the evaluation before the last one is the baseline."""
    from ocr_pipeline.warehouse.connection import Warehouse

    warehouse = Warehouse(find_project().database)
    keys = [
        (row["dataset"], row["backend"])
        for row in warehouse.rows("FROM evaluation_baselines")
        if dataset in (None, row["dataset"]) and backend in (None, row["backend"])
    ]
    if not keys:
        raise ConfigurationError("There is no such pinned baseline.")
    warehouse.replace(("dataset", "backend"), keys, {"evaluation_baselines": []})
    console.print(f"{len(keys)} baselines cleared.")


def _name(row: dict[str, Any]) -> str:
    return f"{row['evaluation_id'][:8]} of {row['evaluated_at']:%Y-%m-%d %H:%M}"
