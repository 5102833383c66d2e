"""A QR or bar code on a page, as it crosses stages: part of `Extraction`."""

from pydantic import BaseModel, ConfigDict, Field


class PageCode(BaseModel):
    """A decoded code. Everything in it is untrusted text; addresses in it are never opened.

    `box` is relative to the page as displayed, as all boxes of `schemas.py`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: int
    box: tuple[float, float, float, float]
    symbology: str = Field(description="As zxing-cpp names it: QR Code, Code 128.")
    format: str | None = Field(description="The specification that its content follows; None if it is not a known one.")
    version: str = ""
    text: str = Field(description="The beginning of its content, on one line.")
    values: dict[str, str] = Field(
        default={}, description="What it says: our fields by their names, and others such as `iban`, `reference`."
    )
