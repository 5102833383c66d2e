"""Opens documents: media type, number of pages, and each page as pixels or words.

The type is detected from the content, never from the file name. Pages are lazy: `Page.image()` and `Page.text_layer()` decode
or render on each call and cache nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ocr_pipeline.documents.images import open_image
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.media_types import MediaType, detect_media_type
from ocr_pipeline.documents.pdf import PdfPage, open_pdf
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Page(Protocol):
    """A page. `width` and `height` are those of `image()` in pixels; `dpi` is None if the file does not state it."""

    @property
    def number(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def dpi(self) -> float | None: ...

    def image(self) -> "npt.NDArray[np.uint8]":
        """The page as displayed: array of shape (height, width, 3), RGB. Raises DocumentError."""
        ...

    def text_layer(self) -> list[Word] | None:
        """The words of the text layer, or None if the page has none. Raises DocumentError."""
        ...


@dataclass(frozen=True)
class Document:
    """An opened document. Keeps its bytes, so that engines process exactly what was hashed.

    `path` is the file it was opened from; transcripts are beside it.
    """

    sha256: str
    size: int
    media_type: MediaType
    pages: Sequence[Page]
    content: bytes = field(repr=False)
    path: Path | None = None


def grey_image(page: Page, dpi: float) -> "npt.NDArray[np.uint8]":
    """A page in shades of grey, array of shape (height, width). A PDF page is rendered at about `dpi`; a picture has the
    resolution that it has.

    Raises:
        DocumentError: the page cannot be decoded or rendered.
    """
    if isinstance(page, PdfPage):
        return page.grey(dpi)
    import cv2
    import numpy as np

    return np.asarray(cv2.cvtColor(page.image(), cv2.COLOR_RGB2GRAY), np.uint8)


def sha256_of(content: bytes) -> str:
    """Hex SHA-256 of a document's bytes, which identifies it in all cache keys."""
    return hashlib.sha256(content).hexdigest()


def read_bytes(path: Path, limits: Limits) -> bytes:
    """Read a document file unless it exceeds `limits.max_bytes`. Raises DocumentError."""
    try:
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise DocumentError("too_large", f"The file has {size:,} bytes; the limit is {limits.max_bytes:,}.")
        return path.read_bytes()
    except FileNotFoundError:
        raise DocumentError("missing_file", "The file does not exist.") from None
    except OSError as error:
        raise DocumentError("unreadable", f"The file cannot be read: {error.strerror}.") from None


def open_document(content: bytes, limits: Limits) -> Document:
    """Open a document from its bytes: any type in `MediaType`.

    Raises:
        DocumentError: the content is empty, unsupported, corrupt, encrypted or exceeds a limit.
    """
    media_type = detect_media_type(content)
    is_pdf = media_type == "application/pdf"
    pages: Sequence[Page] = open_pdf(content, limits) if is_pdf else open_image(content, media_type, limits)
    return Document(sha256_of(content), len(content), media_type, pages, content)


def open_unchanged(path: Path, sha256: str, limits: Limits) -> Document:
    """Open an ingested document and verify that the file has not changed since.

    Raises:
        DocumentError: the file is missing, changed, unreadable or exceeds a limit.
    """
    content = read_bytes(path, limits)
    if sha256_of(content) != sha256:
        raise DocumentError("changed_file", "The file changed after it was ingested; materialise raw_documents again.")
    return replace(open_document(content, limits), path=path)
