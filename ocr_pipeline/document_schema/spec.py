"""The content of `schemas/NAME/schema.yaml`, validated."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from ocr_pipeline.document_fields import FieldKind, Fields

NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
"""Of schemas, fields, lists and columns."""

MAX_NAME = 60
MAX_FIELDS = 200
"""Fields and columns of one schema: each is a row per document in several tables, and a line of every prompt."""

RESERVED = (
    *("dataset", "document_id", "path", "backend", "labelled", "error", "position"),
    *("all_fields", "all", "values"),
)
"""Columns of tables and exports beside the values; rows of the leaderboard and of proofs; the sheet of values."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=MAX_NAME)]
Keyword = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldSpec(_Spec):
    """A single-valued field."""

    kind: FieldKind
    description: str = ""
    """For models, and beside the field where it is labelled."""
    keywords: list[Keyword] = []
    """Printed beside or above the value; for rules."""
    required: bool = False
    """Its absence is a warning, and a reason for review."""
    pattern: str | None = None
    """Regular expression that the whole value has to match; a value that does not is a warning."""
    options: list[Keyword] = []
    """The values of a category; without them, a category can have any. In the file it may be a mapping from values to what is
    printed for them: `{partial: [Teillieferung]}`, which is then in `option_words`."""
    option_words: dict[str, list[Keyword]] = {}
    minimum: Decimal | None = Field(default=None, allow_inf_nan=False)
    maximum: Decimal | None = Field(default=None, allow_inf_nan=False)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"not a regular expression ({error})") from None
        return value

    @model_validator(mode="before")
    @classmethod
    def _words_apart(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("options"), dict):
            words = {str(name): entry or [] for name, entry in data["options"].items()}
            return {**data, "options": list(words), "option_words": words}
        return data

    @field_validator("options")
    @classmethod
    def _distinct(cls, value: list[str]) -> list[str]:
        if len({option.casefold() for option in value}) < len(value):
            raise ValueError("an option is listed twice")
        return value

    @model_validator(mode="after")
    def _fits_kind(self) -> "FieldSpec":
        if self.options and self.kind != "category":
            raise ValueError(f"options are for fields of kind category, not {self.kind}")
        if self.pattern is not None and self.kind in ("money", "quantity", "date", "boolean"):
            raise ValueError(f"a pattern is for text, not for a {self.kind}")
        if (self.minimum, self.maximum) != (None, None) and self.kind not in ("money", "quantity"):
            raise ValueError(f"minimum and maximum are for money and quantities, not for a {self.kind}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("minimum is above maximum")
        return self


class ColumnSpec(FieldSpec):
    """A column of a list."""

    compared: bool = True
    """Whether it counts when the rows are compared with a label."""


class ListSpec(_Spec):
    """A list of rows."""

    description: str = ""
    keywords: list[Keyword] = []
    """Of the heading above the rows."""
    required: bool = False
    columns: dict[Name, ColumnSpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _something_is_compared(self) -> "ListSpec":
        if not any(column.compared for column in self.columns.values()):
            raise ValueError("no column is compared")
        return self


class SchemaSpec(_Spec):
    """A kind of document and what is read from it."""

    title: str = Field(min_length=1, max_length=100)
    description: str = ""
    """What such a document is; for models."""
    fields: dict[Name, FieldSpec] = Field(min_length=1)
    lists: dict[Name, ListSpec] = {}
    compare: dict[str, dict[str, object]] = {}
    """Rules of comparing, as in the section `fields` of evaluation.yaml, which wins."""
    constraints: list[str] = []
    """Sums and comparisons that the values satisfy: `sum(items.quantity) = total_quantity`."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "SchemaSpec":
        for name in [*self.fields, *self.lists]:
            if name in RESERVED or hasattr(Fields, name) or name.startswith("model_"):
                raise ValueError(f"the name {name} is reserved; choose another")
        for name, entry in self.lists.items():
            if name in self.fields:
                raise ValueError(f"{name} is the name of a field and of a list")
            for column in entry.columns:
                if hasattr(Fields, column) or column.startswith("model_") or column == "position":
                    raise ValueError(f"the name {column} is reserved; choose another")
        count = len(self.fields) + sum(len(entry.columns) for entry in self.lists.values())
        if count > MAX_FIELDS:
            raise ValueError(f"{count} fields and columns; at most {MAX_FIELDS} are possible")
        unknown = next((name for name in self.compare if name not in self.compared_kinds), None)
        if unknown is not None:
            raise ValueError(f"compare names {unknown}, which is neither a field nor a compared column")
        return self

    @property
    def compared_kinds(self) -> Mapping[str, FieldKind]:
        """The kind of everything that is compared: fields, and columns as `items.quantity`."""
        return {name: field.kind for name, field in self.fields.items()} | {
            f"{name}.{column}": spec.kind
            for name, entry in self.lists.items()
            for column, spec in entry.columns.items()
            if spec.compared
        }

    def every_field(self) -> Iterator[tuple[str, FieldSpec]]:
        """Every field and every column, as `items.quantity`."""
        yield from self.fields.items()
        for name, entry in self.lists.items():
            yield from ((f"{name}.{column}", spec) for column, spec in entry.columns.items())
