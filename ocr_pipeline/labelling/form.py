"""The fields of the label page, taken from the schema: another schema needs no other page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ocr_pipeline.schemas import FIELD_KINDS, LIST_KINDS, FieldKind, Invoice

SHORTCUTS = "1234567890qwrsyadhz"
"""Keys that choose a field, in the order in which fields are shown. Letters are those that are no command of the page."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A single-valued field, or a column of a list. `path`: `total_amount`, `line_items.amount`. `options`: the only
    values that it can have."""

    name: str
    path: str
    kind: FieldKind
    options: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class ListField:
    """A list of the invoice with its columns."""

    name: str
    columns: tuple[Field, ...]

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


def single_fields() -> list[Field]:
    """The single-valued fields, in display order."""
    return [
        Field(
            name=name,
            path=name,
            kind=kind,
            options=_options(Invoice.model_fields[name].annotation),
        )
        for name, kind in FIELD_KINDS.items()
    ]


def list_fields() -> list[ListField]:
    """The lists, with all columns of their rows: the compared ones first, then those that are only stored."""
    names = [*LIST_KINDS, *(name for name in Invoice.model_fields if name not in {*FIELD_KINDS, *LIST_KINDS})]
    return [ListField(name=name, columns=tuple(_columns(name))) for name in names]


def field_at(path: str) -> Field | None:
    """The field or column of a path; None if there is none."""
    name, _, column = path.partition(".")
    fields: Sequence[Field] = single_fields()
    if column:
        fields = [entry for of_list in list_fields() if of_list.name == name for entry in of_list.columns]
    return next((field for field in fields if field.path == path), None)


def _columns(name: str) -> Iterator[Field]:
    [row] = get_args(Invoice.model_fields[name].annotation)
    compared = LIST_KINDS.get(name, {})
    for column in (*compared, *(column for column in row.model_fields if column not in compared)):
        yield Field(name=column, path=f"{name}.{column}", kind=compared.get(column, "text"))


def _options(annotation: Any) -> tuple[str, ...]:
    """The values of a Literal, also of an optional one."""
    found = [value for entry in get_args(annotation) for value in get_args(entry)]
    return tuple(value for value in found if isinstance(value, str))
