"""The event log of a run: one open connection per SQLite file, visible to others at once."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData

from ocr_pipeline.defs import _dagster
from ocr_pipeline.defs._dagster import open_event_log

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
