"""How the values of a document map to rows: its fields, and its lists.

The lists of invoices have tables with a column for each of theirs. Those of documents of other schemas are in one long table
for labels and one for extractions, a row per cell, so that no schema needs a table of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypedDict

from ocr_pipeline.document_fields import Fields, Invoice, as_text, shape_of, stored_model
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.opening import Parameters
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows

Row = dict[str, Any]
"""A row as it was loaded."""


def typed_value(value: str | date | Decimal | bool | None) -> NewRow:
    return {
        "value": None if value is None else as_text(value),
        "value_amount": value if isinstance(value, Decimal) else None,
        "value_date": value if isinstance(value, date) else None,
    }


def add_lists(tables: NewRows, prefix: Literal["ground_truth", "extracted"], key: NewRow, values: Fields) -> None:
    """Add the rows of the lists: of an invoice to tables with its columns, of any other document to one long table."""
    for name in values.ROWS:
        for position, entry in enumerate(getattr(values, name)):
            if isinstance(values, Invoice):
                row = {**key, "position": position, **entry.model_dump(mode="json")}
                tables[f"{prefix}_{name}"].append(row)
                continue
            tables[f"{prefix}_rows"].extend(
                {**key, "list": name, "position": position, "column_name": column, **typed_value(value)}
                for column, value in entry
            )


class ShapeColumns(TypedDict):
    """What tells a document of another schema from an invoice, for which both are None."""

    schema_name: str | None
    shape: str | None


def shape_columns(values: Fields | None) -> ShapeColumns:
    """Schema and shape of values."""
    if values is None or isinstance(values, Invoice):
        return ShapeColumns(schema_name=None, shape=None)
    return ShapeColumns(schema_name=values.NAME, shape=json.dumps(shape_of(type(values))))


def kinds_of_shape(shape: str | None) -> Mapping[str, str]:
    """The kinds of the fields of a document, by the shape of its values; None: an invoice."""
    return Invoice.KINDS if shape is None else stored_model(shape).KINDS


@dataclass(frozen=True, kw_only=True)
class ValueRows:
    """Rows of the tables of values, by document and position. `shapes`: of the documents other than invoices."""

    fields: list[Row]
    items: list[Row]
    taxes: list[Row]
    rows: list[Row]
    shapes: Mapping[str, str]


_VALUE = ("document_id", "field", "value", "value_amount", "value_date")


def load_values(
    reader: Reader, prefix: str, fields: str, where: str, parameters: Parameters, shapes: str, more: Sequence[str] = ()
) -> ValueRows:
    """Rows of the lists of labels or extractions, and of the tables `fields` and `shapes`. `where`: which documents. `more`:
    columns of `fields` besides the values."""
    order = f"{where} ORDER BY document_id, position"
    return ValueRows(
        fields=reader.rows(
            f"SELECT {', '.join((*_VALUE, *more))} FROM {fields} {where} ORDER BY document_id", parameters
        ),
        items=reader.rows(f"FROM {prefix}_line_items {order}", parameters),
        taxes=reader.rows(f"FROM {prefix}_tax_lines {order}", parameters),
        rows=reader.rows(f"FROM {prefix}_rows {order}", parameters),
        shapes={
            row["document_id"]: row["shape"]
            for row in reader.rows(
                f"SELECT document_id, shape FROM {shapes} {where or 'WHERE true'} AND shape IS NOT NULL", parameters
            )
        },
    )


def models(reader: Reader) -> list[type[Fields]]:
    """The models of the documents that were read, other than invoices; of a schema that changed, several."""
    rows = reader.rows("SELECT DISTINCT shape FROM extractions WHERE shape IS NOT NULL ORDER BY shape")
    return [stored_model(row["shape"]) for row in rows]


def values_of_rows(found: ValueRows) -> dict[str, Fields]:
    """The values of each document, with the model of its schema."""
    models = {document_id: stored_model(shape) for document_id, shape in found.shapes.items()}
    values: dict[str, dict[str, object]] = {document_id: {} for document_id in models}
    for row in found.fields:
        model = models.get(row["document_id"], Invoice)
        if row["field"] in model.KINDS:
            of_document = values.setdefault(row["document_id"], {})
            of_document[row["field"]] = _typed(row, model.KINDS[row["field"]])
    for name, rows in (("line_items", found.items), ("tax_lines", found.taxes)):
        for row in rows:
            entry = Invoice.ROWS[name](**{field: _exact(row[field]) for field in Invoice.ROWS[name].model_fields})
            entries = values.setdefault(row["document_id"], {}).setdefault(name, [])
            assert isinstance(entries, list)
            entries.append(entry)
    lists: dict[tuple[str, str], dict[int, dict[str, object]]] = {}
    for row in found.rows:
        entries = lists.setdefault((row["document_id"], row["list"]), {})
        entries.setdefault(row["position"], {})[row["column_name"]] = row["value"]
    for (document_id, name), entries in lists.items():
        values[document_id][name] = [entry for _, entry in sorted(entries.items())]
    return {document_id: models.get(document_id, Invoice)(**fields) for document_id, fields in values.items()}


def _typed(row: Row, kind: str) -> object:
    return _exact(row[{"money": "value_amount", "date": "value_date"}.get(kind, "value")])


def _exact(value: Any) -> Any:
    """DECIMAL(24, 6) gives 12.500000: shortened, so that 18 digits suffice."""
    return value.normalize() if isinstance(value, Decimal) else value
