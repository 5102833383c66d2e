"""`evaluation.yaml`: how fields are compared where it is not the usual way, and what the asset checks let pass. The file and
every key in it are optional.

The fingerprint of how fields are compared is part of every score, so that a changed rule makes the scores out of date that it
was not used for. What the checks let pass is no part of it.
"""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.comparators import Level, Tolerance, default_tolerance
from ocr_pipeline.evaluation.scoring.thresholds import Thresholds
from ocr_pipeline.schemas import FIELD_KINDS, LIST_KINDS, FieldKind
from ocr_pipeline.yaml_files import line_of, load_yaml

COMPARED: dict[str, FieldKind] = FIELD_KINDS | {
    f"{name}.{column}": kind for name, columns in LIST_KINDS.items() for column, kind in columns.items()
}
"""Everything that is compared: the single-valued fields, and the columns of lists as `line_items.amount`."""

_INTERCHANGEABLE: tuple[set[FieldKind], ...] = (
    {"money", "quantity"},
    {"date"},
    {"name", "address", "text", "identifier", "category"},
)
"""Kinds whose values are of one type: a field can be compared as any of its group."""

_TOLERANCES: dict[FieldKind, set[str]] = {
    "money": {"within", "within_percent"},
    "quantity": {"within", "within_percent"},
    "date": {"days"},
    "name": {"similarity"},
    "address": {"similarity"},
    "text": {"similarity"},
    "identifier": {"edits"},
    "category": set(),
}


class FieldRule(BaseModel):
    """How one field is compared. What is not given is as in `compare.Tolerance`, whose numbers these are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FieldKind | None = None
    within: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    within_percent: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    similarity: float | None = Field(default=None, gt=0, le=1)
    edits: int | None = Field(default=None, ge=0)
    days: int | None = Field(default=None, ge=0)
    alternatives: Level | Literal["never"] = "strict"
    """The strictest level at which the alternatives of a label count."""


class DatasetRule(BaseModel):
    """What is known of the documents of one data set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day_first: bool | None = None
    """How its dates are printed where they are numbers alone: True for `day month year`. None: both orders count."""


class Rules(BaseModel):
    """The validated content of `evaluation.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, FieldRule] = {}
    datasets: dict[str, DatasetRule] = {}
    checks: Thresholds = Thresholds()

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: Any) -> Any:
        """A file or a section of it in which every line is a comment."""
        if not isinstance(value, dict):
            return {} if value is None else value
        return {key: section for key, section in value.items() if section is not None or key not in cls.model_fields}

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """(place in the file, what is wrong there) of every rule that does not fit its field."""
        for name, rule in self.fields.items():
            place = ("fields", name)
            if name not in COMPARED:
                yield place, f"unknown field; known are {', '.join(COMPARED)}"
                continue
            if not any({self.kind_of(name), COMPARED[name]} <= group for group in _INTERCHANGEABLE):
                yield (*place, "kind"), f"{COMPARED[name]} cannot be compared as {rule.kind}"
            for option in sorted(_given(rule) - _TOLERANCES[self.kind_of(name)]):
                yield (*place, option), f"means nothing for the kind {self.kind_of(name)}"
            if name not in FIELD_KINDS and "alternatives" in rule.model_fields_set:
                yield (*place, "alternatives"), "the columns of a list have none"

    def kind_of(self, field: str) -> FieldKind:
        """How a field of `COMPARED` is compared."""
        rule = self.fields.get(field)
        return (rule and rule.kind) or COMPARED[field]

    def tolerance_of(self, field: str) -> Tolerance:
        """What is leniently correct for a field of `COMPARED`."""
        return self._tolerances[field]

    def alternatives_from(self, field: str) -> Level | Literal["never"]:
        """The strictest level at which the alternatives of a field count."""
        rule = self.fields.get(field)
        return rule.alternatives if rule else "strict"

    def day_first(self, dataset: str) -> bool | None:
        """The order of the dates of a data set, where it is known."""
        rule = self.datasets.get(dataset)
        return rule.day_first if rule else None

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with every rule of comparing, and not with the order or the comments of the
        file or with `checks`."""
        content = self.model_dump(mode="json", exclude_defaults=True, exclude={"checks"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    @cached_property
    def _tolerances(self) -> dict[str, Tolerance]:
        tolerances = {}
        for field in COMPARED:
            usual = vars(default_tolerance(self.kind_of(field)))
            rule = self.fields.get(field, FieldRule())
            tolerances[field] = Tolerance(**{**usual, **{name: getattr(rule, name) for name in _given(rule)}})
        return tolerances


DEFAULT_RULES = Rules()
"""The rules of a project without `evaluation.yaml`."""


def load_rules(path: Path) -> Rules:
    """Read and validate `evaluation.yaml`; where there is none, the usual rules.

    Raises:
        ConfigurationError: the file is wrong; the message names the line.
    """
    if not path.exists():
        return DEFAULT_RULES
    rules, text = load_yaml(path, Rules)
    for place, problem in rules.problems():
        raise ConfigurationError(f"{path.name}{line_of(text, place)}: {'.'.join(place)}: {problem}.")
    return rules


def _given(rule: FieldRule) -> set[str]:
    """The numbers that a rule gives."""
    numbers = set().union(*_TOLERANCES.values())
    return {name for name in numbers if getattr(rule, name) is not None}
