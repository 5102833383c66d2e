"""Limits on the size and resource use of documents, checked before anything is decoded or rendered."""

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from ocr_pipeline.errors import DocumentError


class Limits(BaseModel):
    """Limits per document. A file that exceeds one fails with the reason `too_large` or `too_many_pages`.

    The first three are checked against the file and its header, the last two enforced on the process that decodes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: PositiveInt = 50_000_000
    max_pages: PositiveInt = 200
    max_page_pixels: PositiveInt = 50_000_000  # A4 at 600 dpi is 35 million
    max_memory_bytes: PositiveInt = 800_000_000  # about twice the need of the largest valid page
    max_seconds: PositiveFloat = 4  # of CPU time, so that load on the machine has no effect


PDF_RENDER_DPI = 200
"""Resolution at which PDF pages are rendered."""


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Raises DocumentError if a page is too large to decode or render."""
    if width < 1 or height < 1:
        raise DocumentError("unreadable", "A page has no area.")
    if width * height > limits.max_page_pixels:
        raise DocumentError(
            "too_large",
            f"A page of {width:,} x {height:,} pixels exceeds the limit of {limits.max_page_pixels:,} pixels.",
        )
