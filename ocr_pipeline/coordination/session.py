"""A connection to PostgreSQL that a process keeps as long as it lives: its locks end with it, however it ends."""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from ocr_pipeline.deployment import without_password
from ocr_pipeline.errors import ConfigurationError, WarehouseError
from ocr_pipeline.installing import extra_command

LOST_SECONDS = 60.0
"""How long a server that cannot be reached any more is waited for."""
PING_SECONDS = 10.0
"""How often a session with locks makes sure that it still has them."""

_OPTIONS = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # ms; keepalives do not end a connection that waits for an acknowledgement
}
# The server, too, finds out within half a minute that a machine is gone, and frees its locks.
_SETTINGS = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
    " SET tcp_user_timeout = 25000; SET TIME ZONE 'UTC'"
)

_TABLES = """
CREATE TABLE IF NOT EXISTS coordination_claims (claim text PRIMARY KEY, components text[], documents text[]);
CREATE TABLE IF NOT EXISTS coordination_budgets (budget text PRIMARY KEY, spent double precision NOT NULL);
CREATE TABLE IF NOT EXISTS coordination_reservations (
    budget text NOT NULL, owner text NOT NULL, usd double precision NOT NULL, PRIMARY KEY (budget, owner)
);
CREATE TABLE IF NOT EXISTS coordination_limits (
    budget text NOT NULL, owner text NOT NULL, began double precision NOT NULL, usd double precision NOT NULL,
    PRIMARY KEY (budget, owner)
);
CREATE TABLE IF NOT EXISTS coordination_rates (
    rate text PRIMARY KEY, content double precision NOT NULL, at timestamptz NOT NULL, not_before timestamptz
);
"""
_CREATING = 7_311_995_000_000_000_001
"""The lock under which the tables are created: two sessions that do so at once trip over each other."""

T = TypeVar("T")


class Session:
    """One connection, for all threads of the process in turn. Raises WarehouseError where the server cannot be reached.

    Args:
        url: `postgresql://...`.
        on_reconnect: gets the session after it was lost and opened again.
    """

    def __init__(self, url: str, on_reconnect: Callable[["Session"], None]) -> None:
        self._url = url
        self._on_reconnect = on_reconnect
        self._lock = threading.RLock()
        self._connection: Any = None
        self._is_in_transaction = False
        self._pinging: threading.Thread | None = None

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, in a transaction of its own or in the one that is open in this thread; its rows."""
        with self._lock:
            return self._again(lambda: self._execute(sql, parameters))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several statements as one."""
        with self._lock:
            self._again(lambda: self._execute("BEGIN"))
            self._is_in_transaction = True
            try:
                yield
                self._again(lambda: self._execute("COMMIT"))
            except BaseException:
                if not self._connection.closed:
                    with suppress(Exception):
                        self._execute("ROLLBACK")
                raise
            finally:
                self._is_in_transaction = False

    def keep_alive(self) -> None:
        """From now on, notice a lost connection and open it again."""
        with self._lock:
            if self._pinging is None:
                self._pinging = threading.Thread(target=self._ping, name="locks", daemon=True)
                self._pinging.start()

    def _ping(self) -> None:
        while True:
            time.sleep(PING_SECONDS)
            with suppress(Exception):  # a daemon at work: whoever uses the session is told
                self.rows("SELECT 1")

    def _execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        with self._opened().cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def _again(self, run: Callable[[], T]) -> T:
        """Run, after a lost connection once more on a new one; not within a transaction, whose first part is lost, too."""
        import psycopg2

        until = time.monotonic() + LOST_SECONDS
        while True:
            try:
                return run()
            except psycopg2.Error as error:
                if self._connection is not None and not self._connection.closed:
                    raise  # the server answers: the statement is at fault
                self._close()
                if self._is_in_transaction:
                    raise WarehouseError(
                        f"The connection to {without_password(self._url)} was lost; nothing of this step was changed."
                    ) from None
                if self._pinging is None or time.monotonic() > until:  # it was never reached: say so at once
                    raise self._unreachable(str(error)) from None
                time.sleep(0.5)

    def _opened(self) -> Any:
        if self._connection is None or self._connection.closed:
            was_open = self._connection is not None
            import psycopg2

            connection = psycopg2.connect(self._url, application_name=this_process(), **_OPTIONS)
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_SETTINGS)
                cursor.execute("SELECT pg_advisory_lock(%s)", [_CREATING])
                cursor.execute(_TABLES)
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_CREATING])
            self._connection = connection
            if was_open:
                self._on_reconnect(self)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()

    def _unreachable(self, said: str) -> WarehouseError:
        shown = without_password(self._url)
        if "password authentication" in said or "no password supplied" in said:
            return WarehouseError(f"{shown} refuses this user or password: check deployment.yaml and its variables.")
        if "permission denied" in said:
            return WarehouseError(f"{shown}: its user may not create tables; grant it all rights on the schema.")
        if "does not exist" in said:
            return WarehouseError(f"{shown} does not exist, or its user does not: create it with `createdb`.")
        return WarehouseError(
            f"{shown} cannot be reached: check that the server runs, and its address in deployment.yaml."
        )


def this_process() -> str:
    """Who holds a lock, in the 63 bytes that PostgreSQL has for it."""
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) if sys.argv else "python"  # not the ids of documents
    return f"`{command[:28]}` (process {os.getpid()} on {socket.gethostname()[:14]})"


def check_psycopg2() -> None:
    """Raise ConfigurationError if the package is missing."""
    try:
        import psycopg2  # noqa: F401
    except ImportError:
        raise ConfigurationError(f"PostgreSQL needs the package psycopg2: {extra_command('cluster')}") from None
