"""`ocr-pipeline attribution`: which stage caused the errors."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from ocr_pipeline.cli.options import BackendOption, DatasetOption, FieldOption, JsonOption
from ocr_pipeline.cli.output import console, counted, no_scores, opened, print_json, print_notice, titled_table
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTIONS, STAGES
from ocr_pipeline.evaluation.diagnosis.records import AttributionRow
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.project import find_project
from ocr_pipeline.warehouse import tables

_STAGE_OF = {str(name): stage for name, stage in STAGES.items()}


def attribution(
    backend: BackendOption = None,
    field: FieldOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which stage caused the errors.

    OCR, selection, normalisation, spurious values, the label or a failed document; one row per field of a backend.
    docs/evaluation.md explains how errors are attributed.
    """
    scope = {"backend": backend, "field": field, "dataset": dataset}
    filters = {name: value for name, value in scope.items() if value is not None}
    project = find_project()
    scoring = scoring_of(project)
    with opened(project).snapshot() as snapshot:
        rows = tables.diagnosis.current_attributions(snapshot, scoring, filters)
        scored = rows or tables.scores.exist(snapshot, filters)
        if not scored:
            raise no_scores(snapshot, **scope)
        notice = tables.current.states(snapshot, scoring).notice(dataset)
    print_notice(notice, as_json=as_json)
    if as_json:
        print_json({"totals": _totals(rows), "attributions": rows})
        return
    if not rows and not notice:
        console.print("No errors: nothing is wrong, missing or spurious.")
    for key in dict.fromkeys((row.dataset, row.backend) for row in rows):
        own = [row for row in rows if (row.dataset, row.backend) == key]
        title = f"{key[0]}: {key[1]}"
        if field is None:
            console.print(_table(f"{title}: errors by stage", own))
        console.print(f"{title}: {sentence(own, field)}\n")


def _totals(rows: Sequence[AttributionRow]) -> list[Mapping[str, str | int]]:
    """Errors per data set, backend and field, in total (`n`) and by attribution."""
    counters: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        counters.setdefault((row.dataset, row.backend, row.field), Counter())[row.attribution] += 1
    return [
        {
            "dataset": dataset,
            "backend": backend,
            "field": field,
            "n": counts.total(),
            **{name: counts[name] for name in ATTRIBUTIONS},
        }
        for (dataset, backend, field), counts in counters.items()
    ]


def sentence(rows: Sequence[AttributionRow], field: str | None = None) -> str:
    """`41 errors in total_amount: 3 OCR, 36 selection, 2 label.`"""
    counts = Counter(_STAGE_OF[row.attribution] for row in rows)
    parts = ", ".join(f"{counts[stage]} {stage}" for stage in dict.fromkeys(STAGES.values()) if counts[stage])
    return f"{counted(len(rows), 'error')}{f' in {field}' if field else ''}: {parts}."


def _table(title: str, rows: Sequence[AttributionRow]) -> Table:
    table = titled_table(title)
    stages = [
        stage for stage in dict.fromkeys(STAGES.values()) if any(_STAGE_OF[row.attribution] == stage for row in rows)
    ]
    table.add_column("field", no_wrap=True)
    for name in ("n", *stages):
        table.add_column(name, justify="right", no_wrap=True)
    for field in dict.fromkeys(row.field for row in rows):
        counts = Counter(_STAGE_OF[row.attribution] for row in rows if row.field == field)
        table.add_row(field, str(counts.total()), *(str(counts[stage] or "") for stage in stages))
    return table
