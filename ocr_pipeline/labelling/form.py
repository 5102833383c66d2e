"""The fields of the label page, taken from the schema: another schema needs no other page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.document_schema.spec import FieldSpec
from ocr_pipeline.schemas import FieldKind

SHORTCUTS = "1234567890qwrsyadhz"
"""Keys that choose a field, in the order in which fields are shown. Letters are those that are no command of the page."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A single-valued field, or a column of a list. `path`: `total_amount`, `line_items.amount`. `options`: the only
    values that it can have; `words`: what may be printed for them."""

    name: str
    path: str
    kind: FieldKind
    options: tuple[str, ...] = ()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    description: str = ""

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class ListField:
    """A list of the schema with its columns."""

    name: str
    columns: tuple[Field, ...]

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


def single_fields(schema: DocumentSchema | None = None) -> list[Field]:
    """The single-valued fields of a schema (default: of invoices), in display order."""
    return [_field(name, name, spec) for name, spec in (schema or invoice_schema()).spec.fields.items()]


def list_fields(schema: DocumentSchema | None = None) -> list[ListField]:
    """The lists, with all columns of their rows: the compared ones first, then those that are only stored."""
    schema = schema or invoice_schema()
    return [ListField(name=name, columns=tuple(_columns(schema, name))) for name in schema.spec.lists]


def field_at(path: str, schema: DocumentSchema | None = None) -> Field | None:
    """The field or column of a path; None if there is none."""
    name, _, column = path.partition(".")
    fields: Sequence[Field] = single_fields(schema)
    if column:
        fields = [entry for of_list in list_fields(schema) if of_list.name == name for entry in of_list.columns]
    return next((field for field in fields if field.path == path), None)


def _columns(schema: DocumentSchema, name: str) -> Iterator[Field]:
    columns = schema.spec.lists[name].columns
    for column, spec in sorted(columns.items(), key=lambda entry: not entry[1].compared):
        yield _field(column, f"{name}.{column}", spec)


def _field(name: str, path: str, spec: FieldSpec) -> Field:
    options = ("true", "false") if spec.kind == "boolean" else tuple(spec.options)
    return Field(
        name=name,
        path=path,
        kind=spec.kind,
        options=options,
        words={option: tuple(words) for option, words in spec.option_words.items()},
        description=" ".join(spec.description.split()),
    )
