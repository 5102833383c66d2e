"""Candidates and how one is chosen: values on the page, their features, and a weighted sum of the features."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ocr_pipeline.extraction.rules.reading.layout import Span

T = TypeVar("T")

Features = Mapping[str, float]
"""Name of a feature -> its strength, mostly in 0..1."""


@dataclass(frozen=True)
class Candidate(Generic[T]):
    """A possible value of a field, where it is printed, and its features. An absent feature is 0.

    `correction` says why the value is not the printed text, for example `net + tax`.
    """

    value: T
    span: Span
    features: Features = field(default_factory=dict)
    correction: str | None = None


@dataclass(frozen=True)
class Ranked(Generic[T]):
    """A candidate with its score for one field. `reason`: the feature that contributed most."""

    candidate: Candidate[T]
    score: float
    reason: str

    @property
    def value(self) -> T:
        return self.candidate.value


@dataclass(frozen=True)
class Choice(Generic[T]):
    """All candidates of a field, the best first, and the chosen one; None if none was good enough. `sure`: the probability
    that it is right, if known."""

    ranked: Sequence[Ranked[T]]
    chosen: Ranked[T] | None
    sure: float | None = None

    @property
    def confidence(self) -> float:
        """Confidence of the choice, 0..1: `sure`, else the lead over the best other value, which is not
        calibrated."""
        if self.chosen is None:
            return 0.0
        if self.sure is not None:
            return self.sure
        rivals = [entry.score for entry in self.ranked if entry.value != self.chosen.value]
        lead = self.chosen.score - rivals[0] if rivals else max(self.chosen.score, 1.0)
        return 1 / (1 + math.exp(-max(-50.0, min(lead, 50.0))))


def rank(candidates: Sequence[Candidate[T]], weights: Features) -> list[Ranked[T]]:
    """All candidates by weighted sum, the best first. Equal scores keep their order."""
    return sorted((_ranked(candidate, weights) for candidate in candidates), key=lambda entry: -entry.score)


def choose(candidates: Sequence[Candidate[T]], weights: Features, at_least: float = -math.inf) -> Choice[T]:
    """Choose the candidate with the highest score if it reaches `at_least`."""
    ranked = rank(candidates, weights)
    return Choice(ranked, ranked[0] if ranked and ranked[0].score >= at_least else None)


def _ranked(candidate: Candidate[T], weights: Features) -> Ranked[T]:
    score, most, loudest = 0.0, -math.inf, "only candidate"
    for name, value in candidate.features.items():
        if value and name in weights:
            part = weights[name] * value
            score += part
            if part > most:
                most, loudest = part, name
    return Ranked(candidate, score, loudest.replace("_", " "))
