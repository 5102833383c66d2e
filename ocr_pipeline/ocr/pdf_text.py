"""The `pdf-text` engine: the text layer of born-digital PDFs. Exact and almost free."""

import time
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.documents.pages import Document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.schemas import OcrPage


class PdfText(BaseModel, OcrEngine):
    """Takes words from the text layer. A document without one fails with the reason `no_text_layer`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "pdf-text"

    def fingerprint(self) -> dict[str, Any]:
        return {"engine": "pdf-text", "revision": 2, "reading_order": READING_ORDER, **rendering()}

    def read(self, document: Document) -> list[OcrPage]:
        pages = []
        for page in document.pages:
            started = time.perf_counter()
            words = arrange(page.text_layer() or [], page.height / page.width)
            seconds = time.perf_counter() - started
            pages.append(OcrPage(page=page.number, width=page.width, height=page.height, words=words, seconds=seconds))
        if not any(page.words for page in pages):
            raise DocumentError("no_text_layer", "The document has no text layer: use an OCR engine.")
        return pages
