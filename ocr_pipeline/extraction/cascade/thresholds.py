"""The thresholds of a cascade, per member and field. `training/thresholds.py` learns them."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from ocr_pipeline.schemas import Extraction

SCHEMA = 1
UNKNOWN = 0.5
"""The confidence of a value without one."""
MISSING = 0.0
"""The confidence of a field without a value: a threshold of 0 accepts that it is empty."""
NEVER, ALWAYS = 0.0, 2.0
"""Thresholds that every confidence reaches, and none."""


class FieldReport(TypedDict):
    """Documents of a field, in how many the first member and the cascade are right, and in how many the first is below its
    threshold, out of fold. `right` is None if the next member has not answered enough of them."""

    documents: int
    first: int
    right: int | None
    below: int


class Thresholds(BaseModel):
    """By member and field, one threshold per fold, learned without it, and a last one of all labels.

    `fold_of`: the fold of every training document. `report`: of the first member, by field. `training`: a hash of
    everything that went in.
    """

    model_config = ConfigDict(frozen=True)

    thresholds_schema: int = SCHEMA
    members: tuple[str, ...]
    training: str
    documents: int
    fold_of: dict[str, int]
    by_member: dict[str, dict[str, tuple[float, ...]]]
    report: dict[str, FieldReport]

    def of(self, member: str, field: str, fold: int | None) -> float | None:
        """The threshold learned without this fold (None: from all labels); None for a field with too few labels."""
        folds = self.by_member.get(member, {}).get(field)
        return folds[-1 if fold is None else fold] if folds else None


def load_thresholds(path: Path, members: Sequence[str]) -> tuple[Thresholds | None, str | None]:
    """The thresholds and the fingerprint of their file; (None, None) without a file, or with one of another schema or
    members."""
    if not path.is_file():
        return None, None
    content = path.read_bytes()
    try:
        thresholds = Thresholds.model_validate_json(content)
    except ValidationError:
        return None, None
    known = thresholds.thresholds_schema == SCHEMA and thresholds.members == tuple(members)
    return (thresholds, sha256(content).hexdigest()[:16]) if known else (None, None)


def confidence_of(extraction: Extraction, field: str) -> float:
    """How sure a member is of its value, 0..1: the score of its evidence, which is a probability for `rules` and `learned`."""
    if getattr(extraction.invoice, field) is None:
        return MISSING
    evidence = extraction.evidence.get(field)
    return evidence.score if evidence else UNKNOWN
