"""Where the tables are: what the warehouse needs to know about the database behind it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import duckdb

Key = tuple[str, ...]

Parameters = Sequence[object] | Mapping[str, object]
"""Of a query, by position or by name."""


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

    def sent(self, sql: str, parameters: Parameters) -> tuple[str, Parameters]:
        """A query and its parameters, in a form that this database answers without reading more rows than it must."""
        ...

    def prepare_scan(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The next queries read whole tables."""
        ...

    def types(self, connection: duckdb.DuckDBPyConnection, table: str) -> Mapping[str, str]:
        """The types that values of the columns have on their way into a table, by column."""
        ...

    def tables_of_documents(self, connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        """The tables that have a `document_id`: by name, the full name in SQL."""
        ...

    def compact(self) -> None:
        """Rewrite all tables without what was deleted from them."""
        ...
