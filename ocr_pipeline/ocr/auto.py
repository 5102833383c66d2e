"""The `auto` engine: the text layer of each page where the picture confirms it, RapidOCR everywhere else."""

import time
from typing import TYPE_CHECKING, Any, ClassVar

from ocr_pipeline.components import Capabilities
from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.ocr.pdf_text import PdfText, read_text_layer
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.ocr.text_layer_check import upright_image
from ocr_pipeline.schemas import OcrPage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Auto(RapidOcr):
    """Decides page by page, and recognises the lines that a text layer lacks. Its options are those of `rapidocr`."""

    id: ClassVar[str] = "auto"
    capabilities: ClassVar[Capabilities] = Capabilities(reads=("xml", "code", "page"))

    def fingerprint(self) -> dict[str, Any]:
        return {**super().fingerprint(), "pdf-text": PdfText().fingerprint(), "auto": 1}

    @property
    def families(self) -> frozenset[str]:
        return frozenset({RapidOcr.id, PdfText.id})

    def read(self, document: Document) -> list[OcrPage]:
        return [self._read(page) for page in document.pages]

    def _read(self, page: Page) -> OcrPage:
        from_layer, missing = read_text_layer(page, self)
        if not from_layer.words:
            recognised = self.read_page(page)
            return recognised.model_copy(update={"seconds": from_layer.seconds + recognised.seconds})
        return from_layer if missing is None else self._completed(page, from_layer, missing)

    def _completed(self, page: Page, from_layer: OcrPage, missing: "npt.NDArray[np.float32]") -> OcrPage:
        """The words of the text layer, and those of the lines that only the picture shows: a letterhead, a footer."""
        started = time.perf_counter()
        image = upright_image(page, from_layer.rotation)
        words, _ = self.words_of_lines(image, missing, page.number)
        first = 1 + max(word.line for word in from_layer.words)
        added = [word.model_copy(update={"line": first + word.line}) for word in words]
        arranged = arrange([*from_layer.words, *added], from_layer.height / from_layer.width)
        seconds = from_layer.seconds + time.perf_counter() - started
        return from_layer.model_copy(update={"words": arranged, "seconds": seconds, "warnings": []})
