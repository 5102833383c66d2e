"""Electronic invoices: PDFs with the invoice as XML inside (Factur-X, ZUGFeRD 1 and 2). Each brings its own label."""

import logging
from collections.abc import Iterator
from pathlib import Path

from ocr_pipeline.documents.importers.cii import label_of_xml
from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.source import Source, documents_in, name_of, relative_name
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Label


def import_zugferd(path: Source, documents: Path, dataset: str | None = None) -> ImportReport:
    """Import a folder of PDFs. One without XML inside is imported without a label, and counted in the notes.

    Raises:
        ConfigurationError: the folder is not there, the package `factur-x` is not installed, or the name is taken.
    """
    if not path.is_dir():
        raise ConfigurationError(f"{path} is not a folder.")
    try:
        import facturx  # noqa: F401 - only whether it is there; loading it later for every file would fail for every file
    except ImportError:
        raise ConfigurationError(
            "Reading the XML of e-invoices needs the package factur-x: pip install 'ocr_pipeline[zugferd]'."
        ) from None
    report = new_report(dataset or name_of(path), documents)
    without: list[str] = []

    def entries() -> Iterator[Entry]:
        for file in documents_in(path):
            name = relative_name(file, path)
            content = report.read(file, name)
            if content is None:
                continue
            label = _label(content, name, report)
            if label is None:
                without.append(name)
            yield Entry(name, content, label)

    copy(entries(), report)
    if without:
        report.notes.append(f"{len(without)} without the XML of an invoice: imported without a label.")
    return report


def _label(content: bytes, name: str, report: ImportReport) -> Label | None:
    xml = invoice_xml(content)
    if xml is None:
        return None
    label, problems = label_of_xml(xml)
    report.problems += [f"{name}: {problem}" for problem in problems]
    return label


def invoice_xml(content: bytes) -> bytes | None:
    """The XML of an invoice inside a PDF, or None where there is none or the PDF cannot be searched."""
    from facturx import get_xml_from_pdf

    for logger in ("factur-x", "pypdf"):  # they tell of every oddity of a file on standard error
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    try:
        _, xml = get_xml_from_pdf(content, check_xsd=False)
    except Exception:  # noqa: BLE001 - a broken PDF breaks pypdf in many ways; the document stage has the reason
        return None
    return xml or None
