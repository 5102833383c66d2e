"""Opening a document: what it is, how many pages it has, and each page as pixels or as words.

The type is read from the content, never from the file name. Pages are lazy: nothing is decoded or rendered before
`Page.image()` or `Page.text_layer()` asks for it, and nothing is kept afterwards.
"""

import hashlib
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ocr_pipeline.documents.limits import PDF_RENDER_DPI, Limits
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.ImageFile import ImageFile

MediaType = Literal["image/jpeg", "image/png", "application/pdf"]

_PDF_SCALE = PDF_RENDER_DPI / 72
_PDFIUM_LOCK = threading.Lock()  # PDFium is not thread-safe, and a Dagster process may run two steps at once


class Page(Protocol):
    """One page. `width` and `height` are the pixels of `image()`; `dpi` is None where the file does not say."""

    @property
    def number(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def dpi(self) -> float | None: ...

    def image(self) -> "npt.NDArray[np.uint8]":
        """The page as a person sees it: array of shape (height, width, 3), RGB. Raises DocumentError."""
        ...

    def text_layer(self) -> list[Word] | None:
        """The words that the file itself holds as text, or None where it holds none. Raises DocumentError."""
        ...


@dataclass(frozen=True)
class Document:
    """An opened document. Keeps the bytes, so that what is read is what was hashed."""

    sha256: str
    size: int
    media_type: MediaType
    pages: Sequence[Page]
    content: bytes = field(repr=False)


def sha256_of(content: bytes) -> str:
    """Hex SHA-256 of a document's bytes: its identity in every cache key."""
    return hashlib.sha256(content).hexdigest()


def read_bytes(path: Path, limits: Limits) -> bytes:
    """Read a document file, refusing one above `limits.max_bytes` before it is read. Raises DocumentError."""
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise DocumentError("too_large", f"The file has {size:,} bytes; the limit is {limits.max_bytes:,}.")
        return path.read_bytes()
    except FileNotFoundError:
        raise DocumentError("missing_file", "The file is gone.") from None
    except OSError as error:
        raise DocumentError("unreadable", f"The file cannot be read: {error.strerror}.") from None


def open_document(content: bytes, limits: Limits) -> Document:
    """Open a JPEG, PNG or PDF from its bytes.

    Raises:
        DocumentError: the content is empty, of another type, broken, encrypted or above a limit.
    """
    media_type = detect_media_type(content)
    is_pdf = media_type == "application/pdf"
    pages: Sequence[Page] = _open_pdf(content, limits) if is_pdf else [_open_image(content, limits)]
    return Document(sha256_of(content), len(content), media_type, pages, content)


def open_unchanged(path: Path, sha256: str, limits: Limits) -> Document:
    """Open a document that was taken in before, and make sure that the file still holds what was taken in.

    Raises:
        DocumentError: the file is gone, changed, unreadable or above a limit.
    """
    content = read_bytes(path, limits)
    if sha256_of(content) != sha256:
        raise DocumentError("changed_file", "The file changed after it was taken in; materialise raw_documents again.")
    return open_document(content, limits)


def detect_media_type(content: bytes) -> MediaType:
    """The type by the leading bytes. Raises DocumentError."""
    if not content:
        raise DocumentError("empty_file", "The file is empty.")
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if b"%PDF-" in content[:1024]:  # ISO 32000 readers accept leading junk
        return "application/pdf"
    raise DocumentError("unsupported_type", "The content is not a JPEG, PNG or PDF.")


@dataclass(frozen=True)
class _ImagePage:
    content: bytes = field(repr=False)
    width: int
    height: int
    dpi: float | None
    number: int = 1

    def image(self) -> "npt.NDArray[np.uint8]":
        import numpy as np
        from PIL import Image, ImageOps

        try:
            with _open_with_pillow(self.content) as image:
                upright = ImageOps.exif_transpose(image)
                if upright.mode.startswith("I"):  # 16 bits of grey: Pillow would clip them
                    return np.repeat((np.asarray(upright) >> 8).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)
                if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
                    upright = upright.convert("RGBA")  # transparent means paper, not black
                    upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
                return np.asarray(upright.convert("RGB"))
        except (OSError, ValueError, SyntaxError) as error:  # Pillow reports broken PNG chunks as SyntaxError
            raise DocumentError("unreadable", f"The image is broken: {type(error).__name__}.") from None

    def text_layer(self) -> None:
        return None


def _open_image(content: bytes, limits: Limits) -> _ImagePage:
    from PIL import ExifTags

    try:
        with _open_with_pillow(content) as image:
            width, height = image.size
            _check_pixels(width, height, limits)  # before getexif: in a PNG it looks behind the pixels and decodes them
            if image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8):  # these swap the axes
                width, height = height, width
            dpi = image.info.get("dpi", (None,))[0]
    except (OSError, ValueError, SyntaxError) as error:
        raise DocumentError("unreadable", f"The image is broken: {type(error).__name__}.") from None
    return _ImagePage(content, width, height, float(dpi) if dpi and dpi > 1 else None)


