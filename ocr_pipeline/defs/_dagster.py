"""The private APIs of Dagster that this project needs, each with its reason. No other module imports `dagster._...`."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata
from dagster._core.events.log import EventLogEntry
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG
from dagster._utils.schedules import is_valid_cron_schedule
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.event import listen

if TYPE_CHECKING:
    from ocr_pipeline.web.asgi import App

__all__ = [
    "add_cell_metadata",
    "dev_services",
    "find_partition_statuses",
    "is_valid_cron_schedule",
    "latest_checks",
    "located_runs",
    "open_event_log",
    "range_tags",
    "record_materializations",
    "web_application",
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


def record_materializations(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, materializations: Sequence[dg.AssetMaterialization]
) -> None:
    """As `context.log_event` for each of them, but written to the event log together, some hundreds at a time."""
    step, batch = context.get_step_execution_context(), str(uuid4())
    events = (context.op_execution_context if isinstance(context, dg.AssetExecutionContext) else context)._events
    for number, materialization in enumerate(materializations, 1):
        at = DagsterEventBatchMetadata(batch, is_end=number == len(materializations))
        events.append(DagsterEvent.asset_materialization(step, materialization, at))


def find_partition_statuses(instance: dg.DagsterInstance, assets: Mapping[str, dg.PartitionsDefinition[str]]) -> None:
    """Have Dagster find which partitions of these assets are materialised. It keeps what it found, and looks at later records
    alone; otherwise the first page of the UI that shows an asset waits for it: 30 s with records of 500,000 cells."""
    for asset, definition in assets.items():
        get_and_update_asset_status_cache_value(instance, dg.AssetKey(asset), definition)


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
def documents_loaded_once(instance: dg.DagsterInstance) -> Iterator[None]:
    """Dynamic partitions are loaded once meanwhile, unless some are added: for one run Dagster asks for all documents five
    times, 0.2 s of CPU each with 100,000. What other processes add is not among what this run was asked for."""
    load, add = instance.get_dynamic_partitions, instance.add_dynamic_partitions
    known: dict[str, Sequence[str]] = {}

    def loaded(partitions_def_name: str) -> Sequence[str]:
        if partitions_def_name not in known:
            known[partitions_def_name] = load(partitions_def_name)
        return known[partitions_def_name]

    def added(partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        add(partitions_def_name, partition_keys)
        known.pop(partitions_def_name, None)

    instance.get_dynamic_partitions = loaded  # type: ignore[method-assign]
    instance.add_dynamic_partitions = added  # type: ignore[method-assign]
    try:
        yield
    finally:
        del instance.get_dynamic_partitions, instance.add_dynamic_partitions


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
    _create_event_log(storage, run_id)
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
        # For some events it asks each time whether a table is there, and opens the file for that.
        storage.has_table = cache(storage.has_table)  # type: ignore[method-assign]
        store_each = storage.store_event_batch
        storage.store_event_batch = partial(_store_together, storage, run_id, store_each)  # type: ignore[method-assign]
        try:
            yield
        finally:
            del storage._connect, storage.has_table, storage.store_event_batch


_empty_logs: list[bytes] = []
"""The file of a run without events, as this process has made one."""


def _create_event_log(storage: SqliteEventLogStorage, run_id: str) -> None:
    """Create the file of a run with its tables. Dagster takes 0.1 s for each, so the first one is copied."""
    path = Path(storage.path_for_shard(run_id))
    if _empty_logs and not path.exists():
        path.write_bytes(_empty_logs[0])
        storage._initialized_dbs.add(run_id)
        return
    is_new = not path.exists()
    with storage.run_connection(run_id):
        pass
    if is_new and not path.with_name(f"{path.name}-wal").exists():
        _empty_logs.append(path.read_bytes())


def _store_together(
    storage: SqliteEventLogStorage,
    run_id: str,
    store_each: Callable[[Sequence[EventLogEntry]], None],
    events: Sequence[EventLogEntry],
) -> None:
    """Materialisations of a run in two statements and as many transactions; Dagster's storage on SQLite has several of both
    for each. The row of an asset has the last one, as it would have in the end."""
    kinds = {(event.run_id, event.dagster_event_type) for event in events}
    if kinds != {(run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)}:
        store_each(events)
        return
    rows = [storage._event_to_row(event) for event in events]
    insert = SqlEventLogStorageTable.insert()
    with storage.run_connection(run_id) as connection:
        connection.execute(insert, rows)
    with storage.index_transaction() as connection:
        connection.execute(insert, rows)
        newest = connection.execute(select(func.max(SqlEventLogStorageTable.c.id))).scalar_one()
        ids = range(newest - len(rows) + 1, newest + 1)  # nobody else writes before the end of this transaction
        storage._store_asset_event_tags(connection, events, ids)
        last = {event.get_dagster_event().asset_key: (event, number) for event, number in zip(events, ids, strict=True)}
        for event, number in last.values():
            storage._store_asset_event(connection, event, number)


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


def dev_services(workspace: Path, web_server: Sequence[str], web_environment: Mapping[str, str]) -> None:
    """`dagster dev`: code server, daemon and web server until interrupted, with another command for the web server.

    There is no way to give Dagster's web server a middleware, or to have `dagster dev` start another one. If Dagster
    started its own in a way that is not intercepted here, that could not listen: its host is not an address.
    """
    from dagster._cli import dev
    from dagster_shared.cli import WorkspaceOpts

    module: Any = dev
    start = module.open_ipc_subprocess

    def start_service(parts: Sequence[str], **options: Any) -> Any:
        if list(parts[1:3]) == ["-m", "dagster_webserver"]:
            return start([*web_server, *parts[3:]], env=dict(web_environment), **options)
        return start(parts, **options)

    module.open_ipc_subprocess = start_service
    try:
        dev.dev_command_impl(
            code_server_log_level="warning",
            log_level="info",
            log_format="colored",
            port=None,
            host="not-guarded.invalid",
            use_legacy_code_server_behavior=False,
            shutdown_pipe=None,
            verbose=False,
            workspace_opts=WorkspaceOpts(workspace=[str(workspace)]),
        )
    finally:
        module.open_ipc_subprocess = start


@contextmanager
def web_application(arguments: argparse.Namespace) -> Iterator["App"]:
    """The ASGI application of Dagster's UI; `arguments` are those of `python -m dagster_webserver`, which builds and runs
    it in one function."""
    from dagster._core.instance import InstanceRef
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget
    from dagster._serdes import deserialize_value
    from dagster._utils.log import configure_loggers
    from dagster_shared.ipc import interrupt_on_ipc_shutdown_message
    from dagster_webserver.app import create_app_from_workspace_process_context
    from dagster_webserver.cli import DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_MAX_OVERFLOW, DEFAULT_POOL_RECYCLE

    configure_loggers(formatter=arguments.log_format, log_level=arguments.dagster_log_level.upper())
    reference = deserialize_value(arguments.instance_ref, InstanceRef)
    with (
        interrupt_on_ipc_shutdown_message(arguments.shutdown_pipe),
        dg.DagsterInstance.from_ref(reference) as instance,
    ):
        instance.optimize_for_webserver(DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW)
        with WorkspaceProcessContext(
            instance,
            version=dg.__version__,
            workspace_load_target=WorkspaceFileTarget([arguments.workspace]),
            code_server_log_level=arguments.code_server_log_level,
        ) as context:
            yield create_app_from_workspace_process_context(context, "", arguments.live_data_poll_rate)
