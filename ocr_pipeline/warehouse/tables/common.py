"""What several table families share: how values, boxes and failures become columns, and invoices come back from them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ocr_pipeline.schemas import FIELD_KINDS, Invoice, LineItem, TaxLine, Word

Row = dict[str, Any]
NewRows = dict[str, list[Row]]
"""New rows by table."""


def empty(tables: Sequence[str]) -> NewRows:
    """A place to collect rows for these tables."""
    return {table: [] for table in tables}


def typed_value(value: str | date | Decimal | None) -> Row:
    return {
        "value": None if value is None else str(value),
        "value_amount": value if isinstance(value, Decimal) else None,
        "value_date": value if isinstance(value, date) else None,
    }


def box_columns(box: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))


def add_lists(tables: NewRows, items: str, taxes: str, key: dict[str, str], invoice: Invoice) -> None:
    for table, entries in ((items, invoice.line_items), (taxes, invoice.tax_lines)):
        for position, entry in enumerate(entries):
            tables[table].append({**key, "position": position, **entry.model_dump(mode="json")})


def invoices_of(fields: list[Row], items: list[Row], taxes: list[Row]) -> dict[str, Invoice]:
    values: dict[str, Row] = {}
    for row in fields:
        kind = FIELD_KINDS.get(row["field"])
        column = {"money": "value_amount", "date": "value_date"}.get(kind or "", "value")
        values.setdefault(row["document_id"], {})[row["field"]] = _exact(row[column])
    for name, model, rows in (("line_items", LineItem, items), ("tax_lines", TaxLine, taxes)):
        for row in rows:
            entry = model(**{field: _exact(row[field]) for field in model.model_fields})
            values.setdefault(row["document_id"], {}).setdefault(name, []).append(entry)
    return {document_id: Invoice(**invoice) for document_id, invoice in values.items()}


def _exact(value: Any) -> Any:
    """DECIMAL(24, 6) gives 12.500000: back to the shortest exact spelling, so that 18 digits are enough."""
    return value.normalize() if isinstance(value, Decimal) else value


def mean_confidence(words: Sequence[Word]) -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None
