"""`ocr-pipeline labels edit`: the label of a document in an editor, prefilled from a backend."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import click
import typer

from ocr_pipeline.cli.options import BackendOption
from ocr_pipeline.cli.output import check_known, console, opened, plain, titled_table
from ocr_pipeline.document_schema.labels import FIELDS_KEY, INVOICE_KEY
from ocr_pipeline.documents.bucket_files import local_copy
from ocr_pipeline.documents.document_names import named_document
from ocr_pipeline.documents.find import SourceFile, find_documents, new_label_of
from ocr_pipeline.documents.labels import checked_label, schema_of, write_label
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.schemas import Extraction

if TYPE_CHECKING:
    from ocr_pipeline.warehouse.connection import Warehouse


def edit(
    document: Annotated[str, typer.Argument(help="Document id; see `ocr-pipeline labels suggest`.")],
    backend: BackendOption = None,
) -> None:
    """Edit the label of a document in $EDITOR.

    A new label is prefilled with the values of --backend, by default the backend with the best F1. Delete fields that you do
    not want to label; null means that the document does not have the field. Only valid labels are saved.
    """
    project = find_project()
    source = named_document(find_documents(project.data), document)
    document = source.document_id
    warehouse = opened(project)
    path = source.label or new_label_of(source.path, source.pages)
    if source.parts:
        raise ConfigurationError(f"{document} is split: label its parts, {', '.join(source.parts)}.")
    before = local_copy(path).read_text("utf-8", errors="replace") if source.label else ""
    console.print(f"Document: {plain(str(source.path))}", soft_wrap=True)
    text = before or _prefilled(project, warehouse, source, backend)
    after = _edited(text, source)
    if after is None or after == before:
        console.print("No changes.")
        return
    write_label(path, after, source.schemas)
    console.print(f"Saved: {plain(project.relative(path))}", soft_wrap=True)
    valid = before if _is_label(before, source) else ""
    _show_changes(valid, after)
    _show_effect(project, warehouse, source, valid, after)
    console.print(f"Next: [b]ocr-pipeline run --documents {plain(document)}[/]", soft_wrap=True)


def _prefilled(project: Project, warehouse: "Warehouse", source: SourceFile, backend: str | None) -> str:
    """A label with the values of a backend."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.labelling.content import label_text
    from ocr_pipeline.warehouse import tables

    configured = load_backends(project)
    check_known("backend", backend, configured)
    chosen = tables.ranking.best_backend(warehouse, source.dataset, source.document_id, backend)
    if chosen is None:
        by = f" by {backend}" if backend else ""
        raise ConfigurationError(f"{source.document_id} has no extraction{by} yet; run `ocr-pipeline run` first.")
    values = tables.extractions.values_of(warehouse, source.document_id, chosen)
    console.print(f"Prefilled with the values of {chosen}.")
    schema = schema_of(source)
    return label_text({name: values[name] for name in schema.field_kinds if name in values}, {}, schema=schema)


def _edited(text: str, source: SourceFile) -> str | None:
    """The saved text once it is a valid label; None if the editor was closed without saving, or the user gave up."""
    while True:
        try:
            edited = click.edit(text, extension=".json", require_save=True)
        except click.ClickException as error:
            raise ConfigurationError(f"{error.message} Set EDITOR to an editor that can be started here.") from None
        if edited is None:
            return None
        try:
            checked_label(edited, source.schemas)
        except DocumentError as error:
            console.print(plain(str(error)), soft_wrap=True)
            if not typer.confirm("Edit it again?", default=True):
                return None
            text = edited
        else:
            return edited


def _is_label(text: str, source: SourceFile) -> bool:
    try:
        checked_label(text, source.schemas)
    except DocumentError:
        return False
    return True


def _invoice(text: str) -> dict[str, object]:
    content = json.loads(text) if text else {}
    return dict(content.get(FIELDS_KEY, content.get(INVOICE_KEY, {})))


def _show_changes(before: str, after: str) -> None:
    old, new = _invoice(before), _invoice(after)
    table = titled_table("Changes")
    for name in ("field", "before", "after"):
        table.add_column(name, overflow="fold")
    for field in dict.fromkeys([*old, *new]):
        if old.get(field, ...) != new.get(field, ...):
            table.add_row(field, _shown(old, field), _shown(new, field))
    if table.row_count:
        console.print(table)


def _shown(values: Mapping[str, object], field: str) -> str:
    if field not in values:
        return "[dim]not labelled[/]"
    return "[dim]none[/]" if values[field] is None else plain(str(values[field]), longest=80)


def _show_effect(project: Project, warehouse: "Warehouse", source: SourceFile, before: str, after: str) -> None:
    """Print how many values of each backend are right by the old and the new label."""
    from ocr_pipeline.evaluation.scoring.document import score_document
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.evaluation.statistics.counts import Counts
    from ocr_pipeline.warehouse import tables

    rules = load_rules(project.evaluation_file)
    table = titled_table("Right values, by the label before and after")
    table.add_column("backend", overflow="fold")
    for name in ("before", "after"):
        table.add_column(name, justify="right")

    def right(text: str, extraction: Extraction | None) -> str:
        if not text:
            return "–"
        scores = score_document(checked_label(text, source.schemas), extraction, rules)
        counts = Counts.of(score.outcome for score in scores)
        return f"{counts.right} of {counts.total}"

    for backend in tables.extractions.backends_of(warehouse, source.document_id):
        result = tables.extractions.extractions(warehouse, backend, source.document_id).get(source.document_id)
        extraction = result if isinstance(result, Extraction) else None
        table.add_row(backend, right(before, extraction), right(after, extraction))
    if table.row_count:
        console.print(table)
