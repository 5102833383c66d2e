"""How other labels would change the scores."""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules
from ocr_pipeline.evaluation.scoring.stage import score_backend
from ocr_pipeline.evaluation.statistics.counts import Counts
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Values of one backend by outcome before and after, over all fields."""

    backend: str
    before: Counts
    after: Counts


def effect(
    backend: str,
    before: Mapping[str, Label],
    after: Mapping[str, Label],
    extractions: Mapping[str, Extraction | DocumentFailure],
    datasets: Mapping[str, str],
    rules: Rules = DEFAULT_RULES,
) -> Effect:
    """Score the same extractions against two versions of the labels. `datasets`: of each labelled document."""

    def counts(labels: Mapping[str, Label]) -> Counts:
        documents = score_backend(backend, labels, extractions, datasets, rules)
        return Counts.of(score.outcome for document in documents for score in document.fields)

    return Effect(backend=backend, before=counts(before), after=counts(after))
