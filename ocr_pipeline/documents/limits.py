"""Safe limits on what a document may cost. They are checked before anything is decoded or rendered."""

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from ocr_pipeline.errors import DocumentError


class Limits(BaseModel):
    """Limits per document. A file above one of them becomes a row with the reason `too_large` or `too_many_pages`.

    The first three are read off the file. The last two hold for the process that takes a document in: they end what a
    file makes a library do that its header does not show.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: PositiveInt = 50_000_000
    max_pages: PositiveInt = 200
    max_page_pixels: PositiveInt = 50_000_000  # A4 at 600 dpi is 35 million
    max_memory_bytes: PositiveInt = 800_000_000  # the worst good page within the limits above takes about half
    max_seconds: PositiveFloat = 4  # of CPU time, so that a busy machine refuses nothing


PDF_RENDER_DPI = 200
"""Resolution at which a PDF page becomes an image."""


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Refuse a page that is too large to decode or to render. Raises DocumentError."""
    if width < 1 or height < 1:
        raise DocumentError("unreadable", "A page has no area.")
    if width * height > limits.max_page_pixels:
        raise DocumentError(
            "too_large",
            f"A page of {width:,} x {height:,} pixels is above the limit of {limits.max_page_pixels:,} pixels.",
        )
