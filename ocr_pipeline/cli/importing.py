"""`ocr-pipeline import`: documents, labels and predictions from outside, copied into the project."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_pipeline.cli.options import DatasetOption
from ocr_pipeline.cli.output import console, counted, plain
from ocr_pipeline.project import find_project

if TYPE_CHECKING:
    from ocr_pipeline.documents.importers import ImportReport
    from ocr_pipeline.documents.importers.source import Source

SourceArgument = Annotated[
    str,
    typer.Argument(metavar="PATH_OR_URL", help="A folder or URL: s3://bucket/x, zip://x::file.zip, github://..."),
]
NameOption = Annotated[
    str | None, typer.Option(help="Name of the data set in the project. Default: the folder's name.")
]

MAX_REMARKS = 10
"""Problems and notes that are printed; the rest is counted."""


def sroie(path: SourceArgument, name: NameOption = "sroie") -> None:
    """Import ICDAR 2019 SROIE receipts.

    The folder needs img/ and key/; box/ adds transcripts. Labels cover company, address, date and total.
    """
    from ocr_pipeline.documents import importers

    _import(path, lambda source, target: importers.import_sroie(source, target, name or "sroie"))


def cord(path: SourceArgument, name: NameOption = "cord") -> None:
    """Import CORD receipts.

    The folder needs train/, dev/ or test/, each with image/ and json/. Labels cover total, tax and line items; transcripts
    are included.
    """
    from ocr_pipeline.documents import importers

    _import(path, lambda source, target: importers.import_cord(source, target, name or "cord"))


def einvoice(path: SourceArgument, name: NameOption = None) -> None:
    """Import e-invoices: PDFs with XML in or beside them, or XML alone.

    The XML, which may be signed (.p7m), becomes the label. Formats: CII (ZUGFeRD, Factur-X, XRechnung), UBL invoices and
    credit notes (Peppol BIS, XRechnung), FatturaPA, KSeF, Facturae. Every file without usable XML is named with the reason.
    """
    from ocr_pipeline.documents import importers

    _import(path, lambda source, target: importers.import_einvoice(source, target, name), every_note=True)


def folder(
    path: SourceArgument,
    name: NameOption = None,
    labels: Annotated[
        str | None, typer.Option(help="One CSV file of labels. Default: labels.csv in the folder, if present.")
    ] = None,
    schema: Annotated[
        str | None,
        typer.Option(help="Schema of the documents; see `ocr-pipeline schema`. Default: dataset.yaml, else invoices."),
    ] = None,
) -> None:
    """Import your own documents, with or without labels.

    Labels are JSON files with the same stem as the document, or one CSV file; see docs/labels.md.
    """
    from ocr_pipeline.documents import importers

    labels_file = importers.open_source(labels) if labels else None
    _import(path, lambda source, target: importers.import_folder(source, target, name, labels_file, schema))


def predictions(
    file: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="JSON lines or CSV, one row per document.")],
    backend: Annotated[
        str, typer.Option("--backend", "-b", help="Entry of backends.yaml with [b]extractor: external[/].")
    ],
    dataset: DatasetOption = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Skip rows about unknown documents (they are counted).")
    ] = False,
) -> None:
    """Import predictions of another service or model, to score them.

    Replaces earlier predictions of the same backend and data sets. docs/backends.md describes the format and how to map
    other field names.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.backends.importing import import_predictions
    from ocr_pipeline.cli.selection import choose_documents
    from ocr_pipeline.documents.importers.source import open_source

    project = find_project()
    configured = load_backends(project)
    documents = choose_documents(project, None, dataset)
    report = import_predictions(open_source(file), backend, configured, documents, skip_unknown=skip_unknown)
    removed = f", {report.removed} removed" if report.removed else ""
    console.print(
        f"{backend}: {report.new} new, {report.changed} changed, {report.unchanged} unchanged{removed} predictions for"
        f" {', '.join(report.datasets)}.",
        soft_wrap=True,
    )
    _print_remarks(report.problems, report.notes)
    console.print(f"Next: [b]ocr-pipeline run --backends {backend}[/]")


def _import(path: str, copy: "Callable[[Source, Path], ImportReport]", *, every_note: bool = False) -> None:
    from ocr_pipeline.cli.duplicates import duplicate_notes
    from ocr_pipeline.documents.importers.source import explained, open_source

    project = find_project()
    source = open_source(path)
    with explained(path) if "://" in path else nullcontext():
        report = copy(source, project.data / "documents")
    report.notes += duplicate_notes(project, report.dataset)
    console.print(
        f"Data set {report.dataset}: {report.new} new, {report.changed} changed, {report.unchanged} unchanged documents;"
        f" {report.labelled} labelled.",
        soft_wrap=True,
    )
    if report.transcripts:
        console.print(f"  {counted(report.transcripts, 'document')} with a transcript.")
    _print_remarks(report.problems, report.notes, every_note=every_note)
    console.print(f"Next: [b]ocr-pipeline run --dataset {report.dataset}[/]")


def _print_remarks(problems: Sequence[str], notes: Sequence[str], *, every_note: bool = False) -> None:
    for kind, sentences in (("problem", problems), ("note", notes)):
        shown = len(sentences) if every_note and kind == "note" else MAX_REMARKS
        for sentence in sentences[:shown]:
            console.print(f"  {plain(sentence)}", soft_wrap=True)
        if len(sentences) > shown:
            console.print(f"  … and {counted(len(sentences) - shown, f'more {kind}')}")
