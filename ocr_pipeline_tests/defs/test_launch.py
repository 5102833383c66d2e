"""Every route materialises exactly the cells that were asked for."""

import logging
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import dagster as dg
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.defs import launch
from ocr_pipeline.defs._dagster import documents_loaded_once
from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.defs.launch import Launcher, cell_ranges, close_killed_runs, document_ranges, run_locks
from ocr_pipeline.defs.partitions import BACKEND, ENGINE, Partitions
from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.pipeline import BACKENDS, DOCUMENTS, Pipeline, cells_of, message_of

# In the order of the file, which is not alphabetical: a range follows the definition's order, not the alphabet's.
CONFIG = {
    "engines": {"zeta": {"type": "pdf-text"}, "alpha": {"type": "pdf-text"}},
    "backends": {name: {"engine": "zeta", "extractor": "rules"} for name in ("m", "z+1", "a", "k")},
}
NAMES = ["e", "b", "d", "a", "c"]


@cache
def backends() -> Backends:
    with TemporaryDirectory() as folder:
        (Path(folder) / "backends.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
        return load_backends(Project(Path(folder)))


def cell_sets(values: list[str]) -> st.SearchStrategy[set[tuple[str, str]]]:
    return st.sets(st.sampled_from(sorted(product(values, NAMES))))


@pytest.mark.parametrize("dimension", [ENGINE, BACKEND])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_ranges_cover_exactly_the_cells(dimension: str, data: st.DataObject) -> None:
    partitions = Partitions(backends())
    definition = partitions.document_engine if dimension == ENGINE else partitions.document_backend
    asked = data.draw(cell_sets(["zeta", "alpha"] if dimension == ENGINE else ["m", "z+1", "a", "k"]))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("documents", NAMES)
        covered = [
            key
            for first, last in cell_ranges(asked, dimension, instance, definition)
            for key in definition.get_partition_keys_in_range(
                dg.PartitionKeyRange(first, last), dynamic_partitions_store=instance
            )
        ]
    by_dimension = [definition.get_partition_key_from_str(key).keys_by_dimension for key in covered]
    assert {(keys[dimension], keys["document"]) for keys in by_dimension} == asked
    assert len(covered) == len(asked), "a cell is covered twice"


def test_keys_of_cells_are_made_again_only_for_other_documents() -> None:
    """And they are those that Dagster makes."""
    definition = Partitions(backends()).document_backend
    plain = dg.MultiPartitionsDefinition({part.name: part.partitions_def for part in definition.partitions_defs})
    with dg.DagsterInstance.ephemeral() as instance:
        assert definition.get_partition_keys(dynamic_partitions_store=instance) == []
        for documents in (["e"], ["b", "d"]):
            instance.add_dynamic_partitions("documents", documents)
            keys = definition.get_partition_keys(dynamic_partitions_store=instance)
            assert keys == plain.get_partition_keys(dynamic_partitions_store=instance)
            assert definition.get_partition_keys(dynamic_partitions_store=instance) is keys
        instance.delete_dynamic_partition("documents", "e")
        assert len(definition.get_partition_keys(dynamic_partitions_store=instance)) == 2 * len(backends())


def test_a_rectangle_is_one_range() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("documents", NAMES)
        cells = list(product(["m", "z+1", "a", "k"], NAMES))
        ranges = cell_ranges(cells, BACKEND, instance, Partitions(backends()).document_backend)
        assert [tuple(map(str, span)) for span in ranges] == [("m|e", "k|c")]


def test_an_unknown_cell_is_refused() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("documents", NAMES)
        with pytest.raises(ValueError, match="'nobody' is not a partition"):
            document_ranges(["nobody"], instance, Partitions(backends()))
        with pytest.raises(ValueError, match="'nothing' is not a partition of backend"):
            cell_ranges([("nothing", "a")], BACKEND, instance, Partitions(backends()).document_backend)


def test_one_cell(pipeline: Pipeline) -> None:
    pipeline.documents()
    result = pipeline.run(["ocr_text"], partition_key=dg.MultiPartitionKey({"document": "d2", "engine": "pixel"}))
    assert cells_of([result]) == ["d2|pixel"]
    assert pipeline.keys("ocr_text", "engine") == {("pixel", "d2")}


def test_a_range_over_several_values_of_both_dimensions(pipeline: Pipeline) -> None:
    pipeline.documents()
    tags = {
        "dagster/asset_partition_range_start": "d1|pixel",
        "dagster/asset_partition_range_end": "d3|pdf-text",
    }
    result = pipeline.run(["ocr_text"], tags=tags)
    asked = set(product(["pixel", "pdf-text"], ["d1", "d2", "d3"]))
    assert cells_of([result]) == sorted(f"{document}|{engine}" for engine, document in asked)
    assert pipeline.keys("ocr_text", "engine") == asked


def test_a_choice_that_is_no_rectangle(pipeline: Pipeline) -> None:
    pipeline.documents()
    asked = {("pixel", "d0"), ("pixel", "d2"), ("pixel", "d5"), ("pdf-text", "d2"), ("pdf-text", "broken")}
    results = pipeline.ocr(asked)
    assert cells_of(results) == sorted(f"{document}|{engine}" for engine, document in asked)
    assert pipeline.keys("ocr_text", "engine") == asked

    asked = {("pixel+first", "d0"), ("pixel+first", "d5"), ("page-width", "d1"), ("pdf-text+first", "d2")}
    results = pipeline.extract(asked)
    assert cells_of(results) == sorted(f"{backend}|{document}" for backend, document in asked)
    assert pipeline.keys("extractions", "backend") == asked


def test_documents_are_loaded_once_in_a_run(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster asks for all partitions five times; with 100,000 documents each time takes as long as ten cells."""
    pipeline.documents()
    cells = [("pixel", document) for document in DOCUMENTS]
    ranges = cell_ranges(cells, ENGINE, pipeline.instance, pipeline.partitions.document_engine)
    storage, loaded = pipeline.instance.event_log_storage, list[str]()
    load = storage.get_dynamic_partitions

    def counted(name: str) -> Sequence[str]:
        loaded.append(name)
        return load(name)

    monkeypatch.setattr(storage, "get_dynamic_partitions", counted)
    results = pipeline.launch(["ocr_text"], ranges)
    assert loaded == ["documents"]
    assert cells_of(results) == sorted(f"{document}|pixel" for document in DOCUMENTS)
    with documents_loaded_once(pipeline.instance):  # what is added in a run is there, as parts of a split file
        before = list(pipeline.instance.get_dynamic_partitions("documents"))
        pipeline.instance.add_dynamic_partitions("documents", ["more"])
        assert pipeline.instance.get_dynamic_partitions("documents") == [*before, "more"]
    pipeline.instance.delete_dynamic_partition("documents", "more")
    assert pipeline.instance.get_dynamic_partitions("documents") == before


def test_everything(pipeline: Pipeline) -> None:
    pipeline.everything()
    assert pipeline.keys("ocr_text", "engine") == set(product(["pixel", "pdf-text"], DOCUMENTS))
    assert pipeline.keys("extractions", "backend") == set(product(BACKENDS, DOCUMENTS))
    assert {row["backend"] for row in pipeline.warehouse.rows("FROM field_scores")} == set(BACKENDS)


def test_a_range_with_its_ends_exchanged_is_no_silent_success(pipeline: Pipeline) -> None:
    """Dagster resolves it to no partitions and would report success."""
    pipeline.documents()
    tags = {"dagster/asset_partition_range_start": "d1|pdf-text", "dagster/asset_partition_range_end": "d1|pixel"}
    result = pipeline.run(["ocr_text"], tags=tags)
    assert not result.success
    assert "wrong order" in message_of(result)


def test_no_partitioned_job_is_offered(pipeline: Pipeline) -> None:
    """A job backfill over a two-dimensional asset runs one key again and again (dagster #28861)."""
    jobs = [job for job in pipeline.definitions.jobs or [] if isinstance(job, dg.JobDefinition)]
    assert [(job.name, job.partitions_def) for job in jobs] == [("process", None)]


def test_a_run_whose_process_was_killed_is_closed(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    job = pipeline.definitions.resolve_implicit_global_asset_job_def()

    def started(run_id: str, owner: str) -> dg.DagsterRun:
        run = pipeline.instance.create_run_for_job(job, run_id=run_id, tags={"ocr_pipeline/process": owner})
        pipeline.instance.handle_new_event(dg_run_start(run, job.name))
        return run

    killed, alive, again = (str(uuid4()) for _ in range(3))
    monkeypatch.setattr(launch, "LOST", 3600.0)
    for run_id, owner in ((killed, killed), (alive, alive), (again, killed)):
        started(run_id, owner)
    take = (
        "import sys; from pathlib import Path; from ocr_pipeline.defs.launch import RunLock\n"
        "lock = RunLock(Path(sys.argv[1]), sys.argv[2]); lock.take(); print('taken', flush=True); sys.stdin.read()"
    )
    processes = []
    for run_id in (killed, alive):
        command = [sys.executable, "-c", take, str(run_locks(pipeline.instance)), run_id]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "taken\n"
        processes.append(process)
    assert close_killed_runs(pipeline.instance) == 0
    processes[0].kill()
    processes[0].wait()
    assert close_killed_runs(pipeline.instance) == 1
    status = {run.run_id: run.status for run in pipeline.instance.get_runs()}
    assert status[killed] == dg.DagsterRunStatus.FAILURE
    assert status[alive] == dg.DagsterRunStatus.STARTED
    assert status[again] == dg.DagsterRunStatus.STARTED, "it has the tags of the one before, and has not begun yet"
    processes[1].communicate()
    assert close_killed_runs(pipeline.instance) == 1
    monkeypatch.setattr(launch, "LOST", -1.0)
    assert close_killed_runs(pipeline.instance) == 0, "only `process` takes its lock at once"
    process_job = pipeline.definitions.resolve_job_def("process")
    lost = pipeline.instance.create_run_for_job(process_job, tags={"ocr_pipeline/process": killed})
    pipeline.instance.handle_new_event(dg_run_start(lost, process_job.name))
    assert close_killed_runs(pipeline.instance) == 1, "killed before it took its lock"
    assert [path.stem for path in run_locks(pipeline.instance).glob("*.lock")] == []


def dg_run_start(run: dg.DagsterRun, job_name: str) -> dg.EventLogEntry:
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name=job_name)
    return dg.EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level=logging.INFO,
        user_message="",
        run_id=run.run_id,
        timestamp=time.time(),
        dagster_event=event,
        job_name=job_name,
    )


def test_an_interrupted_part_of_a_run_is_not_begun_again_alone(project: Project) -> None:
    """The daemon begins a run of `process` again as a whole, and nothing of a command that a user has stopped."""

    @dg.asset
    def stopped() -> None:
        raise KeyboardInterrupt

    with open_instance(project) as instance:
        assert instance.run_retries_enabled
        [result] = Launcher(dg.Definitions([stopped]), instance).materialize(["stopped"], [None])
        run = instance.get_run_by_id(result.run_id)
    assert run
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert run.tags["dagster/will_retry"] == "false"