def _open_with_pillow(content: bytes) -> "ImageFile":
    """Read the header. Not by `Image.open`: it has a limit of its own, and ours is checked before anything is decoded."""
    from PIL.JpegImagePlugin import JpegImageFile
    from PIL.PngImagePlugin import PngImageFile

    file_type = JpegImageFile if detect_media_type(content) == "image/jpeg" else PngImageFile
    return file_type(BytesIO(content))


@dataclass(frozen=True)
class _PdfPage:
    content: bytes = field(repr=False)
    number: int
    width: int
    height: int
    dpi: float = PDF_RENDER_DPI

    def image(self) -> "npt.NDArray[np.uint8]":
        import numpy as np

        with _PDFIUM_LOCK, _pdf(self.content) as pdf:
            bitmap = pdf[self.number - 1].render(scale=_PDF_SCALE, rev_byteorder=True)
            return np.array(bitmap.to_numpy()[:, :, :3])

    def text_layer(self) -> list[Word] | None:
        from ocr_pipeline.documents.pdf_words import words_of_page

        with _PDFIUM_LOCK, _pdf(self.content) as pdf:
            return words_of_page(pdf[self.number - 1], self.number) or None


def _open_pdf(content: bytes, limits: Limits) -> list[_PdfPage]:
    with _PDFIUM_LOCK, _pdf(content) as pdf:
        if len(pdf) > limits.max_pages:
            raise DocumentError("too_many_pages", f"The PDF has {len(pdf):,} pages; the limit is {limits.max_pages:,}.")
        pages = []
        for index in range(len(pdf)):
            width, height = (math.ceil(side * _PDF_SCALE) for side in pdf.get_page_size(index))
            _check_pixels(width, height, limits)
            pages.append(_PdfPage(content, index + 1, width, height))
        return pages


class _pdf:
    """Open a PDF for the length of a `with` block and turn PDFium's errors into ours."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __enter__(self) -> Any:
        import pypdfium2

        try:
            self._document = pypdfium2.PdfDocument(self._content)
            self._document.init_forms()  # without it, what is filled into a form is not drawn
        except pypdfium2.PdfiumError as error:
            self._refuse_without_pages()
            if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
                raise DocumentError("encrypted", "The PDF is encrypted; save it without a password.") from None
            raise DocumentError("unreadable", "The PDF is broken: PDFium cannot open it.") from None
        return self._document

    def _refuse_without_pages(self) -> None:
        """pypdfium2 refuses a PDF without pages with the error of the file before: PDFium itself opens it."""
        import pypdfium2.raw as pdfium

        opened = pdfium.FPDF_LoadMemDocument64(self._content, len(self._content), None)
        if opened:
            pdfium.FPDF_CloseDocument(opened)
            raise DocumentError("no_pages", "The PDF has no pages.") from None

    def __exit__(self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: object) -> None:
        import pypdfium2

        self._document.close()
        if isinstance(exc, pypdfium2.PdfiumError):
            raise DocumentError("unreadable", "The PDF is broken: a page cannot be opened.") from None


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise DocumentError("unreadable", "A page has no area.")
    if width * height > limits.max_page_pixels:
        raise DocumentError(
            "too_large",
            f"A page of {width:,} x {height:,} pixels is above the limit of {limits.max_page_pixels:,} pixels.",
        )
