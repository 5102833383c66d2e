"""What was read in wide form: one row per document and backend, and one per line item."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

_KINDS = {"money": "DECIMAL(24, 6)", "quantity": "DECIMAL(24, 6)", "date": "DATE", "boolean": "BOOLEAN"}
_TYPES = {
    "labelled": "BOOLEAN",
    "position": "INTEGER",
}
"""Type of a column in Parquet, beside those of fields; VARCHAR for any other."""


def export_wide(reader: Reader, folder: Path, form: Format) -> list[Path]:
    """Write `values`, `line_items` and the lists of other schemas: a file each, or sheets of `values.xlsx`; returns
    the files.

    Raises:
        ConfigurationError: nothing was read, or a file cannot be written.
    """
    sheets = {VALUES: list(value_rows(reader))}
    types = {VALUES: _types(field_kinds(reader))}
    for name, columns in list_kinds(reader).items():
        sheets[name], types[name] = _aligned(list_rows(reader, name)), _types(columns)
    if not sheets[VALUES]:
        raise ConfigurationError("No document was read yet; run `ocr-pipeline run` first.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if form == "xlsx":
            return [_replaced(folder / f"{VALUES}.xlsx", lambda path: write_workbook(path, sheets))]
        return [_replaced(folder / f"{name}.{form}", _writer(form, rows, types[name])) for name, rows in sheets.items()]
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from None


def _types(kinds: Mapping[str, str]) -> dict[str, str]:
    """Type of a column in Parquet; VARCHAR for any other."""
    return {
        **_TYPES,
        **{f"{name}_confidence": "DOUBLE" for name in kinds},
        **{name: _KINDS[kind] for name, kind in kinds.items() if kind in _KINDS},
    }


def _aligned(rows: Iterable[Row]) -> list[dict[str, Cell]]:
    """Rows with the columns of all of them: lists of two schemas may share a name."""
    every = list(rows)
    columns = dict.fromkeys(name for row in every for name in row)
    return [{name: row.get(name) for name in columns} for row in every]


def _writer(form: Format, rows: Sequence[Row], types: Mapping[str, str]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        if form == "parquet":
            write_parquet(path, rows, types)
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
    """One row per document and backend: its fields, and the confidence of each. Fields of other schemas follow those of
    invoices."""
    documents = tables.documents.documents(reader)
    labels = tables.labels.labels(reader)
    kinds = field_kinds(reader)
    for backend in tables.extractions.backends(reader):
        confidences = tables.confidence.confidences_of(reader, backend)
        for document_id, extraction in sorted(tables.extractions.extractions(reader, backend).items()):
            document = documents.get(document_id)
            if document is None or document.file_deleted or document.is_split:
                continue
            values = None if isinstance(extraction, DocumentFailure) else extraction.invoice
            row: dict[str, Cell] = {
                "document_id": document_id,
                "dataset": document.dataset,
                "path": document.path,
                "backend": backend,
                "labelled": document_id in labels and labels[document_id].valid,
                "error": extraction.message if isinstance(extraction, DocumentFailure) else None,
            }
            for name in kinds:
                row[name] = getattr(values, name, None)
            for name in kinds:
                confidence = confidences.get((document_id, name))
                row[f"{name}_confidence"] = None if confidence is None else round(confidence, 4)
            yield row


def field_kinds(reader: Reader) -> dict[str, str]:
    """The fields of all documents that were read, those of invoices first; text if schemas differ about one."""
    kinds: dict[str, str] = dict(FIELD_KINDS)
    for model in tables.values.models(reader):
        _merge(kinds, model.KINDS)
    return kinds


def list_kinds(reader: Reader) -> dict[str, dict[str, str]]:
    """The compared columns of the lists of all documents that were read, line items first."""
    kinds: dict[str, dict[str, str]] = {LINE_ITEMS: dict(LIST_KINDS[LINE_ITEMS])}
    for model in tables.values.models(reader):
        for name, columns in model.LISTS.items():
            _merge(kinds.setdefault(name, {}), columns)
    return kinds


def _merge(kinds: dict[str, str], others: Mapping[str, str]) -> None:
    for name, kind in others.items():
        kinds[name] = kind if kinds.get(name, kind) == kind else "text"


def list_rows(reader: Reader, name: str) -> Iterator[dict[str, Cell]]:
    """One row per row of a list."""
    for backend in tables.extractions.backends(reader):
        for document_id, extraction in sorted(tables.extractions.extractions(reader, backend).items()):
            rows = () if isinstance(extraction, DocumentFailure) else getattr(extraction.invoice, name, ())
            for position, row in enumerate(rows, 1):
                yield {"document_id": document_id, "backend": backend, "position": position, **row.model_dump()}


def values_frame(reader: Reader) -> "pd.DataFrame":
    """The rows of `value_rows` as a pandas data frame: amounts as float, dates as datetime."""
    import pandas as pd

    frame = pd.DataFrame(list(value_rows(reader)))
    for name, kind in field_kinds(reader).items():
        if name not in frame:
            continue
        if kind == "date":
            frame[name] = pd.to_datetime(frame[name], errors="coerce")
        elif kind in ("money", "quantity"):
            frame[name] = frame[name].astype(float)
    return frame
