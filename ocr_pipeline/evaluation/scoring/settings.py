"""`evaluation.yaml`: how fields are compared if not by default, and what the asset checks allow. The file and every key in it
are optional.

The fingerprint of the rules of comparing is part of every score, so that a changed rule makes the scores stale that were made
without it. What the checks allow is not part of it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS, Level, Tolerance, default_tolerance
from ocr_pipeline.evaluation.scoring.registry import Metric, load, load_metric, options_of, register_kind, source_hash
from ocr_pipeline.evaluation.scoring.thresholds import Thresholds
from ocr_pipeline.schemas import FIELD_KINDS, LIST_KINDS, FieldKind
from ocr_pipeline.yaml_files import line_of, load_yaml

COMPARED: dict[str, FieldKind] = FIELD_KINDS | {
    f"{name}.{column}": kind for name, columns in LIST_KINDS.items() for column, kind in columns.items()
}
"""Everything that is compared: the single-valued fields, and the columns of lists as `line_items.amount`."""

_OPTIONS = ("within", "within_percent", "similarity", "edits", "days")


class FieldRule(BaseModel):
    """How one field is compared. Options that are not set are as in `comparators.Tolerance`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str | None = None
    within: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    within_percent: Decimal | None = Field(default=None, ge=0, allow_inf_nan=False)
    similarity: float | None = Field(default=None, gt=0, le=1)
    edits: int | None = Field(default=None, ge=0)
    days: int | None = Field(default=None, ge=0)
    alternatives: Level | Literal["never"] = "strict"
    """The strictest level at which the alternatives of a label count."""
    metrics: dict[str, str] = {}
    """The project's own metrics: name to `module:function`."""

    @property
    def options(self) -> set[str]:
        """The tolerances that are set."""
        return {name for name in _OPTIONS if getattr(self, name) is not None}


class DatasetRule(BaseModel):
    """What is known about the documents of one data set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day_first: bool | None = None
    """Order of its numeric dates: True for `day month year`. None: both orders count."""


class Rules(BaseModel):
    """The validated content of `evaluation.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: dict[str, str] = {}
    """The project's own field kinds: name to `module:comparator`."""
    fields: dict[str, FieldRule] = {}
    datasets: dict[str, DatasetRule] = {}
    checks: Thresholds = Thresholds()

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, value: object) -> object:
        """Accept a file or a section of it in which every line is a comment."""
        if not isinstance(value, dict):
            return {} if value is None else value
        return {key: section for key, section in value.items() if section is not None or key not in cls.model_fields}

    def problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """(place in the file, problem) of every rule that does not fit its field."""
        for name, reference in self.kinds.items():
            try:
                register_kind(name, load(reference))
            except ConfigurationError as error:
                yield ("kinds", name), str(error).removesuffix(".")
        for name, rule in self.fields.items():
            place = ("fields", name)
            if name not in COMPARED:
                yield place, f"unknown field; known are {', '.join(COMPARED)}"
            elif self.kind_of(name) not in COMPARATORS:
                yield (*place, "kind"), f"unknown kind; known are {', '.join(COMPARATORS)}"
            else:
                yield from ((place + where, problem) for where, problem in self._field_problems(name, rule))

    def _field_problems(self, name: str, rule: FieldRule) -> Iterator[tuple[tuple[str, ...], str]]:
        kind = self.kind_of(name)
        if COMPARATORS[kind].value_type is not COMPARATORS[COMPARED[name]].value_type:
            yield ("kind",), f"{COMPARED[name]} cannot be compared as {rule.kind}"
        for option in sorted(rule.options - options_of(kind)):
            yield (option,), f"does not apply to the kind {kind}"
        for option in ("alternatives", "metrics") if name not in FIELD_KINDS else ():
            if option in rule.model_fields_set:
                yield (option,), f"the columns of a list have no {option}"
        for metric, reference in rule.metrics.items():
            try:
                load_metric(reference)
            except ConfigurationError as error:
                yield ("metrics", metric), str(error).removesuffix(".")

    def kind_of(self, field: str) -> str:
        """How a field of `COMPARED` is compared."""
        rule = self.fields.get(field)
        return (rule and rule.kind) or COMPARED[field]

    def tolerance_of(self, field: str) -> Tolerance:
        """What is correct at the lenient level for a field of `COMPARED`."""
        return self._tolerances[field]

    def alternatives_from(self, field: str) -> Level | Literal["never"]:
        """The strictest level at which the alternatives of a field count."""
        rule = self.fields.get(field)
        return rule.alternatives if rule else "strict"

    def metrics_of(self, field: str) -> Mapping[str, Metric]:
        """The project's own metrics of a field."""
        return self._metrics.get(field, {})

    def day_first(self, dataset: str) -> bool | None:
        """The order of the numeric dates of a data set, if known."""
        rule = self.datasets.get(dataset)
        return rule.day_first if rule else None

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with every rule of comparing, but not with the order or the comments of the
        file or with `checks`."""
        content = self.model_dump(mode="json", exclude_defaults=True, exclude={"checks"})
        references = [*self.kinds.values(), *(path for rule in self.fields.values() for path in rule.metrics.values())]
        if references:
            content["sources"] = {reference: source_hash(reference) for reference in references}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    @cached_property
    def _tolerances(self) -> dict[str, Tolerance]:
        tolerances = {}
        for field in COMPARED:
            default = vars(default_tolerance(self.kind_of(field)))
            rule = self.fields.get(field, FieldRule())
            tolerances[field] = Tolerance(**{**default, **{name: getattr(rule, name) for name in rule.options}})
        return tolerances

    @cached_property
    def _metrics(self) -> dict[str, dict[str, Metric]]:
        return {
            field: {name: load_metric(reference) for name, reference in rule.metrics.items()}
            for field, rule in self.fields.items()
        }


DEFAULT_RULES = Rules()
"""The rules of a project without `evaluation.yaml`."""


def load_rules(path: Path) -> Rules:
    """Load and validate `evaluation.yaml`, and register its kinds; the default rules if the file does not exist.

    Raises:
        ConfigurationError: the file is invalid; the message names the line.
    """
    if not path.exists():
        return DEFAULT_RULES
    rules, text = load_yaml(path, Rules)
    for place, problem in rules.problems():
        raise ConfigurationError(f"{path.name}{line_of(text, place)}: {'.'.join(place)}: {problem}.")
    return rules
