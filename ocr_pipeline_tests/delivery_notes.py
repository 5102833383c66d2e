"""A schema of delivery notes with a field of every kind, and labels and values for it."""

from pathlib import Path

from ocr_pipeline.document_schema.loading import load_schema
from ocr_pipeline.document_schema.schema import DocumentSchema

SCHEMA = """\
title: Delivery note
description: Goods that a supplier delivered, with the quantities received.
fields:
  delivery_number:
    kind: identifier
    description: Number of the delivery note, not of the order.
    keywords: [Lieferschein-Nr., delivery note no.]
    required: true
    pattern: "[A-Z]{2}-\\\\d+"
  supplier: {kind: name, keywords: [supplier]}
  ship_to: {kind: address}
  tax_number: {kind: tax_id}
  delivery_date: {kind: date, keywords: [delivery date]}
  order_date: {kind: date}
  status: {kind: category, options: [complete, partial]}
  signed: {kind: boolean}
  remarks: {kind: text}
  freight: {kind: money, minimum: 0}
  total_quantity: {kind: quantity, keywords: [total quantity]}
lists:
  items:
    description: One row per delivered article.
    columns:
      article: {kind: identifier}
      description: {kind: text}
      quantity: {kind: quantity, minimum: 0}
      unit: {kind: text, compared: false}
      expiry: {kind: date}
      damaged: {kind: boolean}
compare: {delivery_number: {edits: 2}}
constraints:
  - sum(items.quantity) = total_quantity
  - delivery_date >= order_date
"""

VALUES = {
    "delivery_number": "LS-1001",
    "supplier": "Muster GmbH",
    "ship_to": "Hafenstr. 1, Kiel",
    "tax_number": "DE123456789",
    "delivery_date": "2026-03-05",
    "order_date": "2026-03-01",
    "status": "complete",
    "signed": True,
    "remarks": "left at the gate",
    "freight": "12.50",
    "total_quantity": "5",
    "items": [
        {"article": "A-1", "description": "Bolts", "quantity": "2", "unit": "box", "expiry": "2027-01-31", "damaged": False},
        {"article": "A-2", "description": "Nuts", "quantity": "3", "unit": "box", "damaged": True},
    ],
}  # fmt: skip


def write_schema(root: Path, text: str = SCHEMA, name: str = "delivery_notes") -> Path:
    """Write a schema into a project folder; returns its file."""
    path = root / "schemas" / name / "schema.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def delivery_notes(root: Path) -> DocumentSchema:
    """The schema, written into a project folder."""
    return load_schema(write_schema(root))
