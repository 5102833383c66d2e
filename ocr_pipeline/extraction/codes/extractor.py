"""The extractor `codes`: reads only the codes that are printed on the pages."""

from importlib.metadata import version
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from ocr_pipeline.components import Capabilities
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.codes.combining import combine
from ocr_pipeline.extraction.codes.formats import parse
from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.scanning import CLOSE_DPI, SCAN_DPI, Code, scan
from ocr_pipeline.extraction.codes.signatures import check_key, with_checked_signature
from ocr_pipeline.schemas import Extraction

VERSION = 1
"""Raise it with every code change that can change a result."""


def _key(pem: str) -> str:
    check_key(pem)
    return pem


class CodesExtractor(BaseModel, Extractor):
    """Extracts what QR and bar codes say, and nothing else. Opens no address.

    A document without any code fails with the reason `no_code`. A document with codes that carry no values of an invoice has
    empty fields; `Extraction.codes` lists them.

    `irn_keys`: public keys or certificates (PEM) of the Indian portals. With them, a code that none of them has signed gives
    no values. Other signatures are not checked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ClassVar[str] = "codes"
    capabilities: ClassVar[Capabilities] = Capabilities(requires="pages", reads=("code",))

    irn_keys: tuple[Annotated[str, AfterValidator(_key)], ...] = ()

    def fingerprint(self) -> dict[str, Any]:
        libraries = {name: version(name) for name in ("zxing-cpp", "pypdfium2")}
        keys = {"irn_keys": list(self.irn_keys)} if self.irn_keys else {}
        return {"name": "codes", "version": VERSION, "dpi": [SCAN_DPI, CLOSE_DPI], **keys, **libraries}

    def extract(self, document: ExtractionInput) -> Extraction:
        codes = [code for page in document.open().pages for code in scan(page)]
        if not codes:
            raise DocumentError("no_code", "No QR or bar code was found on the pages.")
        return combine([(code, self._content(code)) for code in codes])

    def _content(self, code: Code) -> Content | None:
        content = parse(code.payload, is_gs1=code.is_gs1, is_linear=code.is_linear)
        return with_checked_signature(code.payload, content, self.irn_keys) if content else None
