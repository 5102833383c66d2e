"""Votes: the values of the members of an ensemble for a field, in groups of equal values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ocr_pipeline.extraction.learned.values import value_key
from ocr_pipeline.schemas import FIELD_KINDS, Evidence, Extraction, FieldKind
from ocr_pipeline.values.tax_ids import tax_id_key

UNKNOWN = 0.5
"""The score of a value without one."""


@dataclass(frozen=True)
class Vote:
    """The value of one member, and its own score (0..1, not comparable between members)."""

    member: str
    value: Any
    score: float
    evidence: Evidence | None


@dataclass(frozen=True)
class Group:
    """Members that give the same value."""

    key: str
    votes: tuple[Vote, ...]


def groups_of(field: str, extractions: Mapping[str, Extraction], kind: FieldKind | None = None) -> list[Group]:
    """The distinct values of a single-valued field, in the order of the members that give them. `kind`: default is that of the
    field of an invoice."""
    groups: dict[str, list[Vote]] = {}
    for member, extraction in extractions.items():
        value = getattr(extraction.invoice, field)
        if value is not None:
            evidence = extraction.evidence.get(field)
            score = evidence.score if evidence else UNKNOWN
            groups.setdefault(key_of(field, value, kind), []).append(Vote(member, value, score, evidence))
    return [Group(key, tuple(votes)) for key, votes in groups.items()]


def key_of(field: str, value: Any, kind: FieldKind | None = None) -> str:
    """Members with the same key agree; two spellings of one tax id do."""
    return tax_id_key(value) if (kind or FIELD_KINDS[field]) == "tax_id" else value_key(value)
