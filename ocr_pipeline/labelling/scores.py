"""The scores of a data set while labels change: counts per backend and document, replaced for the documents that changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ocr_pipeline.evaluation.scoring.document import score_document
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.statistics.counts import Counts, Outcome
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import Scoring

Extractions = Mapping[str, Extraction | DocumentFailure]
"""The results of the backends for one document."""


def document_counts(label: Label, extractions: Extractions, rules: Rules) -> dict[str, Counts]:
    """The counts of each backend on one document."""
    return {
        backend: Counts.of(
            score.outcome for score in score_document(label, result if isinstance(result, Extraction) else None, rules)
        )
        for backend, result in extractions.items()
    }


@dataclass
class Tally:
    """Counts of one data set by backend and document."""

    counts: dict[str, dict[str, Counts]] = field(default_factory=dict)

    def replace(self, document_id: str, counts: Mapping[str, Counts] | None) -> None:
        """The counts of a document by backend; None: it has no label any more."""
        for of_backend in self.counts.values():
            of_backend.pop(document_id, None)
        for backend, found in (counts or {}).items():
            self.counts.setdefault(backend, {})[document_id] = found

    def f1(self) -> dict[str, float | None]:
        """By backend, over all fields and documents."""
        return {backend: sum(found.values(), Counts()).f1 for backend, found in self.counts.items() if found}


def tally(reader: Reader, scoring: Scoring, dataset: str) -> Tally:
    """The counts of the current scores of a data set."""
    outcomes: dict[tuple[str, str], list[Outcome]] = {}
    for score in tables.scores.current(reader, scoring):
        if score.dataset == dataset:
            outcomes.setdefault((score.backend, score.document_id), []).append(score.outcome)
    result = Tally()
    for (backend, document_id), found in outcomes.items():
        result.counts.setdefault(backend, {})[document_id] = Counts.of(found)
    return result
