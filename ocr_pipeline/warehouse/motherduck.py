"""The warehouse on MotherDuck (`md:NAME`). Untested: written after its documentation, as there is no account to test with."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ocr_pipeline.errors import WarehouseError
from ocr_pipeline.warehouse.local import LocalFile, transaction
from ocr_pipeline.warehouse.migrate import is_current, migrate

_TRIES = 20


class MotherDuck(LocalFile):
    """Opens a database of MotherDuck with DuckDB's own client; the token is in `motherduck_token` of the environment.

    Locks are those of this machine: let one machine at a time work on it.
    """

    def __init__(self, url: str) -> None:
        super().__init__(Path(url), 0, {})
        self._url = url

    @property
    def name(self) -> str:
        return self._url.partition("?")[0]

    def exists(self) -> bool:
        return True

    @contextmanager
    def connect(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            with duckdb.connect(self._url) as connection:
                if not self._is_current and not is_current(connection):
                    migrate(connection)
                self._is_current = True
                yield connection
        except duckdb.Error as error:
            raise self._explained(error) from None

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], None], rewritten: Sequence[str] = ()) -> None:
        """As `Opening.write`: concurrent changes of the same rows are refused at the end, and done again."""
        for attempt in range(1, _TRIES + 1):
            try:
                with self.connect(read_only=False) as connection:
                    try:
                        with transaction(connection):
                            work(connection)
                        return
                    except duckdb.TransactionException:
                        if attempt == _TRIES:
                            raise
            except duckdb.Error as error:
                raise self._explained(error) from None
            time.sleep(min(0.1 * 2**attempt, 5) * random.uniform(0.5, 1))  # noqa: S311

    def types(self, connection: duckdb.DuckDBPyConnection, table: str) -> Mapping[str, str]:
        described = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database()",
            [table],
        )
        return dict(described.fetchall())

    def compact(self) -> None:
        """MotherDuck removes what was deleted itself."""

    def _explained(self, error: duckdb.Error) -> WarehouseError:
        return WarehouseError(
            f"The database {self.name} failed ({type(error).__name__}): check its name, `motherduck_token` and the network. "
            "DuckDB's extension `motherduck` must be available for this version of DuckDB."
        )
