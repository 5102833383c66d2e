"""`ocr-pipeline errors --elsewhere`: correct values whose evidence is not where the label says."""

from collections.abc import Mapping

from ocr_pipeline.cli.output import (
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
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.tables.current import Scoring


def show_elsewhere(
    project: Project, scoring: Scoring, filters: Mapping[str, str], limit: int, *, as_json: bool
) -> None:
    """Print them by document. `filters`: backend, field and dataset, as far as they are given.

    Raises:
        ConfigurationError: nothing was scored.
    """
    with opened(project).snapshot() as snapshot:
        rows = tables.places.read_elsewhere(snapshot, scoring, filters)
        if not rows and not tables.scores.exist(snapshot, filters):
            raise no_scores(snapshot, **{name: filters.get(name) for name in ("backend", "field", "dataset")})
        notice = tables.current.states(snapshot, scoring).notice(filters.get("dataset"))
        any_places = bool(rows) or bool(tables.places.label_boxes(snapshot))
    print_notice(notice, as_json=as_json)
    if as_json:
        print_json([{name: value for name, value in vars(row).items() if name != "stale"} for row in rows])
        return
    if not rows:
        why = "" if any_places else " No label has places of values: see docs/labels.md#places-of-values."
        console.print(plain(f"No correct value was read elsewhere{selected(**filters)}.{why}"))
        return
    table = titled_table(f"{counted(len(rows), 'correct value')} read elsewhere than the label says")
    for name in ("document, backend", "field", "value", "page", "page of the label", "IoU"):
        table.add_column(name, overflow="fold")
    for row in rows[:limit]:
        table.add_row(
            f"{plain(row.document_id)}\n  [dim]{row.backend}[/]",
            row.field,
            plain(row.prediction or "", longest=80),
            str(row.page),
            str(row.label_page),
            "" if row.iou is None else f"{row.iou:.2f}",
        )
    console.print(table)
    if len(rows) > limit:
        console.print(f"… and {len(rows) - limit} more; see them with --limit or --json.")
    console.print("The report shows both places: ocr-pipeline report --open", soft_wrap=True)
