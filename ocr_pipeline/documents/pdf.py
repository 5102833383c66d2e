"""Pages of PDFs, rendered and parsed by PDFium."""

import math
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ocr_pipeline.documents.limits import PDF_RENDER_DPI, Limits, check_pixels
from ocr_pipeline.documents.text_layer import TextLayer
from ocr_pipeline.documents.user_units import user_units
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_GREY_PIXELS = 36_000_000
"""A4 at 600 dpi. Larger pages are rendered at a lower resolution, but never below `PDF_RENDER_DPI`."""

_PDFIUM_LOCK = threading.Lock()  # PDFium is not thread-safe; a Dagster process may run several steps


@dataclass(frozen=True)
class PdfPage:
    """A PDF page. `width` and `height` are in pixels at `dpi`, with rotation and crop box applied."""

    content: bytes = field(repr=False)
    number: int
    width: int
    height: int
    dpi: float = PDF_RENDER_DPI
    unit: float = 1.0
    """Size of the page's unit in points: its `/UserUnit`."""

    def image(self) -> "npt.NDArray[np.uint8]":
        import numpy as np

        with _PDFIUM_LOCK, _pdf(self.content) as pdf:
            bitmap = pdf[self.number - 1].render(scale=self.unit * self.dpi / 72, rev_byteorder=True)
            return np.array(bitmap.to_numpy()[:, :, :3])

    def grey(self, dpi: float) -> "npt.NDArray[np.uint8]":
        """The page in shades of grey, array of shape (height, width), at `dpi` or what `MAX_GREY_PIXELS` allows."""
        import numpy as np

        largest = math.sqrt(MAX_GREY_PIXELS / (self.width * self.height))
        factor = min(dpi / self.dpi, max(1.0, largest))
        with _PDFIUM_LOCK, _pdf(self.content) as pdf:
            bitmap = pdf[self.number - 1].render(scale=self.unit * self.dpi / 72 * factor, grayscale=True)
            return np.array(bitmap.to_numpy().reshape(bitmap.height, -1)[:, : bitmap.width])

    def text_layer(self) -> list[Word] | None:
        layer = self.compared_text()
        return (layer.words or None) if layer else None

    def compared_text(self) -> TextLayer | None:
        from ocr_pipeline.documents.pdf_text_layer import read_text_layer

        with _PDFIUM_LOCK, _pdf(self.content) as pdf:
            return read_text_layer(pdf, self.number, self.unit)


def open_pdf(content: bytes, limits: Limits) -> list[PdfPage]:
    """The pages of a PDF, not rendered yet. Raises DocumentError."""
    with _PDFIUM_LOCK, _pdf(content) as pdf:
        if len(pdf) > limits.max_pages:
            raise DocumentError("too_many_pages", f"The PDF has {len(pdf):,} pages; the limit is {limits.max_pages:,}.")
        pages = []
        for index, unit in enumerate(user_units(content, pdf)):
            size = pdf.get_page_size(index)
            dpi = _resolution(size[0] * size[1], unit, limits)
            width, height = (math.ceil(side * (unit * dpi / 72)) for side in size)
            check_pixels(width, height, limits)
            pages.append(PdfPage(content, index + 1, width, height, dpi, unit))
        return pages


def _resolution(area: float, unit: float, limits: Limits) -> float:
    """`PDF_RENDER_DPI`, or less for a page that only its unit makes too large to render."""
    pixels = area * (PDF_RENDER_DPI / 72) ** 2
    if unit <= 1 or pixels * unit**2 <= limits.max_page_pixels or pixels > limits.max_page_pixels:
        return PDF_RENDER_DPI
    return 0.99 * math.sqrt(limits.max_page_pixels / pixels) / unit * PDF_RENDER_DPI


class _pdf:
    """Opens a PDF for the duration of a `with` block and converts PDFium's errors to DocumentError."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __enter__(self) -> Any:
        import pypdfium2

        try:
            self._document = pypdfium2.PdfDocument(self._content)
            self._document.init_forms()  # otherwise form contents are not rendered
        except pypdfium2.PdfiumError as error:
            self._check_for_pages()
            if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
                raise DocumentError("encrypted", "The PDF is encrypted; save it without a password.") from None
            raise DocumentError("unreadable", "Corrupt PDF: PDFium cannot open it.") from None
        return self._document

    def _check_for_pages(self) -> None:
        """For a PDF without pages, pypdfium2 raises the error of the previous file; PDFium itself opens it."""
        import pypdfium2.raw as pdfium

        document = pdfium.FPDF_LoadMemDocument64(self._content, len(self._content), None)
        if document:
            pdfium.FPDF_CloseDocument(document)
            raise DocumentError("no_pages", "The PDF has no pages.") from None

    def __exit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: object) -> None:
        import pypdfium2

        self._document.close()
        if isinstance(exc, pypdfium2.PdfiumError):
            raise DocumentError("unreadable", "Corrupt PDF: a page cannot be opened.") from None
