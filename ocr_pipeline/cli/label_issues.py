"""`ocr-pipeline labels issues`: labels that may be wrong."""

from collections.abc import Sequence

from rich.table import Table

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import Row, console, counted, no_scores, opened, plain, print_json, titled_table
from ocr_pipeline.project import Project, find_project

NONE = "No label issues."


def issues(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """List labels that may be wrong, worst first.

    Reasons: backends agree on another value, amounts do not add up, or duplicates are labelled differently.
    """
    rows = label_issues(find_project(), dataset)
    if as_json:
        print_json(rows)
    elif not rows:
        console.print(NONE)
    else:
        console.print(_table(rows))
        console.print("Next: [b]ocr-pipeline labels review[/]")


def label_issues(project: Project, dataset: str | None, document: str | None = None) -> Sequence[Row]:
    """The issues with the paths of their documents, worst first.

    Raises:
        ConfigurationError: nothing was scored.
    """
    with opened(project).snapshot() as snapshot:
        rows = snapshot.rows(
            "SELECT s.*, d.path FROM label_issues s JOIN documents d USING (document_id)"
            " WHERE coalesce(s.dataset = ?, true) AND coalesce(s.document_id = ?, true)"
            " ORDER BY s.score DESC, s.document_id, s.field",
            [dataset, document],
        )
        scored = snapshot.rows("SELECT 1 FROM field_scores LIMIT 1")
    if not rows and not scored:
        raise no_scores()
    return rows


def _table(rows: Sequence[Row]) -> Table:
    table = titled_table(counted(len(rows), "label issue"))
    table.add_column("document", overflow="fold", ratio=2)
    table.add_column("field", overflow="fold")
    table.add_column("label, suggested value", overflow="fold", ratio=3)
    for row in rows:
        value = plain(row["value"]) if row["value"] is not None else "–"
        label = plain(row["label"]) if row["label"] is not None else "–"
        table.add_row(plain(row["document_id"]), row["field"], f"{label}\n{value}\n[dim]{plain(row['reason'])}[/]")
    return table
