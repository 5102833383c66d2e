"""Imports electronic invoices: PDFs with embedded XML (Factur-X, ZUGFeRD 1 and 2), which becomes the label."""

import logging
from collections.abc import Iterator
from pathlib import Path

from ocr_pipeline.documents.importers.cii import label_of_xml
from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.source import Source, documents_in, name_of, relative_name
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Label


def import_zugferd(path: Source, documents: Path, dataset: str | None = None) -> ImportReport:
    """Import a folder of PDFs. PDFs without XML are imported without a label and counted in the notes.

    Raises:
        ConfigurationError: the folder does not exist, the package `factur-x` is not installed, or the name is reserved.
    """
    if not path.is_dir():
        raise ConfigurationError(f"{path} is not a folder.")
    try:
        import facturx  # noqa: F401 - only checks that it is installed; otherwise every file would fail
    except ImportError:
        raise ConfigurationError(
            "The XML of e-invoices needs the package factur-x: pip install 'ocr_pipeline[zugferd]'."
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
        report.notes.append(
            f"{len(without)} PDF{'s' * (len(without) != 1)} without invoice XML: imported without a label."
        )
    return report


def _label(content: bytes, name: str, report: ImportReport) -> Label | None:
    xml = invoice_xml(content)
    if xml is None:
        return None
    label, problems = label_of_xml(xml)
    report.problems += [f"{name}: {problem}" for problem in problems]
    return label


def invoice_xml(content: bytes) -> bytes | None:
    """The invoice XML embedded in a PDF; None if there is none or the PDF cannot be parsed."""
    from facturx import get_xml_from_pdf

    for logger in ("factur-x", "pypdf"):  # they log every oddity of a file
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    try:
        _, xml = get_xml_from_pdf(content, check_xsd=False)
    except Exception:  # noqa: BLE001 - a corrupt PDF breaks pypdf in many ways; ingestion reports the reason
        return None
    return xml or None
