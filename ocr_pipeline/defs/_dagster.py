"""The private APIs of Dagster that this project needs, each with its reason. No other module imports `dagster._...`."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG
from dagster._utils.schedules import is_valid_cron_schedule
from sqlalchemy import Connection, create_engine
from sqlalchemy.event import listen

__all__ = [
    "add_cell_metadata",
    "is_valid_cron_schedule",
    "latest_checks",
    "located_runs",
    "open_event_log",
    "range_tags",
]


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags of a run over all partition keys from `first` to `last`. There is no public way to name a range in a run."""
    return {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}


def add_cell_metadata(
    context: dg.AssetExecutionContext, partition_key: str, metadata: Mapping[str, dg.MetadataValue | object]
) -> None:
    """Add metadata to the materialisation of one cell of this run; values that are None or empty are left out.

    The public `context.add_asset_metadata` looks up all partitions of the run in the database on every call: 21 ms per cell
    at 300 cells, growing with their number (benchmarks/RESULTS.md). A key outside of this run would be ignored silently,
    so assets only pass keys from `context.partition_keys`.
    """
    step = context.get_step_execution_context()
    step._metadata_accumulator = step._metadata_accumulator.with_additional_asset_metadata(
        asset_key=context.asset_key,
        partition_key=partition_key,
        metadata={name: value for name, value in metadata.items() if value not in (None, "")},
    )


def latest_checks(
    instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]
) -> dict[dg.AssetCheckKey, tuple[dg.AssetCheckEvaluation | None, datetime]]:
    """The last evaluation of each asset check that has one, with the time of its record; None if it is only planned."""
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys))
    latest: dict[dg.AssetCheckKey, tuple[dg.AssetCheckEvaluation | None, datetime]] = {}
    for key, record in records.items():
        event = record.event.dagster_event if record.event else None
        data = event.event_specific_data if event else None
        evaluation = data if isinstance(data, dg.AssetCheckEvaluation) else None
        latest[key] = evaluation, datetime.fromtimestamp(record.create_timestamp, UTC)
    return latest


@contextmanager
def located_runs(instance: dg.DagsterInstance, location: str, job: str) -> Iterator[None]:
    """Runs that are created meanwhile belong to a job of a code location.

    `execute_in_process` leaves this out, and pages of the UI that group runs by job (the timeline) then ignore the runs.
    """
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), SINGLETON_REPOSITORY_NAME)
    create = instance.create_run_for_job
    origin = RemoteJobOrigin(repository, job)
    instance.create_run_for_job = partial(create, remote_job_origin=origin)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del instance.create_run_for_job


@contextmanager
def open_event_log(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Write the events of a run through one open connection per SQLite file.

    For each event Dagster makes an engine, compiles its statements, opens and closes the file, and waits for the disk twice.
    Here the connection and the compiled statements are kept, and the operating system decides when to write (`synchronous =
    NORMAL`): events survive a killed process; after a power failure the last ones may be missing, and their cells are
    materialised again.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        yield
        return
    with storage.run_connection(run_id):
        pass  # creates the file with its tables
    connect = storage._connect
    with ExitStack() as stack:
        kept = {shard: stack.enter_context(_kept_connection(storage, shard)) for shard in (INDEX_SHARD_NAME, run_id)}

        @contextmanager
        def connect_to_kept(shard: str) -> Iterator[Connection]:
            if shard not in kept:
                with connect(shard) as connection:
                    yield connection
                return
            with storage._db_lock, kept[shard].begin():
                yield kept[shard]

        storage._connect = connect_to_kept  # type: ignore[method-assign]
        try:
            yield
        finally:
            del storage._connect


@contextmanager
def _kept_connection(storage: SqliteEventLogStorage, shard: str) -> Iterator[Connection]:
    """A connection to a file of the event log, for all threads: the storage's own lock lets one in at a time."""
    engine = create_engine(
        storage.conn_string_for_shard(shard),
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
