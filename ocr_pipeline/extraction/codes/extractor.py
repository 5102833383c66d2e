"""The extractor `codes`: reads only the codes that are printed on the pages."""

from importlib.metadata import version
from typing import Any

from ocr_pipeline.components import Capabilities
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.codes.combining import combine
from ocr_pipeline.extraction.codes.formats import parse
from ocr_pipeline.extraction.codes.scanning import CLOSE_DPI, SCAN_DPI, scan
from ocr_pipeline.schemas import Extraction

VERSION = 1
"""Raise it with every code change that can change a result."""


class CodesExtractor(Extractor):
    """Extracts what QR and bar codes say, and nothing else. Opens no address and checks no signature.

    A document without any code fails with the reason `no_code`. A document with codes that carry no values of an invoice has
    empty fields; `Extraction.codes` lists them.
    """

    id = "codes"
    capabilities = Capabilities(requires="pages")

    def fingerprint(self) -> dict[str, Any]:
        libraries = {name: version(name) for name in ("zxing-cpp", "pypdfium2")}
        return {"name": "codes", "version": VERSION, "dpi": [SCAN_DPI, CLOSE_DPI], **libraries}

    def extract(self, document: ExtractionInput) -> Extraction:
        codes = [code for page in document.open().pages for code in scan(page)]
        if not codes:
            raise DocumentError("no_code", "No QR or bar code was found on the pages.")
        return combine([(code, parse(code.payload, is_gs1=code.is_gs1, is_linear=code.is_linear)) for code in codes])
