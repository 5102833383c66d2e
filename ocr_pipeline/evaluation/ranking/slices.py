"""Strengths and weaknesses of a backend: F1 of all fields together by document type, language, engine confidence etc."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ocr_pipeline.evaluation.ranking.outcomes import Outcomes, counts_of
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1
from ocr_pipeline.evaluation.statistics.rates import high, low

DIMENSIONS = ("document_type", "language", "currency", "confidence", "pages", "dataset", "split")
"""Features that documents are grouped by."""

UNKNOWN = "unknown"
"""The slice of documents whose feature is unknown: not labelled, or an engine without confidences."""


class DocumentFeatures(NamedTuple):
    """What is known about a document: type and currency as labelled, language, split and number of pages."""

    document_type: str | None
    language: str | None
    currency: str | None
    pages: int | None
    split: str | None


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One backend on the documents of one slice. Failed documents count as missing, as everywhere. Columns as in the table
    `leaderboard_slices`."""

    dataset: str
    backend: str
    dimension: str
    slice: str
    documents: int
    n: int
    correct: int
    predicted: int
    f1: float | None
    f1_low: float | None
    f1_high: float | None


def summarise_slices(
    outcomes: Outcomes, dimension: str, slice_of: Callable[[str, str], str], *, seed: int = 0
) -> list[Slice]:
    """Sum up the slices of one dimension, by backend and name. `slice_of`: the slice of a (backend, document)."""
    import numpy as np

    ran = outcomes.ran()
    parts = outcomes.counts().sum(axis=2, dtype=np.int64)
    slices = []
    for index, backend in enumerate(outcomes.backends):
        positions = np.flatnonzero(ran[index])
        slice_names = [slice_of(backend, outcomes.documents[position]) for position in positions]
        numbers = {name: number for number, name in enumerate(sorted(set(slice_names)))}
        slice_numbers = np.fromiter((numbers[name] for name in slice_names), np.intp, len(slice_names))
        for name, number in numbers.items():
            chosen = positions[slice_numbers == number]
            counts = counts_of(outcomes.codes[index][chosen])
            interval = bootstrap_f1(parts[index][chosen], seed=seed)
            slices.append(
                Slice(
                    dataset=outcomes.dataset,
                    backend=backend,
                    dimension=dimension,
                    slice=name,
                    documents=len(chosen),
                    n=counts.labelled,
                    correct=counts.correct,
                    predicted=counts.predicted,
                    f1=counts.f1,
                    f1_low=low(interval),
                    f1_high=high(interval),
                )
            )
    return slices


def slice_of(dimension: str, dataset: str, features: DocumentFeatures | None, confidence: float | None) -> str:
    """Slice that a document belongs to. `confidence`: the mean of the engine's words in it."""
    if dimension == "confidence":
        return confidence_band(confidence)
    if dimension == "dataset":
        return dataset
    if dimension == "pages":
        return page_band(features.pages if features else None)
    return getattr(features, dimension, None) or UNKNOWN


def confidence_band(confidence: float | None) -> str:
    """Band of the mean confidence that an engine gave its words in a document."""
    if confidence is None:
        return UNKNOWN
    for below, name in ((0.8, "0.00 to 0.80"), (0.9, "0.80 to 0.90"), (0.95, "0.90 to 0.95")):
        if confidence < below:
            return name
    return "0.95 to 1.00"


def page_band(pages: int | None) -> str:
    """Band of a number of pages."""
    if pages is None:
        return UNKNOWN
    return str(pages) if pages <= 2 else "3 to 5" if pages <= 5 else "6 and more"
