"""Imports electronic invoices: PDFs with XML inside or beside them, which becomes the label."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from ocr_pipeline.documents.einvoice import PACKAGES
from ocr_pipeline.documents.einvoice.attachments import embedded_files
from ocr_pipeline.documents.einvoice.labelling import label_of
from ocr_pipeline.documents.einvoice.reading import EInvoice, read_xml
from ocr_pipeline.documents.einvoice.xml import UnusableXmlError
from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.source import Source, documents_in, name_of, relative_name
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Label


def import_einvoice(path: Source, documents: Path, dataset: str | None = None) -> ImportReport:
    """Import a folder of e-invoices: each PDF with the label of the XML in it, or of `NAME.xml` beside `NAME.pdf`.

    PDFs without usable XML are imported without a label, and named in the notes with the reason; so are XML files without a
    PDF, which have no page to read.

    Raises:
        ConfigurationError: the folder does not exist, a package is not installed, or the name is reserved.
    """
    if not path.is_dir():
        raise ConfigurationError(f"{path} is not a folder.")
    if any(find_spec(package) is None for package in PACKAGES):
        raise ConfigurationError(
            "The XML of e-invoices needs the packages lxml and pypdf: pip install 'ocr_pipeline[einvoice]'."
        )
    report = new_report(dataset or name_of(path), documents)
    files = documents_in(path)
    xml_of = {relative_name(file, path).removesuffix(file.suffix): file for file in files if _is_xml(file)}

    def entries() -> Iterator[Entry]:
        for file in files:
            if _is_xml(file):
                continue
            name = relative_name(file, path)
            content = report.read(file, name)
            if content is not None:
                beside = xml_of.pop(name.removesuffix(file.suffix), None)
                yield Entry(name, content, _label(name, content, beside, report))

    copy(entries(), report)
    for file in xml_of.values():
        report.notes.append(f"{relative_name(file, path)}: {_without_page(file, report, path)}")
    return report


def _is_xml(file: Source) -> bool:
    return file.suffix.lower() == ".xml"


def _label(name: str, content: bytes, beside: Source | None, report: ImportReport) -> Label | None:
    """The label of the XML in a PDF, else of the XML beside it. Why there is none is noted."""
    candidates = embedded_files(content)
    if beside is not None and (xml := report.read(beside, beside.name)) is not None:
        candidates.append((beside.name, xml))
    reasons = []
    for xml_name, xml in candidates:
        try:
            einvoice = _single(xml)
        except UnusableXmlError as error:
            reasons.append(f"{xml_name}: {error}")
            continue
        report.problems += [f"{name}: {problem}" for problem in einvoice.problems]
        return label_of(einvoice)
    why = "; ".join(reasons) or "no XML is attached"
    report.notes.append(f"{name}: no invoice XML ({why}); imported without a label.")
    return None


def _single(xml: bytes) -> EInvoice:
    einvoices = read_xml(xml)
    if len(einvoices) > 1:
        raise UnusableXmlError(f"it holds {len(einvoices)} invoices")
    return einvoices[0]


def _without_page(file: Source, report: ImportReport, folder: Source) -> str:
    xml = report.read(file, relative_name(file, folder))
    try:
        _single(xml or b"")
    except UnusableXmlError as error:
        return f"no invoice XML ({error}); skipped."
    return f"an invoice without a page, as there is no {file.stem}.pdf beside it; skipped."
