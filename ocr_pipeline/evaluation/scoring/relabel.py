"""How other labels would change the scores."""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, Rules
from ocr_pipeline.evaluation.scoring.stage import score_backend
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Scores of one backend before and after, over all fields. F1 is 0..1, None without anything to count."""

    backend: str
    correct_before: int
    correct_after: int
    f1_before: float | None
    f1_after: float | None


def effect(
    backend: str,
    before: Mapping[str, Label],
    after: Mapping[str, Label],
    extractions: Mapping[str, Extraction | DocumentFailure],
    datasets: Mapping[str, str],
    rules: Rules = DEFAULT_RULES,
) -> Effect:
    """Score the same extractions against two versions of the labels. `datasets`: of each labelled document."""
    correct_before, f1_before = _f1(backend, before, extractions, datasets, rules)
    correct_after, f1_after = _f1(backend, after, extractions, datasets, rules)
    return Effect(
        backend=backend,
        correct_before=correct_before,
        correct_after=correct_after,
        f1_before=f1_before,
        f1_after=f1_after,
    )


def _f1(
    backend: str,
    labels: Mapping[str, Label],
    extractions: Mapping[str, Extraction | DocumentFailure],
    datasets: Mapping[str, str],
    rules: Rules,
) -> tuple[int, float | None]:
    """2 · correct / (values predicted + values labelled), as on the leaderboard."""
    documents = score_backend(backend, labels, extractions, datasets, rules)
    outcomes = [score.outcome for document in documents for score in document.fields]
    correct = outcomes.count("correct")
    predicted = correct + outcomes.count("wrong") + outcomes.count("spurious")
    labelled = correct + outcomes.count("wrong") + outcomes.count("missing")
    return correct, 2 * correct / (predicted + labelled) if predicted + labelled else None
