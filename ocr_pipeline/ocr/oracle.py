"""The `oracle` engine: transcripts of the data set instead of OCR.

A control rather than a competitor: errors of an extractor on perfect text are the extractor's own.
"""

import time
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.components import Capabilities
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.documents.transcripts import load_transcript
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr.base import OcrEngine
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.schemas import OcrPage


class Oracle(BaseModel, OcrEngine):
    """Loads transcripts. A document without one fails with the reason `no_transcript`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "oracle"

    capabilities: ClassVar[Capabilities] = Capabilities(reads_transcripts=True)

    def fingerprint(self) -> dict[str, Any]:
        return {"engine": "oracle", "revision": 1, "reading_order": READING_ORDER}

    def read(self, document: Document) -> list[OcrPage]:
        if document.path is None:
            raise DocumentError("no_transcript", "The document was not opened from a file.")
        started = time.perf_counter()
        pages = load_transcript(document.path, document.page_range).pages
        words = [arrange(page.words, page.height / page.width) for page in pages]
        seconds = (time.perf_counter() - started) / max(len(pages), 1)
        return [
            page.model_copy(update={"words": arranged, "seconds": seconds})
            for page, arranged in zip(pages, words, strict=True)
        ]
