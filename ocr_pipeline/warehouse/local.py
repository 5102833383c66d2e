"""The warehouse as one DuckDB file.

DuckDB allows one writing process at a time, and a writer locks readers out. Connections are therefore held for milliseconds.
If the file is locked, opening it is retried with jitter, and the final error names the process that holds the lock. Nothing
else in the project opens the file.

To start DuckDB takes seven times as long as to open a file with it. So a process keeps one DuckDB without a file, and attaches
and detaches the file for each task.
"""

import atexit
import os
import random
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.machine import refusal, refusal_in
from ocr_pipeline.warehouse.known import is_known_current, remember_current
from ocr_pipeline.warehouse.migrate import is_current, migrate
from ocr_pipeline.warehouse.opening import Key, Parameters

# DuckDB refuses a read-only and a writing connection to the same file in one process; taking turns costs milliseconds.
_ONE_CONNECTION = threading.Lock()
_has_turn: int | None = None
"""The thread that has the connection."""
_ATTACHED = "warehouse"

_started: dict[int, tuple[object, duckdb.DuckDBPyConnection]] = {}
"""By process, as threads of DuckDB do not survive a fork: the file for which it was started, and DuckDB."""
_of_documents: dict[Path, Mapping[str, str]] = {}
"""By file, its tables with a `document_id`: DuckDB looks through all columns of all tables for them."""


