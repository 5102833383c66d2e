"""`ocr-pipeline labels issues`: labels that may be wrong."""

from collections.abc import Sequence

from rich.table import Table

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import console, counted, no_scores, opened, plain, print_json, print_notice, titled_table
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.label_issues import label_issues
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.warehouse.tables.diagnosis import QueuedIssue

NONE = "No label issues."


def issues(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """List labels that may be wrong, worst first.

    Reasons: backends agree on another value, amounts do not add up, or duplicates are labelled differently.
    """
    rows, notice = queue_of(find_project(), dataset)
    print_notice(notice, as_json=as_json)
    if as_json:
        print_json(rows)
    elif not rows:
        if not notice:
            console.print(NONE)
    else:
        console.print(_table(rows))
        console.print("Next: [b]ocr-pipeline labels review[/]")


def queue_of(
    project: Project, dataset: str | None, document: str | None = None
) -> tuple[Sequence[QueuedIssue], str | None]:
    """The current issues, worst first, and a notice if issues of stale scores are left out.

    Raises:
        ConfigurationError: nothing was scored.
    """
    scoring = scoring_of(project)
    with opened(project).snapshot() as snapshot:
        found = label_issues(snapshot, scoring, dataset, document)
        if not found.scored:
            raise no_scores(snapshot)
    return found.rows, found.notice


def _table(rows: Sequence[QueuedIssue]) -> Table:
    table = titled_table(counted(len(rows), "label issue"))
    table.add_column("document", overflow="fold", ratio=2)
    table.add_column("field", overflow="fold")
    table.add_column("label, suggested value", overflow="fold", ratio=3)
    for row in rows:
        value = plain(row.value) if row.value is not None else "–"
        label = plain(row.label) if row.label is not None else "–"
        table.add_row(plain(row.document_id), row.field, f"{label}\n{value}\n[dim]{plain(row.reason)}[/]")
    return table
