"""A schema as the rest of the project uses it: kinds, the model of the values, validation of single values, fingerprints."""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ocr_pipeline.document_fields import FieldKind, Fields, FieldsModel, Invoice, fields_model
from ocr_pipeline.document_schema.constraints import broken
from ocr_pipeline.document_schema.spec import FieldSpec, SchemaSpec
from ocr_pipeline.store import fingerprint
from ocr_pipeline.yaml_files import load_yaml

Content = Mapping[str, Any]
"""A schema, or part of it, JSON-serialisable."""

INVOICE_NAME = "invoice"

INVOICE_FILE = Path(__file__).parent / INVOICE_NAME / "schema.yaml"

_SEEN_BY_READERS = {
    "constraints",
    "kind",
    "keywords",
    "required",
    "pattern",
    "options",
    "minimum",
    "maximum",
    "columns",
}


class DocumentSchema:
    """A schema. Immutable; equal to another of the same name and content.

    `text` is that of the file, for messages that name a line.
    """

    def __init__(self, name: str, spec: SchemaSpec | Callable[[], tuple[SchemaSpec, str]], text: str = "") -> None:
        self.name = name
        self._read: Callable[[], tuple[SchemaSpec, str]] = (
            (lambda: (spec, text)) if isinstance(spec, SchemaSpec) else spec
        )

    @cached_property
    def _loaded(self) -> tuple[SchemaSpec, str]:
        return self._read()

    @property
    def spec(self) -> SchemaSpec:
        return self._loaded[0]

    @property
    def text(self) -> str:
        return self._loaded[1]

    @property
    def title(self) -> str:
        return self.spec.title

    @property
    def is_invoice(self) -> bool:
        """Whether it is the schema that ships, which `schemas.Invoice` is the model of."""
        return self.name == INVOICE_NAME

    @cached_property
    def model(self) -> type[Fields]:
        """The model of the values."""
        return Invoice if self.is_invoice else fields_model({"name": self.name, **self._shape})

    @property
    def field_kinds(self) -> Mapping[str, FieldKind]:
        """The single-valued fields in display order, with their kinds."""
        return self.model.KINDS

    @property
    def list_kinds(self) -> Mapping[str, Mapping[str, FieldKind]]:
        """The compared columns of each list, with their kinds."""
        return self.model.LISTS

    @property
    def row_models(self) -> Mapping[str, type[FieldsModel]]:
        """The model of the rows of each list, with all columns."""
        return self.model.ROWS

    def is_valid(self, field: str, value: object) -> bool:
        """Whether the model accepts a value for a field. What breaks a pattern or a limit is valid, and a warning."""
        try:
            self.model.model_validate({field: value})
        except ValidationError:
            return False
        return True

    def warnings(self, values: Fields) -> Iterator[str]:
        """What the schema says against these values, a sentence each: missing ones, broken patterns, limits, constraints."""
        for name, field in self.spec.fields.items():
            if (value := getattr(values, name)) is not None:
                yield from problems_of(name, field, value)
            elif field.required:
                yield f"{name} is missing."
        for name, entry in self.spec.lists.items():
            rows = getattr(values, name)
            if entry.required and not rows:
                yield f"{name} is missing."
            for position, row in enumerate(rows):
                for column, field in entry.columns.items():
                    place = f"{name}.{position}.{column}"
                    if (value := getattr(row, column)) is not None:
                        yield from problems_of(place, field, value)
                    elif field.required:
                        yield f"{place} is missing."
        yield from broken(self.spec, values)

    @cached_property
    def reading_fingerprint(self) -> str:
        """Changes with what rules and learned extractors use: names, kinds, options and their words, keywords, patterns."""
        return fingerprint([self.name, _only(self._content(), _SEEN_BY_READERS | {"option_words"})])

    @cached_property
    def asking_fingerprint(self) -> str:
        """Changes with what a model is told: the same, and descriptions."""
        return fingerprint(
            [self.name, list(self.spec.fields), _only(self._content(), _SEEN_BY_READERS | {"title", "description"})]
        )

    @property
    def state(self) -> str:
        """What `documents` keeps of it: name, and the fingerprints for rules and for models."""
        return f"{self.name} {self.reading_fingerprint} {self.asking_fingerprint}"

    @cached_property
    def shape_fingerprint(self) -> str:
        """Changes with what values of a document there are: names, kinds, options, and which columns are compared."""
        return fingerprint([self.name, self._shape])

    @cached_property
    def matching_fingerprint(self) -> str:
        """Changes with what decides whether a value is correct."""
        return fingerprint([self.name, self.model.KINDS, self.model.LISTS, self._content()["compare"]])

    @property
    def _shape(self) -> Content:
        keep = {"kind", "options", "compared"}
        return {
            "fields": {
                name: field.model_dump(mode="json", include=keep, exclude_defaults=True)
                for name, field in self.spec.fields.items()
            },
            "lists": {
                name: {
                    column: field.model_dump(mode="json", include=keep, exclude_defaults=True)
                    for column, field in entry.columns.items()
                }
                for name, entry in self.spec.lists.items()
            },
        }

    def _content(self) -> Content:
        return self.spec.model_dump(mode="json")

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, DocumentSchema) and (self.name, self.spec) == (other.name, other.spec)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"DocumentSchema({self.name!r})"

    def __reduce__(self) -> Any:
        """Without what is cached: a made model is pickled by its shape, and only by its instances."""
        if self.is_invoice:
            return invoice_schema, ()
        return DocumentSchema, (self.name, self.spec, self.text)


def name_in_state(state: str) -> str:
    """The name of the schema in a `DocumentSchema.state`."""
    return state.split()[0]


def problems_of(place: str, field: FieldSpec, value: object) -> Iterator[str]:
    """What is wrong with a value by the rules of its field; never the value itself."""
    if field.pattern is not None and not re.fullmatch(field.pattern, str(value)):
        yield f"{place} does not match the pattern {field.pattern}."
    if isinstance(value, Decimal):
        if field.minimum is not None and value < field.minimum:
            yield f"{place} is below {field.minimum}."
        if field.maximum is not None and value > field.maximum:
            yield f"{place} is above {field.maximum}."


@lru_cache(maxsize=1)
def invoice_schema() -> DocumentSchema:
    """The schema of invoices and receipts that ships. Its file is read once something in it is asked for that the model does
    not say."""
    return DocumentSchema(INVOICE_NAME, lambda: load_yaml(INVOICE_FILE, SchemaSpec))


def _only(content: Content, keys: set[str]) -> Content:
    """A schema's content without the keys of its fields, lists and columns that are not named."""
    kept = {key: value for key, value in content.items() if key in keys}
    fields = {name: _named(field, keys) for name, field in content["fields"].items()}
    lists = {
        name: {**_named(entry, keys), "columns": {key: _named(field, keys) for key, field in entry["columns"].items()}}
        for name, entry in content["lists"].items()
    }
    return {**kept, "fields": fields, "lists": lists}


def _named(entry: Content, keys: set[str]) -> Content:
    return {key: value for key, value in entry.items() if key in keys}
