"""The warehouse on PostgreSQL: DuckDB runs our SQL, its extension `postgres` reads and writes the tables of the server.

Each task has a connection of its own and sees one state of the database (REPEATABLE READ). A writer locks out neither readers
nor other writers, except from tables that it rewrites as a whole. Why this way: docs/decisions/0029.
"""

import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit

import duckdb

from ocr_pipeline.coordination.locks import locks_of
from ocr_pipeline.deployment import without_password
from ocr_pipeline.errors import ConfigurationError, WarehouseError
from ocr_pipeline.machine import refusal_in
from ocr_pipeline.warehouse.local import transaction
from ocr_pipeline.warehouse.opening import Key, Parameters
from ocr_pipeline.warehouse.postgres_queries import array, with_literals
from ocr_pipeline.warehouse.postgres_schema import (
    ATTACHED,
    bring_up_to_date,
    execute,
    map_views,
    number,
    schema_version,
    transfer_types,
)

READING = "mapped"
"""The schema of the views through which tables with a MAP are read."""

_CONNECTION = {
    "application_name": "ocr-pipeline",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
_AGAIN = re.compile(r"could not serialize access|deadlock detected|duplicate key value", re.IGNORECASE)
"""Another machine changed the same rows: the work is done again on what it left."""
_LOST = re.compile(
    r"server closed the connection|connection .*(closed|lost|reset)|terminating connection|could not connect|"
    r"Unable to connect|Connection refused|the database system is (starting up|shutting down)|no connection to the server",
    re.IGNORECASE,
)
_TRIES = 20


class _Attached:
    """The server as this process has attached it: one DuckDB in memory, with a cursor for each task."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, schema: str) -> None:
        self.schema = schema
        self._connection = connection
        self.is_current = False

    def cursor(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'; SET pg_null_byte_replacement = '?'; SET pg_use_ctid_scan = false")
        path = f"{ATTACHED}.{self.schema}"
        cursor.execute(f"SET search_path = '{f'memory.{READING},' if read_only else ''}{path}'")
        return cursor


_attached: dict[tuple[int, str], _Attached] = {}
"""By process and URL: attaching takes longer than most queries."""
_ATTACHING = threading.Lock()


class Postgres:
    """Opens the tables in the schema that the URL's user sees first (`public`, unless `?options=-csearch_path=...`).

    Args:
        url: `postgresql://user:password@host/database`.
        lost_timeout: seconds for which a write is repeated while the server cannot be reached.
    """

    def __init__(self, url: str, lost_timeout: float = 60.0) -> None:
        self._url = url
        self._lost_timeout = lost_timeout

    @property
    def name(self) -> str:
        return without_password(self._url)

    def exists(self) -> bool:
        return True

    @contextmanager
    def connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a short task; a reading one sees one state. Raises WarehouseError with one clear sentence."""
        try:
            with self._current().cursor(read_only=read_only) as connection:
                if not read_only:
                    yield connection
                    return
                connection.begin()
                try:
                    yield connection
                finally:
                    _end(connection)
        except duckdb.Error as error:
            if _LOST.search(str(error)):
                _forget(self._url)
            raise explain(str(error), self._url) from None

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], None], rewritten: Sequence[str] = ()) -> None:
        """As `Opening.write`. Repeats the work if rows were changed by another machine or the connection was lost; a run whose
        work another one took over writes no more."""
        locks_of(self._url).check()
        lost_until = time.monotonic() + self._lost_timeout
        for attempt in range(1, _TRIES + 1):
            try:
                with self._current().cursor(read_only=False) as connection, transaction(connection):
                    if rewritten:  # first of all: the transaction sees what was committed before it got the lock
                        tables = ", ".join(f'"{table}"' for table in sorted(rewritten))
                        execute(connection, f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
                    work(connection)
                return
            except duckdb.Error as error:
                text = str(error)
                is_lost = _LOST.search(text) is not None
                again = time.monotonic() < lost_until if is_lost else attempt < _TRIES and _AGAIN.search(text)
                if not again:
                    raise explain(text, self._url) from None
                if is_lost:
                    _forget(self._url)
            time.sleep(min(0.05 * 2**attempt, 2.0) * random.uniform(0.5, 1))  # noqa: S311

    def delete(
        self, connection: duckdb.DuckDBPyConnection, table: str, key_columns: Sequence[str], keys: Sequence[Key]
    ) -> int:
        """In PostgreSQL's own SQL: the extension would delete row by row and use no index."""
        names = [f"k{index}" for index, _ in enumerate(key_columns)]
        lists = ", ".join(array([key[index] for key in keys]) for index, _ in enumerate(key_columns))
        same = " AND ".join(f't."{column}" = k.{name}' for column, name in zip(key_columns, names, strict=True))
        chosen = f"unnest({lists}) AS k({', '.join(names)})"
        found = number(connection, f'SELECT count(*) AS n FROM "{table}" t, {chosen} WHERE {same}')  # noqa: S608
        if found:
            execute(connection, f'DELETE FROM "{table}" t USING {chosen} WHERE {same}')  # noqa: S608
        return found

    def sent(self, sql: str, parameters: Parameters) -> tuple[str, Parameters]:
        return with_literals(sql, parameters)

    def prepare_scan(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let several threads read parts of a table, by the places of rows in its file. Then the server uses no index."""
        connection.execute("SET pg_use_ctid_scan = true")

    def types(self, connection: duckdb.DuckDBPyConnection, table: str) -> Mapping[str, str]:
        return transfer_types()[table]

    def tables_of_documents(self, connection: duckdb.DuckDBPyConnection) -> Mapping[str, str]:
        schema = self._current().schema
        mapped = map_views(schema)
        return {
            table: f'memory.{READING}."{table}"' if table in mapped else f'{ATTACHED}."{schema}"."{table}"'
            for table, columns in transfer_types().items()
            if "document_id" in columns
        }

    def compact(self) -> None:
        """Rewrite all tables. Backups and the write-ahead log of the server keep what was deleted for a while."""
        with self.connect(read_only=False) as connection:
            for table in transfer_types():
                connection.execute(
                    f"CALL postgres_execute('{ATTACHED}', ?, use_transaction => false)", [f'VACUUM (FULL) "{table}"']
                )

    def _current(self) -> _Attached:
        """The attached server with the current schema."""
        attached = _attach(self._url)
        if not attached.is_current:
            with attached.cursor(read_only=False) as connection:
                schema_version(connection)
                with locks_of(self._url).held("warehouse-schema"):
                    bring_up_to_date(connection)
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS memory.{READING}")
                for table, query in map_views(attached.schema).items():
                    connection.execute(f'CREATE OR REPLACE VIEW memory.{READING}."{table}" AS {query}')
            attached.is_current = True
        return attached


def _end(connection: duckdb.DuckDBPyConnection) -> None:
    """End a transaction that read; one that failed has ended already, or ends with its connection."""
    try:
        connection.rollback()
    except duckdb.Error:
        return


def _attach(url: str) -> _Attached:
    key = (os.getpid(), url)
    with _ATTACHING:
        if key not in _attached:
            connection = duckdb.connect(":memory:")
            load_extension(connection)
            quoted = _with_defaults(url).replace("'", "''")
            connection.execute(f"ATTACH '{quoted}' AS {ATTACHED} (TYPE postgres)")
            sql = "SELECT s FROM postgres_query(?, 'SELECT current_schema() AS s')"
            [schema] = connection.execute(sql, [ATTACHED]).fetchone() or (None,)
            if schema is None:
                raise ConfigurationError(f"{without_password(url)}: the schema of its search_path does not exist.")
            _attached[key] = _Attached(connection, schema)
        return _attached[key]


def _forget(url: str) -> None:
    """Attach again next time."""
    with _ATTACHING:
        _attached.pop((os.getpid(), url), None)


def load_extension(connection: duckdb.DuckDBPyConnection) -> None:
    """Load DuckDB's extension `postgres`: installed before, from the package of the extra `cluster`, or else downloaded.

    Raises:
        ConfigurationError: it cannot be had.
    """
    # or LOAD itself would ask DuckDB's server first, and wait for it half a minute in a network without a way out
    connection.execute("SET autoinstall_known_extensions = false")
    try:
        connection.execute("LOAD postgres_scanner")
        return
    except duckdb.Error:
        pass
    try:
        import duckdb_extensions

        duckdb_extensions.import_extension("postgres_scanner", con=connection)
    except Exception:  # noqa: BLE001 - not installed, or for another version of DuckDB: then it is downloaded
        _download(connection)
    try:
        connection.execute("LOAD postgres_scanner")
    except duckdb.Error:
        raise ConfigurationError(_no_extension()) from None


def _download(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("INSTALL postgres")
    except duckdb.Error:
        raise ConfigurationError(_no_extension()) from None


def _no_extension() -> str:
    return (
        f"DuckDB {duckdb.__version__} has no extension `postgres` here: install the extra `cluster` with "
        "constraints-scale.txt (DuckDB 1.5.5), or let this machine reach extensions.duckdb.org."
    )


def _with_defaults(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(query=urlencode({**_CONNECTION, **dict(parse_qsl(parts.query))})).geturl()


def explain(text: str, url: str) -> WarehouseError:
    """One sentence for the user. The messages of DuckDB and PostgreSQL quote rows and passwords, so they are not passed on."""
    where = f"The database {without_password(url)}"
    if "password authentication failed" in text or "no password supplied" in text or "pg_hba.conf" in text:
        return WarehouseError(
            f"{where} refuses this user or password: check the URL and its variables in deployment.yaml."
        )
    if re.search(r'database "[^"]*" does not exist|role "[^"]*" does not exist', text):
        return WarehouseError(
            f"{where} does not exist, or its user does not: create it with `createdb` and `createuser`."
        )
    if "too many clients" in text or "remaining connection slots" in text:
        return WarehouseError(
            f"{where} has no connection left: raise max_connections of the server, or run less at once."
        )
    if _LOST.search(text) or "could not translate host name" in text or "timeout expired" in text:
        return WarehouseError(
            f"{where} cannot be reached: check that the server runs, and its address in deployment.yaml."
        )
    if "permission denied" in text:
        return WarehouseError(f"{where}: its user may not use a table or schema; grant it all rights on the schema.")
    if _AGAIN.search(text):
        return WarehouseError(f"{where}: other machines kept changing the same rows; run the same command again.")
    if said := refusal_in(text):
        return said
    if re.search(r"Conversion Error|Constraint Error|Invalid Input Error|violates .* constraint|out of range", text):
        return WarehouseError(f"{where} refused a value that does not fit its column; nothing was written.")
    return WarehouseError(f"{where} failed: {text.partition(':')[0][:60]}.")
