"""Safe limits on what a document may cost. They are checked before anything is decoded or rendered."""

from pydantic import BaseModel, ConfigDict, PositiveInt


class Limits(BaseModel):
    """Limits per document. A file above one of them becomes a row with the reason `too_large` or `too_many_pages`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: PositiveInt = 50_000_000
    max_pages: PositiveInt = 200
    max_page_pixels: PositiveInt = 50_000_000  # A4 at 600 dpi is 35 million


PDF_RENDER_DPI = 200
"""Resolution at which a PDF page becomes an image."""
