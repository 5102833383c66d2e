"""`evaluation.yaml`: how fields are compared if not by default, and what the asset checks allow. The file and every key in it
are optional.

The fingerprint of the rules of comparing is part of every score, so that a changed rule makes the scores stale that were made
without it. What the checks allow is not part of it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from ocr_pipeline.document_fields import FIELD_KINDS, LIST_KINDS, Fields, Invoice
from ocr_pipeline.document_schema.loading import FOLDER, SCHEMA_FILE, load_schemas
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.evaluation.scoring.comparators import COMPARATORS, Level, Tolerance, default_tolerance
from ocr_pipeline.evaluation.scoring.registry import Metric, load, load_metric, options_of, register_kind, source_hash
from ocr_pipeline.evaluation.scoring.thresholds import Accept, Thresholds
from ocr_pipeline.yaml_files import line_of, load_yaml


def compared_of(fields: Mapping[str, str], lists: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Everything that is compared of documents with these fields and columns, with its kind."""
    columns = {f"{name}.{column}": kind for name, of_list in lists.items() for column, kind in of_list.items()}
    return {**fields, **columns}


COMPARED: dict[str, str] = compared_of(FIELD_KINDS, LIST_KINDS)
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
    accept: Accept = Accept()
    _compared: Mapping[str, str] = PrivateAttr(default_factory=lambda: COMPARED)
    _own: dict[str, "Rules"] = PrivateAttr(default_factory=dict)
    _matching: str = PrivateAttr(default="")

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
        known = {field: rules for rules in (*self._own.values(), self) for field in rules._compared}
        for name in self.accept.fields or ():
            if name not in known or "." in name:
                single = [field for field in known if "." not in field]
                yield ("accept", "fields"), f"unknown field {name}; known are {', '.join(single)}"
        for name, rule in self.fields.items():
            if name not in known:
                yield ("fields", name), f"unknown field; known are {', '.join(known)}"
                continue
            for where, problem in known[name].field_problems(name, rule):
                yield ("fields", name, *where), problem

    def field_problems(self, name: str, rule: FieldRule) -> Iterator[tuple[tuple[str, ...], str]]:
        """(place in the rule, problem) of a rule that does not fit its field."""
        kind = self.kind_of(name)
        if kind not in COMPARATORS:
            yield ("kind",), f"unknown kind; known are {', '.join(COMPARATORS)}"
            return
        if COMPARATORS[kind].value_type is not COMPARATORS[self._compared[name]].value_type:
            yield ("kind",), f"{self._compared[name]} cannot be compared as {rule.kind}"
        for option in sorted(rule.options - options_of(kind)):
            yield (option,), f"does not apply to the kind {kind}"
        for option in ("alternatives", "metrics") if "." in name else ():
            if option in rule.model_fields_set:
                yield (option,), f"the columns of a list have no {option}"
        for metric, reference in rule.metrics.items():
            try:
                load_metric(reference)
            except ConfigurationError as error:
                yield ("metrics", metric), str(error).removesuffix(".")

    def of(self, values: Fields) -> "Rules":
        """The rules for a document like this: of another schema, what it says as far as `evaluation.yaml` is silent."""
        if values.NAME in self._own:
            return self._own[values.NAME]
        return self if isinstance(values, Invoice) else self._for(compared_of(values.KINDS, values.LISTS), {})

    def add(self, schema: DocumentSchema) -> None:
        """Add the rules of a schema.

        Raises:
            ConfigurationError: one does not fit its field; the message names the line.
        """
        rules = {}
        for name, options in schema.spec.compare.items():
            place: tuple[str, ...] = ("compare", name)
            try:
                rules[name] = FieldRule.model_validate(options)
            except ValidationError as error:
                raise _mistake(schema, (*place, *map(str, error.errors()[0]["loc"])), describe(error)) from None
        own = self._for(compared_of(schema.field_kinds, schema.list_kinds), rules)
        for name, rule in rules.items():
            for where, problem in own.field_problems(name, rule):
                raise _mistake(schema, ("compare", name, *where), f"{problem}.")
        own._matching = schema.matching_fingerprint
        self._own[schema.name] = own

    def _for(self, compared: Mapping[str, str], rules: Mapping[str, FieldRule]) -> "Rules":
        fields = {name: rule for name, rule in {**rules, **self.fields}.items() if name in compared}
        made = Rules(kinds=self.kinds, fields=fields, datasets=self.datasets, checks=self.checks)
        made._compared = compared
        return made

    def fingerprint_of(self, fields: Iterable[str]) -> str:
        """What an evaluation of these fields was made by: `fingerprint`, and the rules of the schemas that alone have some."""
        alone = set(fields) - COMPARED.keys()
        own = [rules._matching for rules in self._own.values() if not alone.isdisjoint(rules._compared)]
        return "-".join([self.fingerprint, *own])

    @property
    def own_fingerprints(self) -> dict[str, str]:
        """What scores of documents of other schemas were made by, by schema, in place of `fingerprint`."""
        return {name: f"{self.fingerprint}-{own._matching}" for name, own in self._own.items()}

    def kind_of(self, field: str) -> str:
        """How a field is compared."""
        rule = self.fields.get(field)
        return (rule and rule.kind) or self._compared[field]

    def tolerance_of(self, field: str) -> Tolerance:
        """What is correct at the lenient level for a field."""
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
        file, with `checks` or with `accept`."""
        content = self.model_dump(mode="json", exclude_defaults=True, exclude={"checks", "accept"})
        references = [*self.kinds.values(), *(path for rule in self.fields.values() for path in rule.metrics.values())]
        if references:
            content["sources"] = {reference: source_hash(reference) for reference in references}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    @cached_property
    def _tolerances(self) -> dict[str, Tolerance]:
        tolerances = {}
        for field in self._compared:
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
    schemas = [schema for schema in load_schemas(path.parent).values() if not schema.is_invoice]
    if not path.exists() and not schemas:
        return DEFAULT_RULES
    rules, text = load_yaml(path, Rules) if path.exists() else (Rules(), "")
    for name, reference in rules.kinds.items():
        with suppress(ConfigurationError):  # `problems` names the line
            register_kind(name, load(reference))
    for schema in schemas:
        rules.add(schema)
    for place, problem in rules.problems():
        raise ConfigurationError(f"{path.name}{line_of(text, place)}: {'.'.join(place)}: {problem}.")
    return rules


def _mistake(schema: DocumentSchema, place: Sequence[str], problem: str) -> ConfigurationError:
    where = f"{FOLDER}/{schema.name}/{SCHEMA_FILE}{line_of(schema.text, place)}"
    return ConfigurationError(f"{where}: {'.'.join(place)}: {problem}")
