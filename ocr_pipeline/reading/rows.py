"""What was read, as JSON and as rows for spreadsheets."""

from collections.abc import Iterator, Sequence

from ocr_pipeline.document_fields import as_text
from ocr_pipeline.reading.read import ReadFile
from ocr_pipeline.spreadsheets import Cell


def as_json(read: ReadFile) -> dict[str, object]:
    """A file with its values, each with confidence and place. Boxes are (left, top, right, bottom), 0..1 of the page."""
    head: dict[str, object] = {"file": read.file.name, "backend": read.backend.name}
    if read.failure:
        return {**head, "error": {"reason": read.failure.reason, "message": read.failure.message}}
    assert read.extraction is not None
    invoice = read.extraction.invoice
    fields = {name: _value(read, name, getattr(invoice, name)) for name in read.schema.field_kinds}
    lists = {
        name: [
            {column: _value(read, f"{name}.{position}.{column}", getattr(row, column)) for column in model.model_fields}
            for position, row in enumerate(getattr(invoice, name))
        ]
        for name, model in read.schema.row_models.items()
    }
    return {
        **head,
        "pages": len(read.document.pages) if read.document else None,
        "fields": {name: value for name, value in fields.items() if value},
        **{
            name: [{column: cell for column, cell in row.items() if cell} for row in rows]
            for name, rows in lists.items()
        },
        "warnings": read.extraction.warnings,
        "seconds": round(read.seconds, 3),
        "cost_usd": read.outcome.cost_usd,
    }


def _value(read: ReadFile, path: str, value: object) -> dict[str, object] | None:
    if value is None:
        return None
    assert read.extraction is not None
    found: dict[str, object] = {"value": as_text(value), "confidence": _rounded(read.confidence(path))}
    if evidence := read.extraction.evidence.get(path):
        found |= {
            "page": evidence.page or None,
            "box": [round(side, 4) for side in evidence.box],
            "text": evidence.text,
        }
    return found


def _rounded(confidence: float | None) -> float | None:
    return None if confidence is None else round(confidence, 3)


def document_rows(results: Sequence[ReadFile]) -> Iterator[dict[str, Cell]]:
    """One row per file: its fields, and the confidence of each."""
    for read in results:
        row: dict[str, Cell] = {
            "file": read.file.name,
            "backend": read.backend.name,
            "error": read.failure.message if read.failure else None,
        }
        for name in read.schema.field_kinds:
            row[name] = getattr(read.extraction.invoice, name) if read.extraction else None
        for name in read.schema.field_kinds:
            row[f"{name}_confidence"] = _rounded(read.confidence(name))
        yield row


def line_item_rows(results: Sequence[ReadFile]) -> Iterator[dict[str, Cell]]:
    """One row per line item; of another schema, per row of its lists, which a column names if there are several."""
    for read in results:
        models = read.schema.row_models
        names = ["line_items"] if read.schema.is_invoice else list(models)
        columns = dict.fromkeys(column for name in names for column in models[name].model_fields)
        for name in names:
            of_list = {"list": name} if len(names) > 1 else {}
            for position, item in enumerate(getattr(read.extraction.invoice, name) if read.extraction else ()):
                cells = {column: getattr(item, column, None) for column in columns}
                yield {"file": read.file.name, **of_list, "position": position + 1, **cells}
