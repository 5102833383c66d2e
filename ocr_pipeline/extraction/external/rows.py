"""The rows of a file of predictions: JSON lines, or CSV with a header. Each row is about one document.

The file is untrusted: its size and rows are validated, and errors name the line.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass

from ocr_pipeline.documents.importers.csv_labels import records
from ocr_pipeline.documents.importers.source import Source, explained
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.external.strict_json import BadJson, Content, parse

MAX_BYTES = 200_000_000
"""Of a file. All of it is held in memory, because imports are all or nothing."""
MAX_ROW = 4_000_000
"""Characters of a row: far more than any service returns for a long invoice."""


@dataclass(frozen=True)
class Row:
    """`line`: its first line in the file, from 1. `text`: the JSON object as stored; `content`: the same, parsed."""

    line: int
    text: str
    content: Content


def read_rows(source: Source) -> list[Row]:
    """The rows of a file, at least one.

    Raises:
        ConfigurationError: the file is unreadable or too large, or a line is invalid.
    """
    name = source.name
    with explained(source), source.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"{name} is larger than {MAX_BYTES:,} bytes: import it in parts, a data set each.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{name}, line {line}: not text in UTF-8.") from None
    start = text.lstrip()[:1]
    if start == "[":
        raise ConfigurationError(f"{name} is one JSON array: write one object per line instead (jq -c '.[]').")
    rows = list(_json_rows(name, text) if start == "{" else _csv_rows(name, text))
    if not rows:
        raise ConfigurationError(f"{name} has no rows.")
    return rows


def _json_rows(name: str, text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line:
            continue
        if len(line) > MAX_ROW:
            raise ConfigurationError(f"{name}, line {number}: longer than {MAX_ROW:,} characters.")
        try:
            content = parse(line)
        except BadJson as error:
            raise ConfigurationError(f"{name}, line {number}: {error}; it has to be one JSON object.") from None
        if not isinstance(content, dict):
            raise ConfigurationError(f"{name}, line {number}: not a JSON object.")
        yield Row(number, line, content)


def _csv_rows(name: str, text: str) -> Iterator[Row]:
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    columns: list[str] = []
    line = 0
    try:
        for line, cells in records(text, delimiter):
            if not columns:
                columns = _columns(name, cells)
            elif any(cells[len(columns) :]):
                raise ConfigurationError(f"{name}, line {line}: more cells than columns.")
            elif any(cells):
                content = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
                row = json.dumps(content, ensure_ascii=False)
                if len(row) > MAX_ROW:
                    raise ConfigurationError(f"{name}, line {line}: longer than {MAX_ROW:,} characters.")
                yield Row(line, row, content)
    except csv.Error as error:
        raise ConfigurationError(f"{name}, after line {line}: not valid CSV ({error}).") from None


def _columns(name: str, header: list[str]) -> list[str]:
    columns = [column.strip() for column in header]
    for number, column in enumerate(columns, 1):
        if column and columns.index(column) != number - 1:
            raise ConfigurationError(
                f"{name}, line 1, column {number}: the same name as column {columns.index(column) + 1}."
            )
    if not any(columns):
        raise ConfigurationError(f"{name}, line 1: no column has a name.")
    return columns