class LocalFile:
    """Opens one DuckDB file.

    Args:
        path: the database file; it and its tables are created on the first write.
        lock_timeout: seconds to wait while another process holds the file.
        config: DuckDB connection options.
    """

    def __init__(self, path: Path, lock_timeout: float, config: Mapping[str, Any]) -> None:
        self.path = path
        self._lock_timeout = lock_timeout
        self._config = dict(config)
        self._is_current = False

    @property
    def name(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return self.path.exists()

    @contextmanager
    def connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a short task. Raises WarehouseError with one clear sentence."""
        with _turn():
            try:
                self._ensure_schema()
                with self._open(read_only=read_only) as connection:
                    yield connection
                if not read_only:
                    remember_current(self.path)
            except duckdb.Error as error:
                raise explain(error, self.path) from None

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], None], rewritten: Sequence[str] = ()) -> None:
        """As `Opening.write`; nobody else has the file open meanwhile."""
        with self.connect(read_only=False) as connection, transaction(connection):
            work(connection)

    def delete(
        self, connection: duckdb.DuckDBPyConnection, table: str, key_columns: Sequence[str], keys: Sequence[Key]
    ) -> int:
        matches = ", ".join("unnest(?)" for _ in key_columns)
        columns = ", ".join(f'"{column}"' for column in key_columns)
        values = [list(column) for column in zip(*keys, strict=True)]
        # The names come from the code, never from a document; SQL cannot take them as parameters.
        sql = f'DELETE FROM "{table}" WHERE ({columns}) IN (SELECT {matches})'  # noqa: S608
        return int((connection.execute(sql, values).fetchone() or (0,))[0])

    def sent(self, sql: str, parameters: Parameters) -> tuple[str, Parameters]:
        return sql, parameters

    def prepare_scan(self, connection: duckdb.DuckDBPyConnection) -> None:
        """DuckDB reads its own tables as each query needs it."""

    def types(self, connection: duckdb.DuckDBPyConnection, table: str) -> Mapping[str, str]:
        return dict(connection.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall())

    def tables_of_documents(self, connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        if self.path not in _of_documents:  # the schema is the current one, and stays that while this process runs
            _of_documents[self.path] = self._tables_of_documents(connection)
        return _of_documents[self.path]

    def _tables_of_documents(self, connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        found = connection.execute(
            'SELECT DISTINCT table_name, format(\'"{}"."{}"."{}"\', table_catalog, table_schema, table_name)'
            " FROM information_schema.columns WHERE column_name = 'document_id'"
            " AND table_catalog = current_database() AND table_schema = current_schema()"
        )
        return dict(found.fetchall())

    def compact(self) -> None:
        """Rewrite the file without what was deleted from it. Raises WarehouseError."""
        fresh = self.path.with_name(f".{self.path.name}.rewritten")
        fresh.unlink(missing_ok=True)
        try:
            with self.connect(read_only=False) as connection:
                connection.execute("CHECKPOINT")
                [name] = connection.execute("SELECT current_database()").fetchone() or (None,)
                connection.execute(f"ATTACH '{str(fresh).replace(chr(39), chr(39) * 2)}' AS fresh")
                connection.execute(f'COPY FROM DATABASE "{name}" TO fresh')
                connection.execute("DETACH fresh")
                os.replace(fresh, self.path)  # before others are let in
                self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
        except (duckdb.Error, OSError) as error:
            raise WarehouseError(f"{self.path} cannot be rewritten: {type(error).__name__}.") from None
        finally:
            fresh.unlink(missing_ok=True)

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

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file, which nobody else in this process has open."""
        database = self._database()
        try:
            self._attach(database, read_only)
            with database.cursor() as connection:
                connection.execute(f"USE {_ATTACHED}")
                yield connection
            database.execute(f"DETACH {_ATTACHED}")
        except BaseException:  # the file is closed for certain, and whatever is wrong ends here
            _started.pop(os.getpid(), None)
            database.close()
            raise

    def _database(self) -> duckdb.DuckDBPyConnection:
        """DuckDB without a file; what does not fit into memory goes to a folder beside the file."""
        made_for = (self.path, self._config)
        known, database = _started.get(os.getpid(), (None, None))
        if database is None or known != made_for:
            if database is not None:
                database.close()
            database = duckdb.connect(":memory:", config={"temp_directory": f"{self.path}.tmp", **self._config})
            _started[os.getpid()] = made_for, database
        return database

    def _attach(self, database: duckdb.DuckDBPyConnection, read_only: bool) -> None:
        quoted = str(self.path).replace("'", "''")
        how = "READ_ONLY" if read_only else "READ_WRITE"
        deadline = time.monotonic() + self._lock_timeout
        pause = 0.01
        while True:
            try:
                database.execute(f"ATTACH '{quoted}' AS {_ATTACHED} (TYPE duckdb, {how})")
                return
            except duckdb.Error as error:
                if "Could not set lock" not in str(error) or time.monotonic() > deadline:
                    raise explain(error, self.path) from None
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
            pause = min(pause * 2, 0.5)


@contextmanager
def _turn() -> Iterator[None]:
    """Have the connection of this process. A thread that has it already would wait for itself."""
    global _has_turn
    thread = threading.get_ident()
    if _has_turn == thread:
        raise RuntimeError("This thread has a connection to the warehouse open: use that one, or close it first.")
    with _ONE_CONNECTION:
        _has_turn = thread
        try:
            yield
        finally:
            _has_turn = None


@atexit.register
def _stop() -> None:
    """While modules are torn down it could no longer be ended in order."""
    _, database = _started.pop(os.getpid(), (None, None))
    if database is not None:
        database.close()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def explain(error: duckdb.Error, path: Path) -> WarehouseError:
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
    if "version number" in text:
        return WarehouseError(
            f"{path} was written by a newer version of DuckDB than {duckdb.__version__}: install that one, or move the file "
            "away; `ocr-pipeline run` fills a new one from the stored results, but history and baselines start empty."
        )
    if "read-only" in text.lower():
        return WarehouseError(f"The database {path} cannot be opened: permission denied.")
    if isinstance(error, duckdb.DataError | duckdb.ConstraintException | duckdb.InvalidInputException):
        return WarehouseError(f"The database {path} refused a value that does not fit its column; nothing was written.")
    return WarehouseError(f"The database {path} failed: {type(error).__name__}: {text.splitlines()[0][:160]}")
