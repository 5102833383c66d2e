"""The `pdf-text` engine: the text layer of born-digital PDFs. Exact and almost free."""

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.ocr.base import OcrEngine, rendering
from ocr_pipeline.ocr.rapidocr import RapidOcr
from ocr_pipeline.ocr.reading_order import VERSION as READING_ORDER
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline.ocr.text_layer_check import Recogniser, checked_words
from ocr_pipeline.schemas import OcrPage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class PdfText(BaseModel, OcrEngine):
    """Takes words from the text layer, as far as the picture of the page confirms them.

    A document without any such words fails with the reason `no_text_layer`. RapidOCR is loaded only for pages whose text
    layer is in doubt.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: ClassVar[str] = "pdf-text"

    def fingerprint(self) -> dict[str, Any]:
        checked_by = {name: value for name, value in RapidOcr().fingerprint().items() if name not in rendering()}
        fingerprint = {"engine": "pdf-text", "revision": 5, "reading_order": READING_ORDER, "checked_by": checked_by}
        return {**fingerprint, **rendering()}

    def read(self, document: Document) -> list[OcrPage]:
        pages = [read_text_layer(page, self._recogniser).page for page in document.pages]
        if any(page.words for page in pages):
            return pages
        reasons = [warning for page in pages for warning in page.warnings]
        reason = f" {reasons[0]}" if reasons else ""
        raise DocumentError("no_text_layer", f"The document has no text layer: use an OCR engine.{reason}")

    @cached_property
    def _recogniser(self) -> RapidOcr:
        return RapidOcr()

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"] = {key: value for key, value in state["__dict__"].items() if key != "_recogniser"}
        return state


class TextLayerPage(NamedTuple):
    """A page with the words of its text layer. `missing`: lines that only its picture shows, where they were looked for."""

    page: OcrPage
    missing: "npt.NDArray[np.float32] | None" = None


def read_text_layer(page: Page, recogniser: Recogniser) -> TextLayerPage:
    """The words of a text layer; none, and a warning, if they cannot be trusted."""
    started = time.perf_counter()
    layer = page.compared_text()
    if layer is None:
        seconds = time.perf_counter() - started
        return TextLayerPage(OcrPage(page=page.number, width=page.width, height=page.height, words=[], seconds=seconds))
    checked = checked_words(page, layer, recogniser)
    warnings = list(checked.warnings)
    if checked.distrusted:
        warnings.append(f"The text layer is not used: {checked.distrusted}.")
    width, height = (page.height, page.width) if layer.rotation in (90, 270) else (page.width, page.height)
    words = arrange(checked.words, height / width)
    result = OcrPage(
        page=page.number,
        width=width,
        height=height,
        rotation=layer.rotation,
        words=words,
        seconds=time.perf_counter() - started,
        warnings=warnings,
    )
    return TextLayerPage(result, checked.missing)
