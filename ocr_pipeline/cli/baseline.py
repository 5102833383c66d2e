"""`ocr-pipeline baseline`: evaluations that later ones are compared with."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.options import BackendOption, DatasetOption, JsonOption, TestsetOption
from ocr_pipeline.cli.output import console, counted, interval, opened, p_value, plain, points, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.ranking.pairwise import Comparison
from ocr_pipeline.project import Project, find_project


@dataclass(frozen=True, kw_only=True)
class FieldChange(Comparison):
    """A field of the latest evaluation (a) and of the baseline (b)."""

    regression: bool


@dataclass(frozen=True, kw_only=True)
class BaselineComparison:
    """The latest evaluation of a backend against its baseline; `pinned_at` is None for the previous evaluation."""

    dataset: str
    backend: str
    evaluation_id: str
    evaluated_at: datetime
    pinned_at: datetime | None
    testset: str
    refused: str | None
    """Why the two are not compared: they are of different versions of the test set."""
    comparisons: Sequence[FieldChange]


def pin(
    dataset: DatasetOption = None,
    backend: BackendOption = None,
    testset: TestsetOption = None,
    evaluation: Annotated[
        str | None,
        typer.Option(
            "--evaluation", "-e", metavar="ID", help="Evaluation id from `ocr-pipeline history`. Default: the latest."
        ),
    ] = None,
) -> None:
    """Pin the latest or an earlier evaluation as the baseline.

    Without --backend, every backend is pinned. With --testset, the baseline of a frozen test set, which is compared with later
    evaluations of the same version only.
    """
    from ocr_pipeline.warehouse import tables
    from ocr_pipeline.warehouse.opened import open_warehouse

    warehouse = open_warehouse(find_project())
    chosen = [
        row
        for row in tables.history.every_evaluation(warehouse)
        if dataset in (None, row.dataset)
        and backend in (None, row.backend)
        and ((testset or "") in (row.testset, row.testset.partition("@")[0]) or evaluation is not None)
        and (row.is_last if evaluation is None else row.evaluation_id.startswith(evaluation))
    ]
    if not chosen:
        raise ConfigurationError("No such evaluation; `ocr-pipeline history` lists them.")
    if evaluation is not None and len(chosen) > 1:
        raise ConfigurationError(f"{evaluation!r} matches {len(chosen)} evaluations; use more characters of the id.")
    tables.history.pin(warehouse, chosen)
    for row in chosen:
        name = _name(row.evaluation_id, row.evaluated_at) + (f" on {row.testset}" if row.testset else "")
        console.print(f"{row.dataset}, {row.backend}: pinned {name}.", soft_wrap=True)


def show(
    dataset: DatasetOption = None,
    backend: BackendOption = None,
    testset: TestsetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the latest evaluation of each backend with its baseline.

    The baseline is the pinned evaluation, otherwise the previous one. Only documents with the same label in both are
    compared. A regression is a statistically significant drop (Holm-corrected p). Different versions of a test set are not
    compared.
    """
    shown = _comparisons(find_project(), dataset, backend, testset)
    if not shown:
        raise ConfigurationError("No baseline: none is pinned, and no backend was evaluated twice.")
    if as_json:
        print_json([asdict(comparison) for comparison in shown])
        return
    for comparison in shown:
        kind = "pinned" if comparison.pinned_at else "previous"
        name = _name(comparison.evaluation_id, comparison.evaluated_at)
        on = f" on {comparison.testset}" if comparison.testset else ""
        title = f"{comparison.dataset}: {comparison.backend} now{on}, against {kind} evaluation {name}"
        if comparison.refused:
            console.print(plain(f"{title}: {comparison.refused}"))
        elif comparison.comparisons:
            console.print(_table(title, comparison.comparisons))
        else:
            console.print(f"{title}: nothing to compare; no document has the same label and rules in both.")


def _comparisons(
    project: Project, dataset: str | None, backend: str | None, testset: str | None
) -> list[BaselineComparison]:
    """`testset`: only of this test set; None: of whole data sets and of all test sets."""
    from ocr_pipeline.evaluation.ranking.history import against_baseline, regressions
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.inspection.testsets import between_versions
    from ocr_pipeline.warehouse import tables

    limits = load_rules(project.evaluation_file).checks.regression
    shown = []
    with opened(project).snapshot() as snapshot:
        latest = tables.history.latest_evaluations(snapshot)
        for key, baseline in tables.history.baselines(snapshot).items():
            if key not in latest or dataset not in (None, key[0]) or backend not in (None, key[1]):
                continue
            if testset in (None, key[2], latest[key].testset):
                refused, fields = None, list[Comparison]()
                now = tables.history.evaluation(snapshot, latest[key].evaluation_id)
                if baseline.testset == now.testset:
                    fields = against_baseline(now, tables.history.evaluation(snapshot, baseline.evaluation_id))
                else:
                    refused = between_versions(project, baseline.testset, now.testset)
                worse = {field.field for field in regressions(fields, alpha=limits.alpha, min_drop=limits.min_drop)}
                changes = [FieldChange(**vars(field), regression=field.field in worse) for field in fields]
                shown.append(
                    BaselineComparison(
                        **{**baseline._asdict(), "testset": now.testset}, refused=refused, comparisons=changes
                    )
                )
    return shown


def _table(title: str, fields: Sequence[FieldChange]) -> Table:
    table = titled_table(title)
    table.add_column("field", no_wrap=True)
    for name in ("docs", "before", "now", "now - before \\[95 %]", "p", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for field in fields:
        difference = points(field.difference, sign=True)
        table.add_row(
            field.field,
            str(field.documents),
            points(field.f1_b),
            points(field.f1_a),
            difference + interval(field.difference_low, field.difference_high, sign=True),
            p_value(field.p_fields),
            "[red]worse[/]" if field.regression else "",
        )
    return table


def clear(dataset: DatasetOption = None, backend: BackendOption = None, testset: TestsetOption = None) -> None:
    """Unpin baselines; the previous evaluation becomes the baseline."""
    from ocr_pipeline.warehouse import tables
    from ocr_pipeline.warehouse.opened import open_warehouse

    warehouse = open_warehouse(find_project())
    keys = [
        (of_dataset, of_backend, of_testset)
        for of_dataset, of_backend, of_testset in tables.history.pinned(warehouse)
        if dataset in (None, of_dataset) and backend in (None, of_backend) and testset in (None, of_testset)
    ]
    if not keys:
        raise ConfigurationError("No such pinned baseline.")
    tables.history.unpin(warehouse, keys)
    console.print(f"Unpinned {counted(len(keys), 'baseline')}.")


def _name(evaluation_id: str, evaluated_at: datetime) -> str:
    return f"{evaluation_id[:8]} of {evaluated_at:%Y-%m-%d %H:%M}"
