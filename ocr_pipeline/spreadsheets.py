"""Rows as CSV or as a workbook. Amounts are numbers, dates are dates, ids are text, and no cell can be taken for a formula."""

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.untrusted import FORMULA

Cell = str | Decimal | date | float | int | bool | None
Row = Mapping[str, Cell]
"""A row by column; all rows of a sheet have the same columns."""

MAX_DIGITS = 15
"""Significant digits of a number in a workbook."""

MAX_TEXT = 32_767
"""Characters of a cell of a workbook."""

MAX_SHEET_NAME = 31
"""Characters of the name of a sheet; a longer one is cut, and numbered."""


def write_csv(file: IO[str], rows: Iterable[Row]) -> None:
    """Write rows as CSV. A text that a spreadsheet takes for a formula gets an apostrophe in front."""
    writer = csv.writer(file, lineterminator="\n")
    for number, row in enumerate(rows):
        if not number:
            writer.writerow(row)
        writer.writerow([_csv_cell(cell) for cell in row.values()])


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, Decimal):
        return f"{cell:f}"  # never 1.9E+2
    return f"'{cell}" if isinstance(cell, str) and re.match(FORMULA, cell) else cell


def write_workbook(path: Path, sheets: Mapping[str, Iterable[Row]]) -> None:
    """Write a workbook with a sheet for each entry, in order.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    import xlsxwriter

    try:
        with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "constant_memory": True}) as book:
            bold, amount = book.add_format({"bold": True}), book.add_format({"num_format": "0.00####"})
            for place, (name, rows) in enumerate(sheets.items()):
                sheet = book.add_worksheet(name if len(name) <= MAX_SHEET_NAME else f"{name[:25]}~{place}")
                sheet.freeze_panes(1, 1)
                for number, row in enumerate(rows, 1):
                    if number == 1:
                        sheet.write_row(0, 0, row, bold)
                        sheet.set_column(0, len(row) - 1, 16)
                    for column, cell in enumerate(row.values()):
                        _write_cell(sheet, number, column, cell, amount)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise ConfigurationError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.") from None


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, amount: Any) -> None:
    """A number with more digits than a workbook keeps is written as text. `amount`: format of exact numbers."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell[:MAX_TEXT])
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell)
    elif isinstance(cell, Decimal) and len(cell.as_tuple().digits) > MAX_DIGITS:
        sheet.write_string(row, column, f"{cell:f}")
    elif isinstance(cell, Decimal):
        sheet.write_number(row, column, float(cell), amount)
    elif cell is not None:
        sheet.write_number(row, column, cell)
