"""Candidates and how one is chosen: values found on the page, facts about them, and a weighted sum of the facts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ocr_pipeline.extraction.rules.layout import Span

T = TypeVar("T")

Features = Mapping[str, float]


@dataclass(frozen=True)
class Candidate(Generic[T]):
    """A possible value of a field, where it stands, and facts about it (most in 0..1)."""

    value: T
    span: Span
    features: Features = field(default_factory=dict)
    correction: str | None = None
    """What arithmetic changed in the printed text, for example `net + tax`."""


@dataclass(frozen=True)
class Ranked(Generic[T]):
    """A candidate with its score for one field. `reason` names the fact that spoke loudest for it."""

    candidate: Candidate[T]
    score: float
    reason: str


def rank(candidates: Sequence[Candidate[T]], weights: Features) -> list[Ranked[T]]:
    """All candidates by their weighted sum, the best first. Equal scores keep their order."""
    ranked = [_scored(candidate, weights) for candidate in candidates]
    return sorted(ranked, key=lambda entry: -entry.score)


def _scored(candidate: Candidate[T], weights: Features) -> Ranked[T]:
    parts = {name: weights[name] * value for name, value in candidate.features.items() if name in weights}
    reason = max(parts, key=lambda name: parts[name], default="only candidate")
    if candidate.correction:
        reason = f"corrected by {candidate.correction}"
    return Ranked(candidate, sum(parts.values()), reason.replace("_", " "))


def confidence(ranked: Sequence[Ranked[T]]) -> float:
    """How sure a choice of the first candidate is, 0..1: its lead over the next other value. Not calibrated."""
    first = ranked[0]
    rival = next((entry.score for entry in ranked if entry.candidate.value != first.candidate.value), None)
    lead = first.score - rival if rival is not None else max(first.score, 1.0)
    return 1 / (1 + math.exp(-lead))
