"""The warehouse: the database that all stages read from and write to; a DuckDB file unless `deployment.yaml` names another.

Connections are held for milliseconds: callers collect their rows first and write them in one call.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb

from ocr_pipeline.warehouse.changes import Replacement, Update, insert_into, make, rewritten
from ocr_pipeline.warehouse.inserting import Rows
from ocr_pipeline.warehouse.local import LocalFile
from ocr_pipeline.warehouse.opening import Key, Opening, Parameters

CHOSEN = "IN (SELECT unnest(?))"
"""How queries choose the rows of a list of documents, backends and so on: `document_id IN (SELECT unnest(?))`."""

T = TypeVar("T")

Columns = Mapping[str, Any]
"""An array of values per column, all of the same length."""


class Reader(Protocol):
    """What queries need: the warehouse for a single query, a snapshot for several that must see the same state."""

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]: ...

    def select(self, row_type: Callable[..., T], sql: str, parameters: Parameters = ()) -> list[T]: ...

    def columns(self, sql: str, parameters: Parameters = ()) -> Columns: ...

    def once(self, key: object, load: Callable[[], T]) -> T: ...


_NAME = re.compile(r"[a-z_]+")


class Snapshot:
    """Queries on one open connection; while it is open, no other process can write."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None, opening: Opening | None = None) -> None:
        self._connection = connection
        self._opening = opening
        self._is_restricted = False
        self._views: dict[str, str] = {}
        self._loaded: dict[object, Any] = {}

    def once(self, key: object, load: Callable[[], T]) -> T:
        """What `load` returns, loaded once per snapshot: to be looked at, not to be changed."""
        if key not in self._loaded:
            self._loaded[key] = load()
        found: T = self._loaded[key]
        return found

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """Run a query and return its rows as dictionaries."""
        if self._connection is None:
            return []
        names, rows = _fetched(self._execute(self._connection, sql, parameters))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def select(self, row_type: Callable[..., T], sql: str, parameters: Parameters = ()) -> list[T]:
        """Run a query and make a `row_type` of each row; the columns are its arguments by name."""
        if self._connection is None:
            return []
        names, rows = _fetched(self._execute(self._connection, sql, parameters))
        if getattr(row_type, "_fields", None) == names:  # a named tuple: hundreds of thousands of scores
            return [row_type(*row) for row in rows]
        if _is_plain(row_type, names):
            return [_plain(row_type, names, row) for row in rows]
        return [row_type(**dict(zip(names, row, strict=True))) for row in rows]

    def columns(self, sql: str, parameters: Parameters = ()) -> Columns:
        """Run a query and return its columns, for hundreds of thousands of rows; empty without a database."""
        if self._connection is None:
            return {}
        if self._opening and not self._is_restricted:
            self._opening.prepare_scan(self._connection)
        found = self._execute(self._connection, sql, parameters).fetchnumpy()
        found.pop("rowid", None)
        return found

    def only(self, document_ids: Sequence[str], tables: Mapping[str, str]) -> None:
        """From now on, these tables hold the rows of these documents alone. `tables`: full names by name."""
        if self._connection is None:
            return
        self._is_restricted = True
        run, ids = self._connection.execute, [list(document_ids)]
        chosen, left = self._sent(f"document_id {CHOSEN}", ids)
        if left:
            run("CREATE TEMP TABLE chosen_documents AS SELECT unnest(?::VARCHAR[]) AS document_id", ids)
            chosen = "document_id IN (SELECT document_id FROM chosen_documents)"
            if document_ids:  # a server sends no others, a file skips most of them: neighbours are read together
                first, last = (f(document_ids).replace("'", "''") for f in (min, max))
                chosen += f" AND document_id >= '{first}' AND document_id <= '{last}'"
        self._views = {
            table: f'CREATE TEMP VIEW "{table}" AS SELECT * FROM {full_name} WHERE {chosen}'  # noqa: S608
            for table, full_name in tables.items()
        }

    def _execute(
        self, connection: duckdb.DuckDBPyConnection, sql: str, parameters: Parameters
    ) -> duckdb.DuckDBPyConnection:
        # A view takes a millisecond: not of tables that nobody reads.
        for table in self._views.keys() & _NAME.findall(sql):
            connection.execute(self._views.pop(table))
        return connection.execute(*self._sent(sql, parameters))

    def _sent(self, sql: str, parameters: Parameters) -> tuple[str, Parameters]:
        return self._opening.sent(sql, parameters) if self._opening else (sql, parameters)


def _is_plain(row_type: Callable[..., T], names: Sequence[str]) -> bool:
    """Whether the columns are all that makes a row: a frozen dataclass that does nothing when it is made."""
    fields = getattr(row_type, "__dataclass_fields__", {})
    return fields.keys() == set(names) and not hasattr(row_type, "__slots__") and not hasattr(row_type, "__post_init__")


def _plain(row_type: Callable[..., T], names: Sequence[str], row: Sequence[object]) -> T:
    """A row without the initialisation of a frozen dataclass, which takes most of the time of 500,000 rows."""
    made: T = object.__new__(row_type)  # type: ignore[arg-type]
    made.__dict__.update(zip(names, row, strict=True))
    return made


