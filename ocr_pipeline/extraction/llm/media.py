"""Documents as media for models with vision."""

from io import BytesIO

from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.models.types import Media

MAX_BYTES = 14_000_000
"""All media of a request: with base64 and text it stays below Gemini's inline limit of 20 MB."""
MAX_SIDE = 3072
"""Pixels of a rendered page. A page at 200 dpi is smaller."""
JPEG_QUALITY = 90
AS_THEY_ARE = ("image/jpeg", "image/png")
"""Image types that every model accepts. Few accept TIFF, GIF, BMP and HEIC."""


def media_of(document: Document, *, pdf: bool) -> list[Media]:
    """The file itself if the model accepts it, else its pages as JPEG.

    The original bytes are sent if possible: nothing is lost, and the call is the same on every machine. Of a part of a file,
    only its pages are sent. Photos with an EXIF rotation are turned first, because not every model respects it; types other
    than JPEG and PNG are rendered.

    Args:
        pdf: the model accepts PDF.

    Raises:
        DocumentError: a page cannot be rendered, or the media exceed the limit of a request.
    """
    whole: list[Media] | None
    if document.page_range is not None:
        whole = None  # the file has pages of other documents, too
    elif document.media_type == "application/pdf":
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
        return False  # rendering the page reports what is wrong


def _jpeg(page: Page) -> bytes:
    from PIL import Image

    image = Image.fromarray(page.image())
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
