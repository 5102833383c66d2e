"""What the diagnosis stage loads from tables and stores in them, row by row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ocr_pipeline.schemas import OcrText

Key = tuple[str, str]
"""(document, field)."""

Texts = Callable[[str, Sequence[str]], Mapping[str, OcrText]]
"""Loads the text that an engine recognised: (engine, documents) to text by document."""


class ValueEvidence(NamedTuple):
    """Words that a backend names for a value, as indices; its own score for them; and why its value differs from them."""

    words: Sequence[int] | None = None
    score: float = 0.0
    correction: str | None = None


@dataclass(frozen=True, kw_only=True)
class AttributionRow:
    """A row of the table `attributions`: a score that is not right, and the stage that caused it.

    Page, box (`x0` to `y1`, 0..1) and similarity (0..1) are those of `attribution.Judgement.place`. `content`: hash of
    everything that the attributions of the document depend on. `run_id` and `judged_at`: None if not stored yet.
    """

    document_id: str
    backend: str
    field: str
    attribution: str
    reason: str
    page: int | None
    x0: float | None
    y0: float | None
    x1: float | None
    y1: float | None
    similarity: float | None
    dataset: str
    outcome: str
    truth: str | None
    prediction: str | None
    content: str
    run_id: str | None = None
    judged_at: str | datetime | None = None
