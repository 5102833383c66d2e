"""Imports electronic invoices: PDFs with XML inside or beside them, and XML alone. The XML becomes the label."""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from ocr_pipeline.documents.einvoice import PACKAGES
from ocr_pipeline.documents.guard import Guard
from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.einvoice_labels import Labelled, label_document
from ocr_pipeline.documents.importers.source import Source, documents_in, name_of, relative_name, require_folder
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.installing import extra_command

SIGNED = ".p7m"


def import_einvoice(path: Source, documents: Path, dataset: str | None = None) -> ImportReport:
    """Import a folder of e-invoices: each PDF with the label of the XML in it, or of `NAME.xml` beside `NAME.pdf`; and XML
    without a PDF as documents of their own, one for each invoice, also from a signed message (`.p7m`).

    PDFs without usable XML are imported without a label, and named in the notes with the reason; so are XML files that hold no
    invoice, which are not imported. Files are parsed in a child process with limits on memory and time.

    Raises:
        ConfigurationError: the folder does not exist, a package is not installed, or the name is reserved.
    """
    require_folder(path)
    if any(find_spec(package) is None for package in PACKAGES):
        raise ConfigurationError(
            f"The XML of e-invoices needs the packages lxml and pypdf: {extra_command('einvoice')}."
        )
    report = new_report(dataset or name_of(path), documents)
    return copy(_entries(path, Guard(label_document, Limits()), report), report)


def _entries(folder: Source, label: Guard[..., list[Labelled]], report: ImportReport) -> Iterator[Entry]:
    """The documents, first those with pages; notes say what has no label, and why."""
    files = {relative_name(file, folder): file for file in documents_in(folder)}
    xml_of: dict[str, list[str]] = {}
    for name in files:
        if _is_xml(name):
            xml_of.setdefault(_stem(name), []).append(name)
    paged = [name for name in files if not _is_xml(name)]
    beside = {name: [*xml_of.pop(_stem(name), ()), *xml_of.pop(name, ())] for name in paged}  # a.xml or a.pdf.xml
    alone = [name for name in files if any(name in names for names in xml_of.values())]
    for name in (*paged, *alone):
        content = report.read(files[name], name)
        if content is None:
            continue
        others = [
            (PurePosixPath(other).name, xml)
            for other in beside.get(name, ())
            if (xml := report.read(files[other], other)) is not None
        ]
        try:
            found = label(content, others)
        except DocumentError as error:
            found = [Labelled(why=str(error).rstrip("."))]
        yield from _documents(name, content, found, report)


def _documents(name: str, content: bytes, found: Sequence[Labelled], report: ImportReport) -> Iterator[Entry]:
    """The documents made of a file: itself, or `NAME-1.xml`, `NAME-2.xml` for several invoices."""
    if len(found) > 1:
        report.notes.append(f"{name}: {len(found)} invoices; each is a document of its own.")
    for number, one in enumerate(found, start=1):
        document = name if len(found) == 1 else f"{_stem(name)}-{number}.xml"
        report.notes += [f"{document}: {remark}" for remark in one.remarks]
        report.problems += [f"{document}: {problem}" for problem in one.problems]
        if one.label is None:
            outcome = "skipped" if _is_xml(name) else "imported without a label"
            report.notes.append(f"{name}: no invoice XML ({one.why}); {outcome}.")
        if one.label is not None or not _is_xml(name):
            yield Entry(document, content if one.content is None else one.content, one.label)


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", SIGNED))


def _stem(name: str) -> str:
    """The name without the suffixes of XML and signed messages, or of the file: `a` for `a.pdf` and `a.xml.p7m`."""
    path = PurePosixPath(name)
    path = path.with_suffix("") if path.suffix.lower() == SIGNED else path
    return str(path.with_suffix(""))
