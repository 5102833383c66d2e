"""Votes: what the members of an ensemble give for a field, as groups of equal values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocr_pipeline.extraction.learned.values import value_key
from ocr_pipeline.schemas import Evidence, Extraction

UNKNOWN = 0.5
"""The score of a value that comes without one."""


@dataclass(frozen=True)
class Vote:
    """The value of one member, and how sure it is of it by its own account (0..1, not comparable between members)."""

    member: str
    value: Any
    score: float
    evidence: Evidence | None


@dataclass(frozen=True)
class Group:
    """Members that give the same value."""

    key: str
    votes: tuple[Vote, ...]


def groups_of(field: str, given: Mapping[str, Extraction]) -> list[Group]:
    """The distinct values of a single-valued field, in the order of the members that gave them first."""
    found: dict[str, list[Vote]] = {}
    for member, extraction in given.items():
        value = getattr(extraction.invoice, field)
        if value is not None:
            evidence = extraction.evidence.get(field)
            score = evidence.score if evidence else UNKNOWN
            found.setdefault(value_key(value), []).append(Vote(member, value, score, evidence))
    return [Group(key, tuple(votes)) for key, votes in found.items()]
