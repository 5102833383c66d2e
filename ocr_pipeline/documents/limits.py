"""Limits on the size and resource use of documents, and on the time that each stage may take for one."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from ocr_pipeline.errors import DocumentError
from ocr_pipeline.processes.budget import Budget, OverBudget
from ocr_pipeline.store import result_key

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Limits(BaseModel):
    """Limits per document. One that exceeds a limit fails with the reason `too_large`, `too_many_pages` or `too_slow`.

    The first three are checked against the file and its header, the next two enforced on the process that decodes it. The
    others are those of the stages, in seconds of CPU time, so that load on the machine has no effect; wall time may be
    `wall_factor` times as long.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: PositiveInt = 50_000_000
    max_pages: PositiveInt = 200
    max_page_pixels: PositiveInt = 50_000_000  # A4 at 600 dpi is 35 million
    max_memory_bytes: PositiveInt = 800_000_000  # about twice the need of the largest valid page
    max_seconds: PositiveFloat = 4  # to open a file, and to decode or draw a page
    max_ocr_seconds_per_page: Seconds = 60
    max_extraction_seconds: Seconds = 10  # of extractors that ask no model: rules, learned, your own
    max_local_model_seconds: Seconds = 120  # of extractors that run a model on this machine: smollm2
    max_prediction_seconds: Seconds = 2  # of imported predictions
    max_seconds_of: dict[str, Seconds] = {}  # in place of these, by name of a backend, or of an engine (a page)
    wall_factor: Annotated[float, Field(ge=1, le=1000)] = 4

    def times(self, cpu: float) -> "TimeLimits":
        """The limits of a call that may take so much CPU time."""
        return TimeLimits(Budget(cpu, cpu * self.wall_factor), self.max_seconds)


@dataclass(frozen=True)
class TimeLimits:
    """What a stage may take for a document or, OCR, for a page; `page`: seconds of CPU time to decode or draw one."""

    budget: Budget
    page: float

    def of_pages(self, pages: int) -> Budget:
        return Budget(self.budget.cpu * pages, self.budget.wall * pages)

    def key(self, key: str) -> str:
        """Where it is stored that the result with this key takes too long: other limits make another key, so that a document
        is tried again once they are changed, and only then."""
        return result_key(key, f"too slow: {self.budget.cpu:g} {self.budget.wall:g} {self.page:g}")


def too_slow(what: str, error: OverBudget, setting: str) -> DocumentError:
    """The error of a document for which a stage took too long. `setting`: the limit, as it is named in `limits`."""
    return DocumentError("too_slow", f"{what} exceeds {error} (limits.{setting}).")


def page_too_slow(limits: Limits) -> DocumentError:
    """The error of a document with a page that takes too long to decode or draw."""
    return DocumentError(
        "too_slow", f"Decoding or drawing a page exceeds {limits.max_seconds:g} s of CPU time (limits.max_seconds)."
    )


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
