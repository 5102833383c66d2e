"""Where a row of predictions has the values of a schema, unless `fields` says otherwise."""

from functools import cache

from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.schemas import FIELD_KINDS

_OURS = {
    name: (name, name.replace("_", ".", 1)) if name.startswith(("supplier_", "receiver_")) else (name,)
    for name in FIELD_KINDS
}
DEFAULTS: dict[str, tuple[str, ...]] = {
    "document": ("document", "document_id", "file", "filename", "file_name", "sha256"),
    **_OURS,
    "tax_lines": ("tax_lines",),
    "line_items": ("line_items",),
    "cost_usd": ("cost_usd",),
    "seconds": ("seconds",),
    "milliseconds": ("milliseconds", "latency_ms"),
    "model": ("model",),
    "model_version": ("model_version", "version"),
    "evidence": ("evidence",),
    "confidence": ("confidence",),
}
"""Where a value is looked up unless `fields` says otherwise: the first of these that exists."""

ABOUT_THE_ROW = ("document", "cost_usd", "seconds", "milliseconds", "model", "model_version", "evidence", "confidence")
"""What is looked up for every schema."""


@cache
def defaults_of(schema: DocumentSchema) -> dict[str, tuple[str, ...]]:
    """Where the values of a schema are looked up unless `fields` says otherwise: under their own names."""
    if schema.is_invoice:
        return DEFAULTS
    own = {name: (name,) for name in (*schema.spec.fields, *schema.spec.lists)}
    return {**{name: DEFAULTS[name] for name in ABOUT_THE_ROW}, **own}


def list_cells(schema: DocumentSchema) -> frozenset[str]:
    """The columns of lists: `items.quantity`."""
    return frozenset(path for path, _ in schema.spec.every_field() if "." in path)
