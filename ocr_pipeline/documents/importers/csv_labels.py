"""Labels in a CSV file as exported by a spreadsheet: one row per document, one column per field.

    file;supplier_name;invoice_date;total_amount;due_date
    rechnung-1.pdf;Kaffeehaus Lindenhof;14.03.2026;1.045,20;-

In a data set of another schema, the columns are its fields. Where documents may follow several, a column `schema` names that
of a row; without it, it is the first.

Delimiter: comma, semicolon or tab. Encoding: UTF-8, with or without a byte order mark. An empty cell means *not labelled*,
`-` means *not on the document*.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import StringIO

from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.documents.importers.source import Source
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import Label
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date
from ocr_pipeline.values.flags import FLAGS

FILE_COLUMNS = ("file", "filename", "document_id")
OTHER_COLUMNS = ("language", "split")
SCHEMA_COLUMN = "schema"
NOT_ON_THE_DOCUMENT = "-"


@dataclass(frozen=True)
class LabelRow:
    """A row: the document it names, its position in the file (`where` as text), and its label."""

    file: str
    where: str
    line: int
    label: Label


def load_csv_labels(path: Source, schemas: Sequence[DocumentSchema] = ()) -> tuple[list[LabelRow], list[str]]:
    """The rows of a label file, and sentences about skipped cells. `schemas`: those that the documents may follow, the default
    first; none: they are invoices.

    Raises:
        ConfigurationError: the file cannot be read, or its header has unknown columns.
    """
    table = _table(path)
    known = {schema.name: schema for schema in schemas or (invoice_schema(),)}
    columns = _columns(path.name, table[0][1], known)
    key = next(name for name in columns if name in FILE_COLUMNS)
    cells = list(_cells(columns, table[1:]))
    dates = {name for schema in known.values() for name, kind in schema.field_kinds.items() if kind == "date"}
    day_first = _day_first([row.get(name, "") for _, row, _ in cells for name in columns if name in dates])
    rows, problems = [], []
    for line, row, width in cells:
        where = f"{path.name}, line {line}"
        if width > len(columns):
            problems.append(f"{where}: more cells than columns; row skipped.")
        elif not row.get(key):
            problems.append(f"{where}, column {key}: empty; row skipped.")
        else:
            name = row.get(SCHEMA_COLUMN) or next(iter(known))
            if name not in known:
                problems.append(f"{where}, column {SCHEMA_COLUMN}: must be {' or '.join(known)}; row skipped.")
                continue
            label, invalid = _label(row, day_first, known[name])
            problems += [f"{where}, column {name}: {problem}; skipped." for name, problem in invalid]
            rows.append(LabelRow(row[key], f"{where}, column {key}", line, label))
    return rows, problems


def _cells(
    columns: Sequence[str], records: Sequence[tuple[int, list[str]]]
) -> Iterator[tuple[int, dict[str, str], int]]:
    """(line, cells by column, number of cells) of each record that is not empty."""
    for line, row in records:
        if any(cell.strip() for cell in row):
            yield line, dict(zip(columns, (cell.strip() for cell in row), strict=False)), len(row)


def _table(path: Source) -> list[tuple[int, list[str]]]:
    """The records of a file, the header first. Raises ConfigurationError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is not UTF-8 text: save it as CSV UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}.") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = list(records(text, delimiter))
    except csv.Error:
        raise ConfigurationError(f"{path.name} is not a CSV file.") from None
    if not table:
        raise ConfigurationError(f"{path.name} is empty.")
    return table


def records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(first line number, cells) of each record. A quoted cell may contain line breaks."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    for row in reader:
        yield start, row
        start = reader.line_num + 1


def _columns(name: str, header: Sequence[str], schemas: Mapping[str, DocumentSchema]) -> list[str]:
    columns = [column.strip().lower() for column in header]
    while columns and not columns[-1]:
        columns.pop()  # spreadsheets export columns that were used once
    fields = dict.fromkeys(field for schema in schemas.values() for field in schema.field_kinds)
    several = (SCHEMA_COLUMN,) if len(schemas) > 1 else ()
    known = (*FILE_COLUMNS, *OTHER_COLUMNS, *several, *fields)
    for number, column in enumerate(columns, 1):
        if column not in known:
            raise ConfigurationError(
                f"{name}, line 1, column {number}: unknown column; expected one of {', '.join(known)}."
            )
        if columns.index(column) != number - 1:
            raise ConfigurationError(f"{name}, line 1, column {number}: duplicate column {column}.")
    if sum(column in FILE_COLUMNS for column in columns) != 1:
        raise ConfigurationError(f"{name}, line 1: one column must name the document: {', '.join(FILE_COLUMNS)}.")
    return columns


def _label(row: dict[str, str], day_first: bool | None, schema: DocumentSchema) -> tuple[Label, list[tuple[str, str]]]:
    fields: dict[str, str | Decimal | date | bool | None] = {}
    invalid: list[tuple[str, str]] = []
    for name, kind in schema.field_kinds.items():
        text = row.get(name, "")
        if not text:
            continue
        if text == NOT_ON_THE_DOCUMENT:
            fields[name] = None
            continue
        value: str | Decimal | date | bool | None = text.lower() if name == "document_type" else text
        problem = "invalid value"
        if kind in ("money", "quantity"):
            value = _amount(text)
            problem = "not an amount, or an ambiguous one (write 1234.00)"
        elif kind == "date":
            value = _date(text, day_first)
            problem = "not a date, or an ambiguous one (write 2026-03-14)"
        elif kind == "boolean":
            value = FLAGS.get(text.casefold())
            problem = "not true or false"
        elif options := schema.spec.fields[name].options:
            problem = f"not one of {', '.join(options)}"
        if value is None or not schema.is_valid(name, value):
            invalid.append((name, problem))
        else:
            fields[name] = value
    others = {name: row[name] for name in OTHER_COLUMNS if row.get(name)}
    return Label(invoice=schema.model.model_validate(fields), **others), invalid


def _amount(text: str) -> Decimal | None:
    """Parse an amount with decimal point or comma. `1.234` is rejected: its meaning depends on the country."""
    readings = {parse_amount(text, decimal_separator=mark) for mark in (".", ",")}
    return readings.pop() if len(readings) == 1 else None


def _date(text: str, day_first: bool | None) -> date | None:
    readings = {parse_date(text, day_first=order) for order in (True, False)} - {None}
    if len(readings) == 1:
        return readings.pop()
    if "." in text:  # 03.04.2026: dates with points are day first
        return parse_date(text, day_first=True)
    return None if day_first is None else parse_date(text, day_first=day_first)


def _day_first(texts: Sequence[str]) -> bool | None:
    """Whether the day comes first in a file's dates, from the unambiguous ones; None if there are none or they disagree."""
    orders = set()
    for text in texts:
        if re.fullmatch(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}", text):
            readings = [order for order in (True, False) if parse_date(text, day_first=order)]
            orders |= set(readings) if len(readings) == 1 else set()
    return orders.pop() if len(orders) == 1 else None
