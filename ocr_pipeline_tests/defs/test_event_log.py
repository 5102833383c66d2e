"""The event log of a run: one open connection per SQLite file, visible to others at once."""

import threading
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import StepMaterializationData

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
    assert "_connect" not in vars(instance.event_log_storage)
    materialise(instance, "run", "b")
    assert partitions(instance) == {"a", "b"}
