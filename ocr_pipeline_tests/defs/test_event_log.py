"""The event log of a run: one open connection per SQLite file, visible to others at once."""

import sqlite3
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData
from sqlalchemy import event

from ocr_pipeline.defs import _dagster
from ocr_pipeline.defs._dagster import open_event_log, record_materializations
from ocr_pipeline.defs.instance_files import BATCH_VARIABLE

KEY = dg.AssetKey("cell")


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    return dg.DagsterInstance.local_temp(str(tmp_path))


def materialise(instance: dg.DagsterInstance, run_id: str, partition: str) -> None:
    instance.report_dagster_event(
        dg.DagsterEvent(
            event_type_value="ASSET_MATERIALIZATION",
            job_name="job",
            event_specific_data=StepMaterializationData(dg.AssetMaterialization(KEY, partition=partition)),
        ),
        run_id,
    )


def partitions(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.get_materialized_partitions(KEY))


def test_events_are_seen_by_other_processes_while_the_run_goes_on(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with open_event_log(instance, "run"), dg.DagsterInstance.local_temp(str(tmp_path)) as other:
        materialise(instance, "run", "a")
        assert partitions(other) == {"a"}
        materialise(other, "another run", "b")
        assert partitions(instance) == {"a", "b"}


def test_files_of_later_runs_are_as_dagster_makes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is copied, without its events, also into another instance."""
    monkeypatch.setattr(_dagster, "_empty_logs", [])
    made: dict[str, list[object]] = {}
    for folder, run in (("one", "first"), ("one", "second"), ("two", "third")):
        (tmp_path / folder).mkdir(exist_ok=True)
        instance = dg.DagsterInstance.local_temp(str(tmp_path / folder))
        with open_event_log(instance, run):
            materialise(instance, run, run)
            assert partitions(instance) >= {run}
            assert len(instance.all_logs(run)) == 1
        [path] = tmp_path.glob(f"{folder}/**/{run}.db")
        with closing(sqlite3.connect(path)) as database:
            tables = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
            made[run] = [*tables, *database.execute("SELECT version_num FROM alembic_version")]
            made[run] += database.execute("PRAGMA journal_mode").fetchall()
    assert made["first"] == made["second"] == made["third"]
    assert len(_dagster._empty_logs) == 1


def test_threads_share_the_connection(instance: dg.DagsterInstance) -> None:
    names = [f"p{number}" for number in range(8)]
    with open_event_log(instance, "run"):
        threads = [threading.Thread(target=materialise, args=(instance, "run", name)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert partitions(instance) == set(names)
        assert len(instance.all_logs("run")) == len(names)


def test_the_storage_is_as_before_after_a_failure(instance: dg.DagsterInstance) -> None:
    def fail() -> None:
        with open_event_log(instance, "run"):
            materialise(instance, "run", "a")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert not {"_connect", "has_table"} & vars(instance.event_log_storage).keys()
    materialise(instance, "run", "b")
    assert partitions(instance) == {"a", "b"}


def recorded(instance: dg.DagsterInstance, count: int, *, together: bool) -> tuple[list[Any], int]:
    """What is known of `count` materialisations of each of two assets in a run, and the number of statements that wrote
    the files of the event log."""
    made = [
        dg.AssetMaterialization(
            name, partition=dg.MultiPartitionKey({"shard": str(number), "x": "a"}), metadata={"n": number}
        )
        for name in ("cell", "other")
        for number in range(count)
    ]
    run_id, written = str(uuid4()), list[str]()

    @dg.op
    def record(context: dg.OpExecutionContext) -> None:
        if together:
            record_materializations(context, made)
        else:
            for one in made:
                context.log_event(one)

    @dg.job(executor_def=dg.in_process_executor)
    def recording() -> None:
        record()

    def watch(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO event_logs") or "asset_" in statement:
            written.append(statement)

    with open_event_log(instance, run_id):
        storage: Any = instance.event_log_storage
        for connect in (storage.index_connection, partial(storage.run_connection, run_id)):
            with connect() as connection:
                event.listen(connection.engine, "before_cursor_execute", watch)
        result = recording.execute_in_process(instance=instance, run_id=run_id)
    of_result = [one.materialization.partition for one in result.get_asset_materialization_events()]
    assert of_result == [one.partition for one in made]
    known: list[Any] = []
    for key in (dg.AssetKey("cell"), dg.AssetKey("other")):
        latest = instance.get_latest_materialization_event(key)
        records = instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=key), limit=100).records
        known += [
            latest and latest.asset_materialization,
            [record.asset_materialization for record in records if record.run_id == run_id],
            sorted(instance.get_materialized_partitions(key)),
            sorted(map(str, instance.get_event_tags_for_asset(key))),
        ]
    in_run = [
        one.dagster_event.partition
        for one in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        if one.dagster_event
    ]
    return [*known, in_run], len(written)


def test_materialisations_that_are_recorded_together_are_as_those_recorded_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BATCH_VARIABLE, "100")
    counts = {}
    for together in (False, True):
        (tmp_path / str(together)).mkdir()
        with dg.DagsterInstance.local_temp(str(tmp_path / str(together))) as instance:
            counts[together] = recorded(instance, 20, together=together)
    assert counts[True][0] == counts[False][0]
    assert counts[True][0][0].partition == dg.MultiPartitionKey({"shard": "19", "x": "a"})


def test_more_materialisations_take_no_more_statements(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BATCH_VARIABLE, "100")
    recorded(instance, 1, together=True)  # makes the rows of the assets, which are updated later
    _, few = recorded(instance, 5, together=True)
    _, more = recorded(instance, 40, together=True)
    assert more == few
