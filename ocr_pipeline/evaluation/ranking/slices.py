"""Where a backend is good and where not: F1 of all fields together by document type, language, engine confidence and so on."""

from collections.abc import Callable
from dataclasses import dataclass

from ocr_pipeline.evaluation.ranking.outcomes import Outcomes
from ocr_pipeline.evaluation.statistics.intervals import bootstrap_f1

DIMENSIONS = ("document_type", "language", "currency", "confidence", "pages", "dataset", "split")
"""What documents are told apart by."""

UNKNOWN = "unknown"
"""The slice of documents of which it is not known: no such label, or an engine without confidences."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One backend on the documents of one slice. A document that failed counts as missing, as everywhere."""

    dataset: str
    backend: str
    dimension: str
    slice: str
    documents: int
    n: int
    """Labelled values."""
    correct: int
    predicted: int
    f1: float | None
    f1_low: float | None
    """95 %, bootstrap over the documents of the slice; None with fewer than 5."""
    f1_high: float | None


def summarise_slices(
    outcomes: Outcomes, dimension: str, slice_of: Callable[[str, str], str], *, seed: int = 0
) -> list[Slice]:
    """The slices of one dimension, by backend and name. `slice_of`: the slice of a (backend, document)."""
    import numpy as np

    ran = outcomes.ran()
    counts = outcomes.counts().sum(axis=2, dtype=np.int64)
    found = []
    for index, backend in enumerate(outcomes.backends):
        positions = np.flatnonzero(ran[index])
        names = np.array([slice_of(backend, outcomes.documents[position]) for position in positions], dtype=object)
        for name in sorted(set(names)):
            part = counts[index][positions[names == name]]
            correct, predicted, labelled = (int(total) for total in part.sum(axis=0))
            interval = bootstrap_f1(part, seed=seed)
            found.append(
                Slice(
                    dataset=outcomes.dataset,
                    backend=backend,
                    dimension=dimension,
                    slice=name,
                    documents=len(part),
                    n=labelled,
                    correct=correct,
                    predicted=predicted,
                    f1=2 * correct / (predicted + labelled) if predicted + labelled else None,
                    f1_low=interval[0] if interval else None,
                    f1_high=interval[1] if interval else None,
                )
            )
    return found


def confidence_band(confidence: float | None) -> str:
    """The mean confidence that an engine gave its words in a document, as a band."""
    if confidence is None:
        return UNKNOWN
    for below, name in ((0.8, "0.00 to 0.80"), (0.9, "0.80 to 0.90"), (0.95, "0.90 to 0.95")):
        if confidence < below:
            return name
    return "0.95 to 1.00"


def page_band(pages: int | None) -> str:
    """A number of pages as a band."""
    if pages is None:
        return UNKNOWN
    return str(pages) if pages <= 2 else "3 to 5" if pages <= 5 else "6 and more"
