"""The warehouse: one DuckDB file that every stage reads from and writes to.

DuckDB allows one writing process at a time, and a writer locks readers out. Connections are therefore held for milliseconds:
callers collect their rows first and write them in one call. If the file is locked, opening it is retried with jitter, and
the final error names the process that holds the lock. Nothing else in the project opens the file.
"""

import json
import os
import random
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.machine import refusal, refusal_in
from ocr_pipeline.warehouse.known import is_known_current, remember_current
from ocr_pipeline.warehouse.migrate import is_current, migrate

Row = Mapping[str, object]
Key = tuple[str, ...]

# DuckDB refuses a read-only and a writing connection to the same file in one process; taking turns costs milliseconds.
_ONE_CONNECTION = threading.Lock()

_ROWS_AT_A_TIME = 5000

Parameters = Sequence[object] | Mapping[str, object]

T = TypeVar("T")

Columns = Mapping[str, Any]
"""An array of values per column, all of the same length."""


class Reader(Protocol):
    """What queries need: the warehouse for a single query, a snapshot for several that must see the same state."""

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]: ...

    def select(self, row_type: Callable[..., T], sql: str, parameters: Parameters = ()) -> list[T]: ...

    def columns(self, sql: str, parameters: Parameters = ()) -> Columns: ...


