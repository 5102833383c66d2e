"""`ocr-pipeline history`: how the scores of each backend changed over time."""

from collections import defaultdict
from typing import Annotated

import typer

from ocr_pipeline.cli.options import BackendOption, DatasetOption, JsonOption, ScoredFieldOption, TestsetOption
from ocr_pipeline.cli.output import console, interval, opened, points, print_json, titled_table, unlabelled
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.tables.history import PinnableEntry

COLUMNS = {
    "test set": ("testset",),
    "documents": ("documents_hash",),
    "labels": ("label_version",),
    "rules": ("scoring_version", "rules"),
    "backend": ("fingerprints",),
}
"""What can change between two evaluations, and the columns that tell."""


def history(
    backend: BackendOption = None,
    field: ScoredFieldOption = None,
    dataset: DatasetOption = None,
    testset: TestsetOption = None,
    last: Annotated[int, typer.Option("--last", min=1, help="Evaluations to show per backend.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Show how the scores of each backend changed over time.

    Lists every evaluation that differed from the previous one, with what changed: documents, labels, scoring rules or
    backend. With --testset, only evaluations of a frozen test set.
    """
    from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS

    warehouse = opened(find_project())
    rows = tables.history.history(warehouse, dataset, backend, field or ALL_FIELDS, testset or "")
    if not rows:
        raise unlabelled(warehouse, dataset) or ConfigurationError(
            "No such evaluation yet; run `ocr-pipeline run` first."
        )
    groups: defaultdict[tuple[str, str], list[tuple[PinnableEntry, list[str]]]] = defaultdict(list)
    for evaluation in rows:
        group = groups[evaluation.dataset, evaluation.backend]
        group.append((evaluation, _changed(group[-1][0], evaluation) if group else []))
    if as_json:
        shown = [entry for group in groups.values() for entry in group[-last:]]
        print_json([{**vars(evaluation), "changed": changed} for evaluation, changed in shown])
        return
    for (dataset_name, backend_name), group in groups.items():
        table = titled_table(f"{dataset_name}: {backend_name}, {field or 'all fields pooled'}")
        for name in ("evaluated (UTC)", "id"):
            table.add_column(name, no_wrap=True)
        for name in ("docs", "n", "F1 % \\[95 %]"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("changed", overflow="fold", ratio=1)
        for row, changed in group[-last:]:
            table.add_row(
                f"{row.evaluated_at:%Y-%m-%d %H:%M}",
                row.evaluation_id[:8],
                str(row.documents),
                str(row.n),
                points(row.f1) + interval(row.f1_low, row.f1_high),
                ", ".join([*changed, *(["pinned"] if row.pinned else [])]),
            )
        console.print(table)


def _changed(before: PinnableEntry, now: PinnableEntry) -> list[str]:
    return [
        name
        for name, columns in COLUMNS.items()
        if any(getattr(before, column) != getattr(now, column) for column in columns)
    ]
