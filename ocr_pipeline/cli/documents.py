"""`ocr-pipeline documents`: what is on disk and in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import console, counted, opened, plain, print_json, titled_table
from ocr_pipeline.cli.set_aside import lost_labels, set_aside
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project, find_project

if TYPE_CHECKING:
    from ocr_pipeline.warehouse.tables.documents import DocumentRow
    from ocr_pipeline.warehouse.tables.labels import LabelRow


@dataclass(frozen=True, kw_only=True)
class DocumentStatus:
    """One document. `status` is `new`, `ok`, `failed`, `split` or `deleted`; `duplicate` is the kind of duplicate.
    `failed_backends` maps backends to the reason of their failure. A part has its `parent`, and its `page_range` there."""

    document_id: str
    dataset: str
    path: str
    media_type: str | None
    pages: int | None
    label: str
    split: str | None
    duplicate_of: str | None = None
    duplicate: str | None = None
    status: str
    message: str | None
    parent: str | None = None
    page_range: str | None = None
    failed_backends: Mapping[str, str] = field(default_factory=dict)


def documents(
    dataset: DatasetOption = None,
    values: Annotated[
        bool, typer.Option("--values", help="Show what was read of each document, with or without a label.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List documents, their labels, duplicates and failures.

    The split shown is the effective one: a duplicate of a document of the test split belongs to the test split.
    """
    project = find_project()
    if values:
        from ocr_pipeline.cli.values_read import show_values

        show_values(project, dataset, as_json=as_json)
        return
    rows = [row for row in document_rows(project) if dataset in (None, row.dataset)]
    if not rows and (dataset or not as_json):
        raise no_documents(project, dataset)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    console.print(document_table(rows))
    for sentence in set_aside(project):
        console.print(plain(sentence), style="dim", soft_wrap=True)
    for sentence in lost_labels(project):
        console.print(plain(sentence), style="yellow", soft_wrap=True)


def no_documents(project: Project, dataset: str | None = None) -> ConfigurationError:
    """There is nothing to work on."""
    if dataset is not None:
        return ConfigurationError(
            f"No documents in data set {dataset!r}; `ocr-pipeline documents` lists all documents."
        )
    return ConfigurationError(
        f"No documents yet; copy some to {project.relative(project.data / 'documents')} or see `ocr-pipeline import --help`."
    )


def document_rows(project: Project) -> list[DocumentStatus]:
    """Every document on disk and in the database."""
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.warehouse import tables

    with opened(project).snapshot() as snapshot:
        known, labels = tables.documents.documents(snapshot), tables.labels.labels(snapshot)
        failures = tables.extractions.extraction_failures(snapshot)
        duplicates = tables.documents.duplicates(snapshot)
    rows = []
    for source in find_documents(project.data):
        row, label = known.pop(source.document_id, None), labels.get(source.document_id)
        duplicate = duplicates.get(source.document_id)
        rows.append(
            DocumentStatus(
                document_id=source.document_id,
                dataset=source.dataset,
                path=project.relative(source.path),
                media_type=row.media_type if row else None,
                pages=row.pages if row else None,
                label=label.status if label else "not ingested" if source.label else "none",
                split=duplicate.split if duplicate and duplicate.split else label.split if label else None,
                duplicate_of=duplicate.duplicate_of if duplicate else None,
                duplicate=duplicate.kind if duplicate else None,
                status=row.status if row else "new",
                message=row.message if row and row.message else label.message if label else None,
                parent=source.parent,
                page_range=str(source.pages) if source.pages else None,
                failed_backends={} if row and row.status != "ok" else failures.get(source.document_id, {}),
            )
        )
    return rows + [_deleted(row, labels.get(document_id)) for document_id, row in known.items()]


def _deleted(row: "DocumentRow", label: "LabelRow | None") -> DocumentStatus:
    return DocumentStatus(
        document_id=row.document_id,
        dataset=row.dataset,
        path=row.path,
        media_type=row.media_type,
        pages=row.pages,
        label=label.status if label else "none",
        split=label.split if label else None,
        parent=row.parent_id,
        page_range=str(row.page_range) if row.page_range else None,
        status="deleted",
        message="No part of the file any more; results kept, excluded from scores."
        if row.parent_id
        else "File deleted; results kept, excluded from scores.",
    )


def document_table(rows: Sequence[DocumentStatus]) -> Table:
    """One row per document."""
    table = titled_table(counted(len(rows), "document"))
    table.add_column("document", overflow="fold", ratio=1)
    # Columns that are empty for many data sets are left out, which makes room for the names.
    optional = [name for name in ("split", "duplicate") if any(getattr(row, name) for row in rows)]
    for name in ("type", "pages", "label", *optional, "status"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        status = {"failed": "[red]failed[/]", "deleted": "[yellow]deleted[/]"}.get(row.status, row.status)
        name = plain(row.document_id)
        if row.message:
            name += f"\n  [dim]{plain(row.message)}[/]"
        if row.parent and row.page_range:
            name += f"\n  [dim]page{'s' if '-' in row.page_range else ''} {row.page_range} of {plain(row.parent)}[/]"
        if row.duplicate_of:
            name += f"\n  [dim]{row.duplicate} duplicate of {row.duplicate_of}[/]"
        for backend, reason in row.failed_backends.items():
            name += f"\n  [dim]{backend} failed: {reason}[/]"
        kind = (row.media_type or "").rpartition("/")[2]
        cells = [plain(getattr(row, key) or "") for key in optional]
        table.add_row(name, kind, str(row.pages or ""), row.label, *cells, status)
    return table
