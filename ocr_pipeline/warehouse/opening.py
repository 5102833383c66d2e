"""Where the tables are: what the warehouse needs to know about the database behind it."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import duckdb

Row = Mapping[str, object]
Key = tuple[str, ...]

ROWS_AT_A_TIME = 5000


class Opening(Protocol):
    """Opens the database for short tasks. All of them speak DuckDB's SQL; methods raise WarehouseError with one sentence."""

    @property
    def name(self) -> str:
        """How the database is called in messages: without a password."""
        ...

    def exists(self) -> bool:
        """Whether there is something to read."""
        ...

    def connect(self, *, read_only: bool) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection to a database with the current schema."""
        ...

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], None], rewritten: Sequence[str] = ()) -> None:
        """Do `work` in one transaction.

        Args:
            work: may be called again after a rollback, if another machine changed the same rows.
            rewritten: tables that nobody else may write to meanwhile, as more than some cells of them are replaced.
        """
        ...

    def delete(
        self, connection: duckdb.DuckDBPyConnection, table: str, key_columns: Sequence[str], keys: Sequence[Key]
    ) -> int:
        """Delete the rows of these keys; returns their number."""
        ...

    def types(self, connection: duckdb.DuckDBPyConnection, table: str) -> Mapping[str, str]:
        """The types that values of the columns have on their way into a table, by column."""
        ...

    def compact(self) -> None:
        """Write all tables anew, without what was deleted from them."""
        ...


def insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row], types: Mapping[str, str]) -> None:
    """Insert by name: each row is JSON, converted to the column types of the table.

    Fourteen times faster than executemany, and, unlike with a data frame, no type is guessed: docs/decisions/0002. One text
    per row, some thousand rows at a time: as a single text, 500,000 scores took 12 GB and more than twice as long.
    """
    unknown = set().union(*rows) - set(types)
    if unknown:
        raise ValueError(f"table {table} has no column {sorted(unknown)[0]!r}")
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        connection.execute(
            f'INSERT INTO "{table}" BY NAME SELECT unnest(from_json_strict(entry, ?))'  # noqa: S608
            " FROM (SELECT unnest(?::VARCHAR[]) AS entry)",
            [json.dumps(dict(types)), [_json(row, types) for row in rows[start : start + ROWS_AT_A_TIME]]],
        )


def _json(row: Row, columns: Mapping[str, str]) -> str:
    # DuckDB refuses a lone surrogate, which a file name or a model's answer can contain: it becomes a question mark.
    complete = row if len(row) == len(columns) else {name: row.get(name) for name in columns}
    text = json.dumps(complete, default=str, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")
