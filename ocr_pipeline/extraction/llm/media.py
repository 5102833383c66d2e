"""A document as it is sent to a model that looks at it."""

from io import BytesIO

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.models.types import Media

MAX_BYTES = 14_000_000
"""Of all media of a request: with base64 and the rest it stays below the 20 MB that Gemini takes inline."""
LONGEST_SIDE = 3072
"""Pixels of a page image that is drawn here. A page in 200 dpi is smaller."""
JPEG_QUALITY = 90
AS_THEY_ARE = ("image/jpeg", "image/png")
"""Images that every model reads. Of the others, few models read TIFF, GIF, BMP and HEIC."""


def media_of(document: Document, *, pdf: bool) -> list[Media]:
    """The file itself where the model can read it, else its pages as JPEG.

    The file's own bytes are sent if possible: nothing is lost, and the call is the same call on every machine. A photo that
    is stored sideways is turned first (not every model looks at its EXIF data), and other types than JPEG and PNG are drawn.

    Args:
        pdf: the model takes a PDF as it is.

    Raises:
        DocumentError: a page cannot be drawn, or there is more than a request can hold.
    """
    if document.media_type == "application/pdf":
        whole = [Media(document.content, "application/pdf", pages=len(document.pages))] if pdf else None
    else:
        whole = [Media(document.content, document.media_type)] if _is_as_seen(document) else None
    if whole is None or sum(len(part.content) for part in whole) > MAX_BYTES:
        whole = [Media(_jpeg(page), "image/jpeg") for page in document.pages]
    if sum(len(part.content) for part in whole) > MAX_BYTES:
        raise DocumentError(
            "too_large", f"The document has more than the {MAX_BYTES:,} bytes that one request can hold."
        )
    return whole


def _is_as_seen(document: Document) -> bool:
    from PIL import ExifTags, Image

    if document.media_type not in AS_THEY_ARE or len(document.pages) > 1:
        return False
    try:
        with Image.open(BytesIO(document.content)) as image:
            return image.getexif().get(ExifTags.Base.Orientation, 1) in (0, 1)
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return False  # then drawing the page says what is wrong


def _jpeg(page: Page) -> bytes:
    from PIL import Image

    image = Image.fromarray(page.image())
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
