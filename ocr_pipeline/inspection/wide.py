"""What was read in wide form: one row per document and backend, and one per line item."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import FIELD_KINDS, LIST_KINDS, DocumentFailure
from ocr_pipeline.spreadsheets import Cell, Row, write_csv, write_workbook
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.export import write_parquet

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "xlsx", "parquet", "json"]

VALUES = "values"
LINE_ITEMS = "line_items"

_KINDS = {"money": "DECIMAL(24, 6)", "quantity": "DECIMAL(24, 6)", "date": "DATE"}
_TYPES = {
    "labelled": "BOOLEAN",
    "position": "INTEGER",
    **{f"{name}_confidence": "DOUBLE" for name in FIELD_KINDS},
    **{name: _KINDS[kind] for name, kind in {**FIELD_KINDS, **LIST_KINDS["line_items"]}.items() if kind in _KINDS},
}
"""Type of a column in Parquet; VARCHAR for any other."""


def export_wide(reader: Reader, folder: Path, form: Format) -> list[Path]:
    """Write `values` and `line_items`: a file each, or two sheets of the workbook `values.xlsx`; returns the files.

    Raises:
        ConfigurationError: nothing was read, or a file cannot be written.
    """
    sheets = {VALUES: list(value_rows(reader)), LINE_ITEMS: list(line_item_rows(reader))}
    if not sheets[VALUES]:
        raise ConfigurationError("No document was read yet; run `ocr-pipeline run` first.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if form == "xlsx":
            return [_replaced(folder / f"{VALUES}.xlsx", lambda path: write_workbook(path, sheets))]
        return [_replaced(folder / f"{name}.{form}", _writer(form, rows)) for name, rows in sheets.items()]
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from None


def _writer(form: Format, rows: Sequence[Row]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        if form == "parquet":
            write_parquet(path, rows, _TYPES)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            if form == "csv":
                write_csv(file, rows)
            else:
                file.writelines(json.dumps(row, ensure_ascii=False, default=_text) + "\n" for row in rows)

    return write


def _text(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _replaced(path: Path, write: Callable[[Path], None]) -> Path:
    """Write a file beside its place and move it there, so that a reader sees the old or the new one."""
    partial = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def value_rows(reader: Reader) -> Iterator[dict[str, Cell]]:
    """One row per document and backend: its fields, and the confidence of each."""
    documents = tables.documents.documents(reader)
    labels = tables.labels.labels(reader)
    for backend in tables.extractions.backends(reader):
        confidences = tables.confidence.confidences_of(reader, backend)
        for document_id, extraction in sorted(tables.extractions.extractions(reader, backend).items()):
            document = documents.get(document_id)
            if document is None or document.file_deleted or document.is_split:
                continue
            invoice = None if isinstance(extraction, DocumentFailure) else extraction.invoice
            row: dict[str, Cell] = {
                "document_id": document_id,
                "dataset": document.dataset,
                "path": document.path,
                "backend": backend,
                "labelled": document_id in labels and labels[document_id].valid,
                "error": extraction.message if isinstance(extraction, DocumentFailure) else None,
            }
            for name in FIELD_KINDS:
                row[name] = getattr(invoice, name, None)
            for name in FIELD_KINDS:
                confidence = confidences.get((document_id, name))
                row[f"{name}_confidence"] = None if confidence is None else round(confidence, 4)
            yield row


def line_item_rows(reader: Reader) -> Iterator[dict[str, Cell]]:
    """One row per line item."""
    for backend in tables.extractions.backends(reader):
        for document_id, extraction in sorted(tables.extractions.extractions(reader, backend).items()):
            items = () if isinstance(extraction, DocumentFailure) else extraction.invoice.line_items
            for position, item in enumerate(items, 1):
                yield {"document_id": document_id, "backend": backend, "position": position, **item.model_dump()}


def values_frame(reader: Reader) -> "pd.DataFrame":
    """The rows of `value_rows` as a pandas data frame: amounts as float, dates as datetime."""
    import pandas as pd

    frame = pd.DataFrame(list(value_rows(reader)))
    for name, kind in FIELD_KINDS.items():
        if name not in frame:
            continue
        if kind == "date":
            frame[name] = pd.to_datetime(frame[name], errors="coerce")
        elif kind == "money":
            frame[name] = frame[name].astype(float)
    return frame
