"""Advisory locks of PostgreSQL. They belong to the session of a process and are free 10 ms after it was killed."""

import hashlib
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import Timeout

from ocr_pipeline.coordination.session import Session, check_psycopg2
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.project import Project

logger = logging.getLogger(__name__)

CLAIM, STEP = "claim:", "step:"
"""How the names of locks begin that stand for work: whoever lost one must not go on."""

_OF_KEY = (
    "locktype = 'advisory' AND objsubid = 1 AND granted AND ((classid::bigint << 32) | objid::bigint) = %s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class PostgresLocks:
    """Locks by name, for all processes and threads that share a database."""

    def __init__(self, url: str) -> None:
        check_psycopg2()
        self._url = url
        self.session = Session(url, self._take_again)
        self._taking: set[str] = set()
        self._held: set[str] = set()
        self._lost: set[str] = set()
        self._guard = threading.Lock()
        self._schema: str | None = None

    def __reduce__(self) -> tuple[Callable[[str], "PostgresLocks"], tuple[str]]:
        """In another process: the locks of that process."""
        return locks_of, (self._url,)

    @contextmanager
    def held(self, name: str, timeout: float = -1) -> Iterator[None]:
        """Hold a lock, after waiting for it. Below 0, waits for ever; after `timeout` seconds, raises `filelock.Timeout`."""
        self.take(name, timeout)
        try:
            yield
        finally:
            self.drop(name)

    def take(self, name: str, timeout: float = -1) -> None:
        """The same, until `drop`, or until this process ends."""
        until = time.monotonic() + timeout
        pause = 0.01
        while not self.try_take(name):
            if timeout >= 0 and time.monotonic() >= until:
                raise Timeout(name)
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
            pause = min(pause * 1.5, 0.25)

    def try_take(self, name: str) -> bool:
        """Take a lock if it is free. A session may take a lock twice; a process may not.

        Raises:
            WarehouseError: another run took over the work of this process (see `check`).
        """
        self.check()
        with self._guard:
            if name in self._held or name in self._taking:
                return False
            self._taking.add(name)
        taken = False
        try:
            [(taken,)] = self.session.rows("SELECT pg_try_advisory_lock(%s)", [self._number(name)])
        finally:
            with self._guard:
                self._taking.discard(name)
                if taken:
                    self._held.add(name)
        if taken:
            self.session.keep_alive()
        return bool(taken)

    def drop(self, name: str) -> None:
        """Give a lock back."""
        try:
            self.session.rows("SELECT pg_advisory_unlock(%s)", [self._number(name)])
        finally:
            with self._guard:
                self._held.discard(name)
                self._lost.discard(name)

    def check(self) -> None:
        """Raise WarehouseError if another run took over the work of this one while the server could not be reached."""
        if self._lost:
            raise WarehouseError(
                "The connection to PostgreSQL was lost for so long that another run took over; what was stored is kept. "
                "Run the same command again."
            )

    def holder(self, name: str) -> str | None:
        """Who holds a lock, in words; None if it is free."""
        found = self.session.rows(
            "SELECT application_name, to_char(backend_start, 'YYYY-MM-DD HH24:MI') FROM pg_locks"  # noqa: S608
            f" JOIN pg_stat_activity USING (pid) WHERE {_OF_KEY} LIMIT 1",
            [self._number(name)],
        )
        return f"{found[0][0]}, since {found[0][1]} UTC" if found else None

    def _number(self, name: str) -> int:
        """Locks belong to a database; a project may have one of several schemas in it."""
        if self._schema is None:
            [(schema,)] = self.session.rows("SELECT coalesce(current_schema(), 'public')")
            self._schema = str(schema)
        place = name if self._schema == "public" else f"{self._schema}:{name}"
        return int.from_bytes(hashlib.sha256(place.encode()).digest()[:8], "big", signed=True)

    def _take_again(self, session: Session) -> None:
        """After the connection was lost, and all locks with it."""
        with self._guard:
            held = sorted(self._held)
        for name in held:
            [(kept,)] = session.rows("SELECT pg_try_advisory_lock(%s)", [self._number(name)])
            if kept and name.startswith(CLAIM):  # void claims are deleted
                kept = session.rows("SELECT 1 FROM coordination_claims WHERE claim = %s", [name])
            if not kept and name.startswith((CLAIM, STEP)):
                self._lost.add(name)
            elif not kept:
                logger.warning("The connection to PostgreSQL was lost, and another process took the lock %s.", name)


def shared_locks(project: Project) -> PostgresLocks | None:
    """The locks that all machines of a project share; None without PostgreSQL: then it is on one machine.

    Raises ConfigurationError, WarehouseError.
    """
    deployment = load_deployment(project)
    if deployment.warehouse.kind == "postgres":
        return locks_of(deployment.warehouse.url)
    url = deployment.instance.postgres_url
    return locks_of(url) if url else None


_opened: dict[tuple[int, str], PostgresLocks] = {}
_OPENING = threading.Lock()


def locks_of(url: str) -> PostgresLocks:
    """The locks of this process in a database: one session for all who use them. Raises ConfigurationError, WarehouseError."""
    key = (os.getpid(), url)
    with _OPENING:
        if key not in _opened:
            _opened[key] = PostgresLocks(url)
        return _opened[key]
