"""Opening a document: what it is, how many pages it has, and each page as pixels or as words.

The type is read from the content, never from the file name. Pages are lazy: nothing is decoded or rendered before
`Page.image()` or `Page.text_layer()` asks for it, and nothing is kept afterwards.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ocr_pipeline.documents.images import open_image
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.media_types import MediaType, detect_media_type
from ocr_pipeline.documents.pdf import open_pdf
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


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
    """An opened document. Keeps the bytes, so that what is read is what was hashed.

    `path` is the file that it was opened from: what a data set ships beside a document is found there.
    """

    sha256: str
    size: int
    media_type: MediaType
    pages: Sequence[Page]
    content: bytes = field(repr=False)
    path: Path | None = None


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
    """Open a document from its bytes: an image of any type in `MediaType`, or a PDF.

    Raises:
        DocumentError: the content is empty, of another type, broken, encrypted or above a limit.
    """
    media_type = detect_media_type(content)
    is_pdf = media_type == "application/pdf"
    pages: Sequence[Page] = open_pdf(content, limits) if is_pdf else open_image(content, media_type, limits)
    return Document(sha256_of(content), len(content), media_type, pages, content)


def open_unchanged(path: Path, sha256: str, limits: Limits) -> Document:
    """Open a document that was taken in before, and make sure that the file still holds what was taken in.

    Raises:
        DocumentError: the file is gone, changed, unreadable or above a limit.
    """
    content = read_bytes(path, limits)
    if sha256_of(content) != sha256:
        raise DocumentError("changed_file", "The file changed after it was taken in; materialise raw_documents again.")
    return replace(open_document(content, limits), path=path)
