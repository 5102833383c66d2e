"""What a transaction changes in tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import duckdb

from ocr_pipeline.warehouse.inserting import Rows, insert, update
from ocr_pipeline.warehouse.opening import Key, Opening


class Replacement(NamedTuple):
    """Rows to replace.

    Attributes:
        key_columns: the columns that make a key, present in every table: `("document_id", "engine")`.
        keys: the keys to replace. A key without new rows ends up empty.
        tables: the new rows per table. Values are matched to columns by name; dates are ISO strings or dates.
    """

    key_columns: Sequence[str]
    keys: Sequence[Key]
    tables: Mapping[str, Rows]


class Update(NamedTuple):
    """Columns of existing rows to set; the rest of the rows stays as it is.

    Attributes:
        key_columns: the columns that tell which rows, among `columns` or `constants`.
        columns: values by column, all of the same length.
        constants: values that all these rows share.
    """

    table: str
    key_columns: Sequence[str]
    columns: Mapping[str, Sequence[object]]
    constants: Mapping[str, object]


def make(change: Replacement | Update, connection: duckdb.DuckDBPyConnection, opening: Opening) -> None:
    """Do it."""
    if isinstance(change, Update):
        types = opening.types(connection, change.table)
        update(connection, change.table, change.key_columns, change.columns, change.constants, types)
        return
    for table, rows in change.tables.items():
        opening.delete(connection, table, change.key_columns, change.keys)
        insert_into(table, rows, connection, opening)


def insert_into(table: str, rows: Rows, connection: duckdb.DuckDBPyConnection, opening: Opening) -> None:
    """Add rows to a table."""
    if rows:
        insert(connection, table, rows, opening.types(connection, table))


def rewritten(changes: Iterable[Replacement | Update]) -> list[str]:
    """The tables of which more than some cells are replaced."""
    wide = (
        change.tables
        for change in changes
        if isinstance(change, Replacement) and "document_id" not in change.key_columns
    )
    return list(dict.fromkeys(table for tables in wide for table in tables))
