"""Maps an imported row to an `Extraction`, and lists the values that are unreadable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any, Literal, TypeVar

import jmespath
from jmespath.exceptions import JMESPathError, UnknownFunctionError

from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.document_schema.spec import FieldSpec
from ocr_pipeline.extraction.external import values
from ocr_pipeline.extraction.external.names import defaults_of
from ocr_pipeline.extraction.external.strict_json import BadJson, Content, parse
from ocr_pipeline.extraction.external.values import Unreadable
from ocr_pipeline.schemas import Evidence, Extraction, Fields, Invoice, ReportedUsage

METHOD, METHOD_WITHOUT_CONFIDENCE = "reported", "reported without confidence"

_MAX_ROWS = {"tax_lines": 100}
_MAX_ROWS_OF_OTHERS = 2000
_MAX_USD, _MAX_SECONDS = 1e6, 1e7

Value = TypeVar("Value")

NullValues = dict[str, tuple[Decimal | str, ...]]
"""By field, the values that stand for none: 0 as a cost that was not recorded, `n/a` as a name."""

MAX_SHOWN = 200
"""Characters kept of a value that cannot be read."""


@dataclass(frozen=True)
class Mapping:
    """How rows are mapped: the options of `External`, and the schema of the documents that they are about."""

    fields: dict[str, str]
    decimal_separator: Literal[".", ","] | None = None
    day_first: bool | None = None
    null_values: NullValues = field(default_factory=dict)
    schema: DocumentSchema = field(default_factory=invoice_schema)

    def is_null(self, name: str, value: Any) -> bool:
        """Whether this value of a field stands for none. Numbers are equal as numbers, also those of a CSV, which are text."""
        return any(_equal(null, value) for null in self.null_values.get(name, ()))

    @property
    def defaults(self) -> dict[str, tuple[str, ...]]:
        """Where values are looked up unless `fields` says otherwise."""
        return defaults_of(self.schema)

    def paths(self, name: str) -> tuple[str, ...]:
        return (self.fields[name],) if name in self.fields else self.defaults[name]


@dataclass
class Mapped:
    """The result for a row. `problems`: by field, what the value has to be; unreadable values are not in the invoice, and
    those of single fields are in `extraction.unreadable`. `ignored`: unknown names in lists."""

    extraction: Extraction = field(default_factory=lambda: Extraction(invoice=Invoice()))
    problems: dict[str, str] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)


def _equal(null: Decimal | str, value: Any) -> bool:
    if isinstance(null, Decimal) and isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except InvalidOperation:
            return False
    return type(value) is type(null) and bool(value == null)


def map_row(row: Content, mapping: Mapping) -> Mapped:
    """Map the fields of a row. Never fails: unreadable values are listed as problems."""
    mapped = Mapped()
    reader = _Reader(row, mapping, mapped)
    schema = mapping.schema
    fields = {name: reader.value(name, partial(_field, name, mapping)) for name in schema.field_kinds}
    lists = {name: reader.value(name, partial(reader.entries, name)) or [] for name in schema.spec.lists}
    invoice = schema.model.model_validate({**fields, **lists})
    milliseconds = reader.value("milliseconds", partial(values.measure, most=_MAX_SECONDS * 1000))
    seconds = reader.value("seconds", partial(values.measure, most=_MAX_SECONDS))
    if seconds is None and milliseconds is not None:
        seconds = milliseconds / 1000
    mapped.extraction = Extraction(
        invoice=invoice,
        unreadable={name: reader.shown(name) for name in schema.field_kinds if name in mapped.problems},
        evidence=reader.evidence(invoice),
        cost_usd=reader.value("cost_usd", partial(values.measure, most=_MAX_USD)),
        reported=ReportedUsage(
            seconds=seconds,
            model=reader.value("model", values.text),
            model_version=reader.value("model_version", values.text),
        ),
    )
    return mapped


def document_of(row: Content, mapping: Mapping) -> str | None:
    """The name that a row gives its document, or None. Raises Unreadable."""
    name = _find(row, mapping.paths("document"))
    return name.strip() if isinstance(name, str) and len(name) <= values.MAX_TEXT else values.text(name)


def used_columns(row: Content, mapping: Mapping) -> set[str]:
    """The columns (top-level keys) of a row that some field uses."""
    paths = {path for name in mapping.defaults for path in mapping.paths(name)}
    names = paths | {name for path in paths - row.keys() for name in _names_in(path)}
    return names & row.keys()


class _Reader:
    def __init__(self, row: Content, mapping: Mapping, mapped: Mapped) -> None:
        self.row, self.mapping, self.mapped = row, mapping, mapped

    def value(self, name: str, read: Callable[[Any], Value | None]) -> Value | None:
        return self._read(name, lambda: read(self._given(name)))

    def _given(self, name: str) -> Any:
        value = _find(self.row, self.mapping.paths(name))
        return None if self.mapping.is_null(name, value) else value

    def shown(self, name: str) -> str:
        """The beginning of a given value on one line; empty if it cannot even be found."""
        try:
            text = " ".join(str(self._given(name)).split())
        except Unreadable:
            return ""
        return "".join(character if character.isprintable() else "?" for character in text[:MAX_SHOWN])

    def _read(self, name: str, read: Callable[[], Value | None]) -> Value | None:
        try:
            return read()
        except Unreadable as error:
            self.mapped.problems[name] = str(error)
            return None

    def entries(self, name: str, rows: Any) -> list[dict[str, object]]:
        """All entries of a list: evidence refers to them by position."""
        columns, most = self.mapping.schema.spec.lists[name].columns, _MAX_ROWS.get(name, _MAX_ROWS_OF_OTHERS)
        rows = _structure(rows, list)
        if len(rows) > most or not all(isinstance(entry, dict) for entry in rows):
            raise Unreadable(f"has to be a list of at most {most:,} objects")
        self.mapped.ignored |= {f"{name}.{key}" for entry in rows for key in entry if key not in columns}
        return [
            {
                key: self._read(f"{name}.{number}.{key}", partial(_cell, name, key, entry.get(key), self.mapping))
                for key in columns
            }
            for number, entry in enumerate(rows)
        ]

    def evidence(self, invoice: Fields) -> dict[str, Evidence]:
        """Boxes of the values that exist. Keys are field paths, as in `Extraction.evidence`."""
        boxes = self.value("evidence", partial(_structure, kind=dict)) or {}
        confidences = self.value("confidence", partial(_structure, kind=dict)) or {}
        by_path = {}
        for path in _value_paths(invoice):
            if boxes.get(path) is not None:
                evidence = self._read(f"evidence.{path}", partial(_evidence, boxes[path], confidences.get(path)))
                if evidence:
                    by_path[path] = evidence
        return by_path


def _find(row: Content, paths: tuple[str, ...]) -> Any:
    """The first value that exists. A path is the exact name of a column, else an expression."""
    for path in paths:
        value = row[path] if path in row else _search(path, row)
        if value is not None and value != "":
            return value
    return None


def _search(path: str, row: Content) -> Any:
    expression = _compiled(path)
    try:
        return expression.search(row) if expression else None
    except UnknownFunctionError:
        return None  # `Total (EUR)`: a column that this row lacks
    except JMESPathError:
        raise Unreadable(f"cannot be found with the expression {path}") from None


@cache
def _compiled(path: str) -> Any:
    """The expression, or None for a name that is not one: `Invoice Total`."""
    try:
        return jmespath.compile(path)
    except (JMESPathError, RecursionError):
        return None


def _names_in(path: str) -> Iterator[str]:
    todo = [_compiled(path).parsed] if _compiled(path) else []
    while todo:
        node = todo.pop()
        if node["type"] == "field":
            yield node["value"]
        todo += [child for child in node["children"] if isinstance(child, dict)]


def _field(name: str, mapping: Mapping, value: Any) -> Any:
    if mapping.schema.is_invoice and name in _OF_INVOICES:
        return _OF_INVOICES[name](value)
    return _by_kind(mapping.schema.spec.fields[name], mapping, value)


_OF_INVOICES: dict[str, Callable[[Any], str | None]] = {
    "document_type": values.document_type,
    "currency": values.currency,
}


def _by_kind(spec: FieldSpec, mapping: Mapping, value: Any) -> Any:
    if spec.kind in ("money", "quantity"):
        return values.amount(value, mapping.decimal_separator)
    if spec.kind == "date":
        return values.day(value, day_first=mapping.day_first)
    if spec.kind == "boolean":
        return values.flag(value)
    return values.option(value, spec.options) if spec.options else values.text(value)


def _cell(name: str, key: str, value: Any, mapping: Mapping) -> Any:
    if mapping.is_null(f"{name}.{key}", value):
        return None
    return _by_kind(mapping.schema.spec.lists[name].columns[key], mapping, value)


def _structure(value: Any, kind: type[Any]) -> Any:
    """A list or an object, or JSON text of one in a CSV cell."""
    if isinstance(value, str):
        try:
            value = parse(value)
        except BadJson as error:
            raise Unreadable(f"has to be JSON ({error})") from None
    if value is not None and not isinstance(value, kind):
        raise Unreadable(f"has to be a JSON {'list' if kind is list else 'object'}")
    return kind() if value is None else value


def _value_paths(invoice: Fields) -> Iterator[str]:
    yield from (name for name in invoice.KINDS if getattr(invoice, name) is not None)
    for name in invoice.ROWS:
        for number, entry in enumerate(getattr(invoice, name)):
            yield from (f"{name}.{number}.{key}" for key, value in entry.model_dump().items() if value is not None)


def _evidence(place: Any, confidence: Any) -> Evidence:
    expected = 'has to be like {"page": 1, "box": [0.1, 0.2, 0.3, 0.25]}, relative to the page'
    if not isinstance(place, dict) or not isinstance(place.get("box"), list) or len(place["box"]) != 4:
        raise Unreadable(expected)
    page = values.measure(place.get("page", Decimal(1)), most=100_000)
    corners = [values.measure(corner, most=1) for corner in place["box"]]
    x0, y0, x1, y1 = (corner if corner is not None else 2.0 for corner in corners)
    if not page or page != int(page) or not (x0 <= x1 <= 1 and y0 <= y1 <= 1):
        raise Unreadable(expected)
    score = values.measure(place.get("confidence", confidence), most=1)
    return Evidence(
        page=int(page),
        text=values.text(place.get("text")) or "",
        box=(x0, y0, x1, y1),
        words=[],
        method=METHOD if score is not None else METHOD_WITHOUT_CONFIDENCE,
        score=1.0 if score is None else score,
    )
