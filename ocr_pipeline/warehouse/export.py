"""Exports tables as files for other tools."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

from ocr_pipeline.errors import ConfigurationError, WarehouseError
from ocr_pipeline.spreadsheets import Cell, Row
from ocr_pipeline.untrusted import FORMULA
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.migrate import table_columns

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "parquet", "json"]
_OPTIONS = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd", "json": "FORMAT json"}


def export_tables(warehouse: Warehouse, folder: Path, form: Format, tables: Sequence[str] = ()) -> dict[str, int]:
    """Write each table (all by default) to `folder/TABLE.csv`, `.parquet`, or `.json` (an object per line); rows by table.

    Existing files are replaced, each atomically. In CSV, a text that a spreadsheet would run as a formula is prefixed with an
    apostrophe, but not a number; Parquet and JSON contain every text unchanged.

    Raises:
        ConfigurationError: a table is unknown.
        WarehouseError: the database or the folder cannot be used.
    """
    known = table_columns()
    for table in tables:
        _check_table(table, known)
    if not warehouse.exists():
        raise ConfigurationError("There is no database yet: run `ocr-pipeline run` first.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(f"The folder {folder} cannot be created: {error.strerror}.") from None
    counts = {}
    with warehouse.connect(read_only=True) as connection:
        for table in tables or sorted(known):
            columns = ", ".join(_column(name, kind, form) for name, kind in known[table])
            target = folder / f"{table}.{form}"
            partial = folder / f".{table}.{form}.{os.getpid()}"
            # The names come from the schema; COPY takes its file name as a literal only.
            quoted = str(partial).replace("'", "''")
            try:
                copied = connection.execute(
                    f"COPY (SELECT {columns} FROM \"{table}\") TO '{quoted}' ({_OPTIONS[form]})"  # noqa: S608
                ).fetchone()
                partial.replace(target)
            except (OSError, duckdb.IOException) as error:
                raise WarehouseError(f"{target} cannot be written: {type(error).__name__}.") from None
            finally:
                partial.unlink(missing_ok=True)
            counts[table] = int(copied[0]) if copied else 0
    return counts


def write_parquet(path: Path, rows: Sequence[Row], types: Mapping[str, str]) -> None:
    """Write rows of the same columns to a Parquet file. `types`: type of a column in SQL; VARCHAR for any other."""
    import pandas as pd

    names = list(rows[0]) if rows else ["document_id"]
    texts = pd.DataFrame({name: [_as_text(row[name]) for row in rows] for name in names}, dtype="object")
    columns = ", ".join(f'CAST("{name}" AS {types.get(name, "VARCHAR")}) AS "{name}"' for name in names)
    quoted = str(path).replace("'", "''")
    with duckdb.connect() as connection:
        connection.register("texts", texts)
        connection.execute(f"COPY (SELECT {columns} FROM texts) TO '{quoted}' ({_OPTIONS['parquet']})")  # noqa: S608


def _as_text(value: Cell) -> str | None:
    return None if value is None else str(value)


def load_frame(warehouse: Warehouse, table: str) -> "pd.DataFrame":
    """A table as a pandas data frame; of a database that does not exist yet, an empty one.

    Raises:
        ConfigurationError: a table is unknown.
        WarehouseError: the database cannot be opened.
    """
    known = table_columns()
    _check_table(table, known)
    with warehouse.connect(read_only=True) as connection:
        columns = ", ".join(f'"{name}"' for name, _ in known[table])
        return connection.execute(f'SELECT {columns} FROM "{table}"').df()  # noqa: S608


def _check_table(table: str, known: Collection[str]) -> None:
    if table not in known:
        raise ConfigurationError(f"There is no table {table!r}; known are {', '.join(sorted(known))}.")


def _column(name: str, kind: str, form: Format) -> str:
    if form != "csv" or kind != "VARCHAR":
        return f'"{name}"'
    is_formula = f'regexp_matches("{name}", \'{FORMULA}\') AND try_cast("{name}" AS DOUBLE) IS NULL'
    return f'CASE WHEN {is_formula} THEN \'\'\'\' || "{name}" ELSE "{name}" END AS "{name}"'
