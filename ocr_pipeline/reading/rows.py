"""What was read as JSON, CSV or a workbook. Amounts are numbers, ids are text, and no cell can be taken for a formula."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.reading.read import ReadFile
from ocr_pipeline.schemas import FIELD_KINDS, LineItem, TaxLine

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins with one of these is a formula to a spreadsheet."""

Cell = str | Decimal | date | float | int | None
LISTS: dict[str, type[BaseModel]] = {"line_items": LineItem, "tax_lines": TaxLine}


def as_json(read: ReadFile) -> dict[str, Any]:
    """A file with its values, each with confidence and place. Boxes are (left, top, right, bottom), 0..1 of the page."""
    head: dict[str, Any] = {"file": read.file.name, "backend": read.backend.name}
    if read.failure:
        return {**head, "error": {"reason": read.failure.reason, "message": read.failure.message}}
    assert read.extraction is not None
    invoice = read.extraction.invoice
    fields = {name: _value(read, name, getattr(invoice, name)) for name in FIELD_KINDS}
    lists = {
        name: [
            {column: _value(read, f"{name}.{position}.{column}", getattr(row, column)) for column in model.model_fields}
            for position, row in enumerate(getattr(invoice, name))
        ]
        for name, model in LISTS.items()
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


def _value(read: ReadFile, path: str, value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    assert read.extraction is not None
    found: dict[str, Any] = {"value": str(value), "confidence": _rounded(read.confidence(path))}
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
        for name in FIELD_KINDS:
            row[name] = getattr(read.extraction.invoice, name) if read.extraction else None
        for name in FIELD_KINDS:
            row[f"{name}_confidence"] = _rounded(read.confidence(name))
        yield row


def line_item_rows(results: Sequence[ReadFile]) -> Iterator[dict[str, Cell]]:
    """One row per line item."""
    for read in results:
        for position, item in enumerate(read.extraction.invoice.line_items if read.extraction else ()):
            yield {"file": read.file.name, "position": position + 1, **item.model_dump()}


def write_csv(file: IO[str], rows: Iterator[dict[str, Cell]]) -> None:
    """Write rows as CSV. A text that a spreadsheet takes for a formula gets an apostrophe in front."""
    writer = csv.writer(file, lineterminator="\n")
    for number, row in enumerate(rows):
        if not number:
            writer.writerow(row)
        writer.writerow(
            [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in row.values()]
        )


def write_workbook(results: Sequence[ReadFile], path: Path) -> None:
    """Write a workbook with a sheet of documents and one of line items.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    import xlsxwriter

    sheets = {"documents": document_rows(results), "line items": line_item_rows(results)}
    try:
        with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
            bold = book.add_format({"bold": True})
            for name, rows in sheets.items():
                sheet = book.add_worksheet(name)
                sheet.freeze_panes(1, 1)
                for number, row in enumerate(rows, 1):
                    if number == 1:
                        sheet.write_row(0, 0, row, bold)
                        sheet.set_column(0, len(row) - 1, 16)
                    for column, cell in enumerate(row.values()):
                        _write_cell(sheet, number, column, cell)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise ConfigurationError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.") from None


def _write_cell(sheet: Any, row: int, column: int, cell: Cell) -> None:
    """A workbook's numbers have 15 digits; an amount with more is written as text."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell)
    elif isinstance(cell, Decimal) and len(cell.as_tuple().digits) > 15:
        sheet.write_string(row, column, str(cell))
    elif cell is not None:
        sheet.write_number(row, column, cell)
