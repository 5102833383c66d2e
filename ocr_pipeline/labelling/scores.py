"""The scores of a data set while labels change: counts per backend and document, replaced for the documents that changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ocr_pipeline.evaluation.scoring.document import score_document
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import Scoring


class Counts(NamedTuple):
    """Of single-valued fields: right values, values given, values labelled, and fields that are right or empty in both."""

    correct: int = 0
    predicted: int = 0
    labelled: int = 0
    right: int = 0
    fields: int = 0

    @property
    def f1(self) -> float | None:
        """As on the leaderboard; None without anything to count."""
        total = self.predicted + self.labelled
        return 2 * self.correct / total if total else None


def counted(outcomes: Iterable[str]) -> Counts:
    """The counts of these outcomes."""
    given = list(outcomes)
    correct, wrong = given.count("correct"), given.count("wrong")
    return Counts(
        correct,
        correct + wrong + given.count("spurious"),
        correct + wrong + given.count("missing"),
        correct + given.count("both_empty"),
        len(given),
    )


Extractions = Mapping[str, Extraction | DocumentFailure]
"""The results of the backends for one document."""


def document_counts(label: Label, extractions: Extractions, rules: Rules) -> dict[str, Counts]:
    """The counts of each backend on one document."""
    return {
        backend: counted(
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
        return {
            backend: Counts(*(sum(column) for column in zip(*found.values(), strict=True))).f1
            for backend, found in self.counts.items()
            if found
        }


def tally(reader: Reader, scoring: Scoring, dataset: str) -> Tally:
    """The counts of the current scores of a data set."""
    outcomes: dict[tuple[str, str], list[str]] = {}
    for score in tables.scores.current(reader, scoring):
        if score.dataset == dataset:
            outcomes.setdefault((score.backend, score.document_id), []).append(score.outcome)
    result = Tally()
    for (backend, document_id), found in outcomes.items():
        result.counts.setdefault(backend, {})[document_id] = counted(found)
    return result
