"""Opens documents: media type, number of pages, and each page as pixels or words.

The type is detected from the content, never from the file name. Pages are lazy: `Page.image()` and `Page.text_layer()` decode
or render on each call and cache nothing.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ocr_pipeline.documents.bucket_files import drop_copy, local_copy, object_size
from ocr_pipeline.documents.images import open_image
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.media_types import DRAWN, MediaType, detect_media_type
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pdf import PdfPage, open_pdf
from ocr_pipeline.documents.text_layer import TextLayer
from ocr_pipeline.documents.xml_pages import open_xml
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
        """The visible words of the text layer, or None if the page has none. Raises DocumentError."""
        ...

    def compared_text(self) -> TextLayer | None:
        """The text layer compared with the picture, or None if the page has none. Raises DocumentError."""
        ...


@dataclass(frozen=True)
class Document:
    """An opened document. Keeps its bytes, so that engines process exactly what was hashed.

    `path` is the file it was opened from; transcripts are beside it. Of a part of a file, `page_range` are its pages in the
    file; its own pages are numbered from 1, `sha256` identifies the part, and `content` is that of the whole file.
    """

    sha256: str
    size: int
    media_type: MediaType
    pages: Sequence[Page]
    content: bytes = field(repr=False)
    path: Path | None = None
    page_range: PageRange | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether its pages are drawn from its values: there is nothing on them to recognise."""
        return self.media_type in DRAWN


@dataclass(frozen=True)
class PartPage:
    """A page of a part, numbered within the part."""

    page: Page
    number: int
    width: int
    height: int
    dpi: float | None

    def image(self) -> "npt.NDArray[np.uint8]":
        return self.page.image()

    def text_layer(self) -> list[Word] | None:
        words = self.page.text_layer()
        return words and [word.model_copy(update={"page": self.number}) for word in words]

    def compared_text(self) -> TextLayer | None:
        layer = self.page.compared_text()
        return layer and layer.on_page(self.number)


def grey_image(page: Page, dpi: float) -> "npt.NDArray[np.uint8]":
    """A page in shades of grey, array of shape (height, width). A PDF page is rendered at about `dpi`; a picture has the
    resolution that it has.

    Raises:
        DocumentError: the page cannot be decoded or rendered.
    """
    if isinstance(page, PartPage):
        page = page.page
    if isinstance(page, PdfPage):
        return page.grey(dpi)
    import cv2
    import numpy as np

    return np.asarray(cv2.cvtColor(page.image(), cv2.COLOR_RGB2GRAY), np.uint8)


def sha256_of(content: bytes) -> str:
    """Hex SHA-256 of a document's bytes, which identifies it in all cache keys."""
    return hashlib.sha256(content).hexdigest()


def document_sha256(content: bytes, pages: PageRange | None = None) -> str:
    """What identifies a document in all cache keys: the hash of its bytes, of a part that of the file's hash and its pages."""
    whole = sha256_of(content)
    return whole if pages is None else part_sha256(whole, pages)


def part_sha256(sha256: str, pages: PageRange) -> str:
    """What identifies a part of the file with this hash."""
    return sha256_of(f"{sha256}:{pages.suffix}".encode())


def read_bytes(path: Path, limits: Limits) -> bytes:
    """Read a document file unless it exceeds `limits.max_bytes`, or changes meanwhile.

    Raises:
        DocumentError: it is gone, cannot be read, too large, or changed.
        ConfigurationError: it is in a bucket that may not be read.
    """
    try:
        size = object_size(path)
        if size is not None and size > limits.max_bytes:
            raise _too_large(size, limits)
        with local_copy(path).open("rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > limits.max_bytes:
                raise _too_large(before.st_size, limits)
            content, after = file.read(limits.max_bytes + 1), os.fstat(file.fileno())
    except FileNotFoundError:
        raise DocumentError("missing_file", "The file does not exist.") from None
    except OSError as error:
        raise DocumentError("unreadable", f"The file cannot be read: {error.strerror}.") from None
    if len(content) != before.st_size or (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise DocumentError("changed_file", "The file changed while it was read; the next run reads it again.")
    return content


def _too_large(size: int, limits: Limits) -> DocumentError:
    return DocumentError("too_large", f"The file has {size:,} bytes; the limit is {limits.max_bytes:,}.")


def open_document(content: bytes, limits: Limits, part: PageRange | None = None) -> Document:
    """Open a document from its bytes: any type in `MediaType`; of XML, the pages are drawn. `part`: only these pages of it.

    Raises:
        DocumentError: the content is empty, unsupported, corrupt, encrypted or exceeds a limit, or has not all of the pages.
    """
    media_type = detect_media_type(content)
    pages: Sequence[Page]
    if media_type == "application/pdf":
        pages = open_pdf(content, limits)
    elif media_type in DRAWN:
        pages = open_xml(content, limits)
    else:
        pages = open_image(content, media_type, limits)
    if part is not None:
        pages = _part_pages(pages, part)
    return Document(document_sha256(content, part), len(content), media_type, pages, content, page_range=part)


def _part_pages(pages: Sequence[Page], part: PageRange) -> Sequence[Page]:
    if part.last > len(pages):
        raise DocumentError("no_pages", f"The file ends at page {len(pages)}; this part is of pages {part}.")
    return [
        PartPage(page, number, page.width, page.height, page.dpi)
        for number, page in enumerate(pages[part.first - 1 : part.last], start=1)
    ]


def content_to_send(path: Path, limits: Limits) -> bytes | None:
    """The bytes of a document, for a machine that may not have its file; None if it cannot be read: that machine says why."""
    try:
        return read_bytes(path, limits)
    except DocumentError:
        return None


def open_unchanged(
    path: Path, sha256: str, limits: Limits, part: PageRange | None = None, content: bytes | None = None
) -> Document:
    """Open an ingested document, or a part of one, and verify that the file has not changed since. `content`: of the file,
    where this machine does not have it.

    Raises:
        DocumentError: the file is missing, changed, unreadable or exceeds a limit.
    """
    content = read_bytes(path, limits) if content is None else content
    if document_sha256(content, part) != sha256 and drop_copy(path):  # the copy of an object may be damaged
        content = read_bytes(path, limits)
    if document_sha256(content, part) != sha256:
        raise DocumentError("changed_file", "The file changed after it was ingested; materialise raw_documents again.")
    return replace(open_document(content, limits, part), path=path)
