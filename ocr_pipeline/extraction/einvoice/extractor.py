"""The extractor `einvoice`: reads only the XML of an e-invoice."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from ocr_pipeline.components import Capabilities
from ocr_pipeline.documents.einvoice import PACKAGES
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.einvoice.combining import combine
from ocr_pipeline.installing import extra_command
from ocr_pipeline.schemas import Extraction

VERSION = 1
"""Raise it with every code change that can change a result."""


class EInvoiceExtractor(Extractor):
    """Extracts what the XML of an e-invoice says, in a PDF or alone, and nothing else. No signature is checked.

    A document without usable XML fails with the reason `no_xml`.
    """

    id = "einvoice"
    capabilities = Capabilities(requires="pages", reads=("xml",))

    def fingerprint(self) -> dict[str, Any]:
        return {"name": "einvoice", "version": VERSION, **{name: _version(name) for name in PACKAGES}}

    def unavailable(self) -> str | None:
        if any(find_spec(name) is None for name in PACKAGES):
            return f"It needs the packages lxml and pypdf: {extra_command('einvoice')}."
        return None

    def extract(self, document: ExtractionInput) -> Extraction:
        from ocr_pipeline.documents.einvoice.reading import read_einvoices
        from ocr_pipeline.documents.einvoice.xml import UnusableXmlError

        opened = document.open()
        if opened.page_range is not None:
            raise DocumentError("no_xml", "The XML of a PDF describes the whole file, not a part of it.")
        try:
            return combine(read_einvoices(opened.content))
        except UnusableXmlError as error:
            raise DocumentError("no_xml", f"The document has no e-invoice XML: {error}.") from None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
