"""`ocr-pipeline labels edit`: the label of a document in an editor, filled in with what a backend has read."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer
from pydantic import ValidationError

from ocr_pipeline.cli.output import BackendOption, check_known, console, opened, titled_table
from ocr_pipeline.cli.text import plain
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Label
from ocr_pipeline.store import write_durably

if TYPE_CHECKING:
    from ocr_pipeline.warehouse.connection import Warehouse


def edit_command(
    document: Annotated[str, typer.Argument(help="The id of a document: `ocr-pipeline labels suggest` has an order.")],
    backend: BackendOption = None,
) -> None:
    """Open the label of a document in $EDITOR: the one that it has, else filled in with what a backend has read.

    Delete what you do not want to label; null says that it is not on the document. What is saved is always a valid label.
    Without --backend, the values are those of the backend with the best F1 that has read the document.
    """
    project = find_project()
    source = next((one for one in find_documents(project.data) if one.document_id == document), None)
    if source is None:
        raise ConfigurationError(f"There is no document {document!r}: `ocr-pipeline documents` lists what there is.")
    warehouse = opened(project)
    path = source.label or source.path.with_name(f"{source.path.name}.json")
    before = path.read_text("utf-8", errors="replace") if source.label else ""
    console.print(f"The document: {plain(str(source.path))}", soft_wrap=True)
    text = before or _filled_in(project, warehouse, source, backend)
    after = _edited(text)
    if after is None or after == before:
        console.print("Nothing was changed.")
        return
    write_durably(path, after)
    console.print(f"Saved: {plain(project.relative(path))}", soft_wrap=True)
    valid = before if _is_label(before) else ""
    _show_changes(valid, after)
    _show_effect(project, warehouse, document, valid, after)
    console.print(f"Next: [b]ocr-pipeline run --documents {plain(document)}[/] takes it in.", soft_wrap=True)


def _filled_in(project: Project, warehouse: "Warehouse", source: SourceFile, backend: str | None) -> str:
    """A label from the values of a backend."""
    from ocr_pipeline.backends.backend import load_backends

    configured = load_backends(project)
    check_known("backend", backend, configured)
    ranked = warehouse.rows(
        """
        SELECT e.backend FROM extractions e LEFT JOIN leaderboard_fields f
            ON f.backend = e.backend AND f.field = 'all_fields' AND f.dataset = ?
        WHERE e.document_id = ? AND e.status = 'ok' AND (? IS NULL OR e.backend = ?) ORDER BY f.f1 DESC NULLS LAST LIMIT 1
        """,
        [source.dataset, source.document_id, backend, backend],
    )
    if not ranked:
        by = f"by {backend} " if backend else ""
        raise ConfigurationError(f"{source.document_id} was not read {by}yet: run `ocr-pipeline run` first.")
    chosen = ranked[0]["backend"]
    rows = warehouse.rows(
        "SELECT field, value FROM extracted_fields WHERE document_id = ? AND backend = ?", [source.document_id, chosen]
    )
    values = {row["field"]: row["value"] for row in rows}
    console.print(f"Filled in with what {chosen} has read.")
    invoice = {field: values[field] for field in FIELD_KINDS if field in values}
    return json.dumps({"invoice": invoice}, indent=2, ensure_ascii=False) + "\n"


def _edited(text: str) -> str | None:
    """What the editor saved, once it is a valid label; None where it was closed without saving, or given up."""
    while True:
        edited = click.edit(text, extension=".json", require_save=True)
        if edited is None:
            return None
        try:
            Label.model_validate_json(edited)
        except ValidationError as error:
            console.print(f"The label is not valid: {plain(describe(error))}", soft_wrap=True)
            if not typer.confirm("Edit it again?", default=True):
                return None
            text = edited
        else:
            return edited


def _is_label(text: str) -> bool:
    try:
        Label.model_validate_json(text)
    except ValidationError:
        return False
    return True


def _invoice(text: str) -> dict[str, Any]:
    return dict(json.loads(text).get("invoice", {})) if text else {}


def _show_changes(before: str, after: str) -> None:
    old, new = _invoice(before), _invoice(after)
    table = titled_table("What changed")
    for name in ("field", "before", "now"):
        table.add_column(name, overflow="fold")
    for field in dict.fromkeys([*old, *new]):
        if old.get(field, ...) != new.get(field, ...):
            table.add_row(field, _shown(old, field), _shown(new, field))
    if table.row_count:
        console.print(table)


def _shown(values: Mapping[str, Any], field: str) -> str:
    if field not in values:
        return "[dim]not labelled[/]"
    return "[dim]nothing[/]" if values[field] is None else plain(str(values[field]), longest=80)


def _show_effect(project: Project, warehouse: "Warehouse", document: str, before: str, after: str) -> None:
    """How many values of each backend the old and the new label call right."""
    from ocr_pipeline.evaluation.scoring.document import score_document
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.warehouse import tables

    rules = load_rules(project.evaluation_file)
    table = titled_table("Values that are right, by the label before and now")
    table.add_column("backend", overflow="fold")
    for name in ("before", "now"):
        table.add_column(name, justify="right")

    def right(text: str, extraction: Extraction | None) -> str:
        if not text:
            return "–"
        scores = score_document(Label.model_validate_json(text), extraction, rules)
        return f"{sum(one.outcome in ('correct', 'both_empty') for one in scores)} of {len(scores)}"

    for row in warehouse.rows("SELECT backend FROM extractions WHERE document_id = ? ORDER BY backend", [document]):
        found = tables.extractions.extractions(warehouse, row["backend"], document).get(document)
        extraction = found if isinstance(found, Extraction) else None
        table.add_row(row["backend"], right(before, extraction), right(after, extraction))
    if table.row_count:
        console.print(table)