class Snapshot:
    """Queries on one open connection; while it is open, no other process can write."""

    def __init__(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """Run a query and return its rows as dictionaries."""
        if self._connection is None:
            return []
        cursor = self._connection.execute(sql, parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def select(self, row_type: Callable[..., T], sql: str, parameters: Parameters = ()) -> list[T]:
        """Run a query and make a `row_type` of each row; the columns are its arguments by name."""
        if self._connection is None:
            return []
        cursor = self._connection.execute(sql, parameters)
        names = tuple(column[0] for column in cursor.description or ())
        if getattr(row_type, "_fields", None) == names:  # a named tuple: hundreds of thousands of scores
            return [row_type(*row) for row in cursor.fetchall()]
        return [row_type(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]

    def columns(self, sql: str, parameters: Parameters = ()) -> Columns:
        """Run a query and return its columns, for hundreds of thousands of rows; empty without a database."""
        return {} if self._connection is None else self._connection.execute(sql, parameters).fetchnumpy()


@dataclass(frozen=True)
class Size:
    """Version of the schema, and how much is in a database."""

    schema: int
    documents: int
    extractions: int


class Warehouse:
    """Reads and transactional writes of one DuckDB file.

    Args:
        path: the database file; it and its tables are created on the first write.
        lock_timeout: seconds to wait while another process holds the file.
        config: DuckDB connection options.
    """

    def __init__(self, path: Path, lock_timeout: float = 60.0, config: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self._lock_timeout = lock_timeout
        self._config = dict(config or {})
        self._is_current = False

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

    def size(self) -> "Size":
        """Version of the schema and number of rows."""
        [size] = self.select(
            Size,
            "SELECT (SELECT max(version) FROM schema_version) AS schema, (SELECT count(*) FROM documents) AS documents,"
            " (SELECT count(*) FROM extractions) AS extractions",
        )
        return size

    @contextmanager
    def snapshot(self) -> Iterator["Reader"]:
        """Several queries that see the same state: nothing can write in between. Keep it short."""
        if not self.path.exists():
            yield Snapshot(None)
            return
        with self.connect(read_only=True) as connection:
            yield Snapshot(connection)

    def replace(self, key_columns: Sequence[str], keys: Sequence[Key], tables: Mapping[str, Sequence[Row]]) -> None:
        """Replace the rows of `keys` in `tables`, in one transaction.

        Args:
            key_columns: the columns that make a key, present in every table: `("document_id", "engine")`.
            keys: the keys to replace. A key without new rows ends up empty.
            tables: the new rows per table. Values are matched to columns by name; dates are ISO strings or dates.
        """
        if not keys:
            return
        matches = ", ".join("unnest(?)" for _ in key_columns)
        columns = ", ".join(f'"{column}"' for column in key_columns)
        values = [list(column) for column in zip(*keys, strict=True)]
        with self.connect(read_only=False) as connection, _transaction(connection):
            for table, rows in tables.items():
                # The names come from the code, never from a document; SQL cannot take them as parameters.
                connection.execute(f'DELETE FROM "{table}" WHERE ({columns}) IN (SELECT {matches})', values)  # noqa: S608
                _insert(connection, table, rows)

    def replace_all(self, tables: Mapping[str, Sequence[Row]]) -> None:
        """Replace all rows of `tables`, in one transaction."""
        with self.connect(read_only=False) as connection, _transaction(connection):
            for table, rows in tables.items():
                connection.execute(f'DELETE FROM "{table}"')  # noqa: S608
                _insert(connection, table, rows)

    def set_column(self, table: str, column: str, values: Mapping[str, str]) -> None:
        """Set one column of the rows of these documents, and leave the rest of the rows as it is."""
        if not values:
            return
        with self.connect(read_only=False) as connection, _transaction(connection):
            connection.execute(
                f'UPDATE "{table}" SET "{column}" = new.value'  # noqa: S608
                " FROM (SELECT unnest(?::VARCHAR[]) AS id, unnest(?::VARCHAR[]) AS value) new WHERE document_id = new.id",
                [list(values), list(values.values())],
            )

    @contextmanager
    def connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a short task. Raises WarehouseError with one clear sentence."""
        with _ONE_CONNECTION:
            try:
                self._ensure_schema()
                with self._open(read_only) as connection:
                    yield connection
                if not read_only:
                    remember_current(self.path)
            except duckdb.Error as error:
                raise _explain(error, self.path) from None

    def _ensure_schema(self) -> None:
        """Create or migrate the schema, once per object and file. Checks first: a current database is not written to."""
        if not self.path.exists():
            self._is_current = False
            self._create()
        if self._is_current or is_known_current(self.path):
            return
        if self.path.exists():
            with self._open(read_only=True) as connection:
                self._is_current = is_current(connection)
        if not self._is_current:
            with self._open(read_only=False) as connection:
                migrate(connection)
            self._is_current = True
        remember_current(self.path)

    def _create(self) -> None:
        """Create the database under a temporary name and link it into place: a killed process leaves no partial file, no
        process opens an unfinished one, and of two processes the second uses what the first created."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.path.parent, prefix=".warehouse-") as folder:
                fresh = Path(folder) / self.path.name
                with duckdb.connect(fresh, config=self._config) as connection:
                    migrate(connection)
                with suppress(OSError):  # it exists by now, or no hard links here: then it is created in place
                    os.link(fresh, self.path)
        except OSError as error:
            raise refusal(error) or WarehouseError(
                f"The database {self.path} cannot be created: {error.strerror}."
            ) from None

    def _open(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self._lock_timeout
        pause = 0.01
        while True:
            try:
                return duckdb.connect(self.path, read_only=read_only, config=self._config)
            except duckdb.Error as error:
                if "Could not set lock" not in str(error) or time.monotonic() > deadline:
                    raise _explain(error, self.path) from None
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            pause = min(pause * 2, 0.5)


def utc_now() -> datetime:
    """Now, as the warehouse stores time: UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Insert by name: each row is JSON, converted to the column types of the table.

    Fourteen times faster than executemany, and, unlike with a data frame, no type is guessed: docs/decisions/0002. One text
    per row, some thousand rows at a time: as a single text, 500,000 scores took 12 GB and more than twice as long.
    """
    if not rows:
        return
    described = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ?", [table]
    )
    types = dict(described.fetchall())
    unknown = set().union(*rows) - set(types)
    if unknown:
        raise ValueError(f"table {table} has no column {sorted(unknown)[0]!r}")
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        connection.execute(
            f'INSERT INTO "{table}" BY NAME SELECT unnest(from_json_strict(entry, ?))'  # noqa: S608
            " FROM (SELECT unnest(?::VARCHAR[]) AS entry)",
            [json.dumps(types), [_json(row, types) for row in rows[start : start + _ROWS_AT_A_TIME]]],
        )


def _json(row: Row, columns: Mapping[str, str]) -> str:
    # DuckDB refuses a lone surrogate, which a file name or a model's answer can contain: it becomes a question mark.
    complete = row if len(row) == len(columns) else {name: row.get(name) for name in columns}
    text = json.dumps(complete, default=str, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def _explain(error: duckdb.Error, path: Path) -> WarehouseError:
    """One sentence for the user. DuckDB's own message can quote rows, so it is not passed on."""
    text = str(error)
    holder = re.search(r"held in (.+?) \(PID (\d+)\)", text)
    if holder:
        return WarehouseError(
            f"The database {path} is in use by {holder[1]} (process {holder[2]}); close it there and try again."
        )
    if "Could not set lock" in text:
        return WarehouseError(f"The database {path} is in use by another process; close it there and try again.")
    if said := refusal_in(text):
        return said
    if "not a valid DuckDB database" in text:
        return WarehouseError(f"{path} is not a DuckDB database; move it away and run again.")
    if "read-only" in text.lower():
        return WarehouseError(f"The database {path} cannot be opened: permission denied.")
    if isinstance(error, duckdb.DataError | duckdb.ConstraintException | duckdb.InvalidInputException):
        return WarehouseError(f"The database {path} refused a value that does not fit its column; nothing was written.")
    return WarehouseError(f"The database {path} failed: {type(error).__name__}: {text.splitlines()[0][:160]}")
