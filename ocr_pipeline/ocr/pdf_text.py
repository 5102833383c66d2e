"""The `pdf-text` engine: the words that a born-digital PDF holds itself. Exact, and almost free."""

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
    """Reads the text layer. A document without one fails with the reason `no_text_layer`: it needs OCR."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "pdf-text"

    def fingerprint(self) -> dict[str, Any]:
        return {"engine": "pdf-text", "revision": 2, "reading_order": READING_ORDER, **rendering()}

    def read(self, document: Document) -> list[OcrPage]:
        result = []
        for page in document.pages:
            started = time.perf_counter()
            words = arrange(page.text_layer() or [], page.height / page.width)
            seconds = time.perf_counter() - started
            result.append(OcrPage(page=page.number, width=page.width, height=page.height, words=words, seconds=seconds))
        if not any(page.words for page in result):
            raise DocumentError("no_text_layer", "The document holds no text layer: it needs an OCR engine.")
        return result