def _fetched(cursor: duckdb.DuckDBPyConnection) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Names and rows of a result, without the order of insertion, which some tables of PostgreSQL have as a column."""
    names = tuple(column[0] for column in cursor.description or ())
    if "rowid" not in names:
        return names, cursor.fetchall()
    left_out = names.index("rowid")
    rows = [row[:left_out] + row[left_out + 1 :] for row in cursor.fetchall()]
    return names[:left_out] + names[left_out + 1 :], rows


@dataclass(frozen=True)
class Size:
    """Version of the schema, and how much is in a database."""

    schema: int
    documents: int
    extractions: int


class Warehouse:
    """Reads and transactional writes.

    Args:
        database: the DuckDB file, which is created with its tables on the first write; or how another database is opened.
        lock_timeout: seconds to wait while another process holds the file.
        config: DuckDB connection options.
    """

    def __init__(
        self, database: Path | Opening, lock_timeout: float = 60.0, config: Mapping[str, Any] | None = None
    ) -> None:
        self.opening: Opening = (
            LocalFile(database, lock_timeout, config or {}) if isinstance(database, Path) else database
        )

    @property
    def name(self) -> str:
        """How the database is called in messages."""
        return self.opening.name

    def exists(self) -> bool:
        """Whether there is something to read."""
        return self.opening.exists()

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """Run one query and return its rows as dictionaries. Empty without a database."""
        with self.snapshot() as snapshot:
            return snapshot.rows(sql, parameters)

    def select(self, row_type: Callable[..., T], sql: str, parameters: Parameters = ()) -> list[T]:
        """Run one query and make a `row_type` of each row; the columns are its arguments by name."""
        with self.snapshot() as snapshot:
            return snapshot.select(row_type, sql, parameters)

    def columns(self, sql: str, parameters: Parameters = ()) -> Columns:
        """Run one query and return its columns; empty without a database."""
        with self.snapshot() as snapshot:
            return snapshot.columns(sql, parameters)

    def once(self, key: object, load: Callable[[], T]) -> T:
        """What `load` returns: the next query may see another state."""
        return load()

    def size(self) -> "Size":
        """Version of the schema and number of rows."""
        [size] = self.select(
            Size,
            "SELECT (SELECT max(version) FROM schema_version) AS schema, (SELECT count(*) FROM documents) AS documents,"
            " (SELECT count(*) FROM extractions) AS extractions",
        )
        return size

    @contextmanager
    def snapshot(self, only: Sequence[str] | None = None) -> Iterator["Reader"]:
        """Several queries that see the same state, whatever is written in between. Keep it short.

        Args:
            only: of these documents; all other rows of tables with a `document_id` are hidden.
        """
        if not self.exists():
            yield Snapshot(None)
            return
        with self.connect(read_only=True) as connection:
            snapshot = Snapshot(connection, self.opening)
            if only is not None:
                snapshot.only(only, self.opening.tables_of_documents(connection))
            yield snapshot

    def replace(self, key_columns: Sequence[str], keys: Sequence[Key], tables: Mapping[str, Rows]) -> None:
        """Replace the rows of `keys` in `tables`, in one transaction, see `Replacement`."""
        self.replace_together([Replacement(key_columns, keys, tables)])

    def replace_together(self, changes: Sequence[Replacement | Update]) -> None:
        """Do several replacements and updates in one transaction."""
        todo = [change for change in changes if not isinstance(change, Replacement) or change.keys]
        if not todo:
            return

        def work(connection: duckdb.DuckDBPyConnection) -> None:
            for change in todo:
                make(change, connection, self.opening)

        self.opening.write(work, rewritten(todo))

    def replace_all(self, tables: Mapping[str, Rows], more: Sequence[Replacement] = ()) -> None:
        """Replace all rows of `tables`, and what `more` says, in one transaction."""

        def work(connection: duckdb.DuckDBPyConnection) -> None:
            for table, rows in tables.items():
                connection.execute(f'DELETE FROM "{table}"')  # noqa: S608
                insert_into(table, rows, connection, self.opening)
            for replacement in more:
                make(replacement, connection, self.opening)

        self.opening.write(work, list(tables))

    def set_column(self, table: str, column: str, values: Mapping[str, str]) -> None:
        """Set one column of the rows of these documents, and leave the rest of the rows as it is."""
        if not values:
            return

        def work(connection: duckdb.DuckDBPyConnection) -> None:
            sql, parameters = self.opening.sent(
                f'UPDATE "{table}" SET "{column}" = new.value'  # noqa: S608
                " FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::VARCHAR[]) AS value) new"
                f" WHERE document_id = new.id AND document_id {CHOSEN}",
                [list(values), list(values.values()), list(values)],
            )
            connection.execute(sql, parameters)

        self.opening.write(work)

    @contextmanager
    def connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a short task. Raises WarehouseError with one clear sentence."""
        with self.opening.connect(read_only=read_only) as connection:
            yield connection

    def compact(self) -> None:
        """Rewrite all tables without what was deleted from them. Raises WarehouseError."""
        self.opening.compact()


def utc_now() -> datetime:
    """Now, as the warehouse stores time: UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)
