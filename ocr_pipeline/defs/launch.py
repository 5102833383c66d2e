"""Launching runs over exactly the requested cells.

No partitioned *job* covers `ocr_text` or `extractions`: a job backfill over a two-dimensional asset runs the same key
again and again and turns green (dagster-io/dagster #28861, #30786, #17404). A run that carries Dagster's range tags is
exact. A range of two-dimensional keys is the product of one range per dimension, in the order of the partitions
definition; so a set of cells is cut into rectangles, and each rectangle is one run. See docs/decisions/0001.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from uuid import uuid4

import dagster as dg
from filelock import FileLock, Timeout

from ocr_pipeline.collecting import existing_objects_skipped
from ocr_pipeline.coordination.locks import shared_locks
from ocr_pipeline.defs._dagster import documents_loaded_once, located_runs, open_event_log, range_tags
from ocr_pipeline.defs.instance import PROCESS, PROCESS_TAG
from ocr_pipeline.defs.partitions import BACKEND, ENGINE, Partitions
from ocr_pipeline.planning.cell_lists import CELLS, CELLS_TAG, store_cells
from ocr_pipeline.planning.plan import Cell
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore

LOCATION = "ocr_pipeline"
"""The name of the code location, as in pyproject.toml and workspace.yaml."""
CHECKS = "checks"
"""The name of the job that evaluates every asset check."""
_NOT_RETRIED = {"dagster/max_retries": "0"}
"""Of a run that is a part of another, or of a command: the daemon begins that one again, or nobody does."""
LOST = 600.0
"""Seconds after which a started run of `process` without a lock counts as lost: it was killed right away."""

Range = tuple[str, str]
"""First and last partition key of a run, both included."""


@dataclass(frozen=True)
class CellList:
    """A list of cells in the result store that a run is asked for: parts of shards.

    `partition`: that of the first cell. Dagster wants a run of a partitioned asset to have one, and plans an event for each;
    what was materialised is recorded after the work. So a run does not have to name the hundreds that it touches.
    """

    key: str
    partition: str


Part = Range | CellList | None
"""What one run is asked for; None: an asset without partitions."""


def parts_of(
    cells: Sequence[Cell],
    dimension: str | None,
    instance: dg.DagsterInstance,
    partitions: Partitions,
    store: ResultStore,
) -> list[Part]:
    """What runs are asked for that do exactly these cells. `dimension`: engine, backend or ensemble; None: documents."""
    if partitions.shards:
        return [CellList(store_cells(store, cells), partitions.key(dimension, *cells[0]))] if cells else []
    if dimension is None:
        return list(document_ranges([document_id for _, document_id in cells], instance, partitions))
    definitions = {ENGINE: partitions.document_engine, BACKEND: partitions.document_backend}
    definition = definitions.get(dimension) or partitions.document_ensemble
    return list(cell_ranges(cells, dimension, instance, definition))


def _tags(part: Part) -> dict[str, str]:
    if isinstance(part, CellList):
        return {CELLS_TAG: part.key, **range_tags(part.partition, part.partition)}
    return range_tags(*part) if part else {}


def by_backend(
    partitions: Partitions, cells: Sequence[Cell], parts: Callable[[Sequence[Cell]], list[Part]]
) -> list[list[Part]]:
    """The parts for these cells, so that a failure for one backend ends no run for another."""
    if partitions.shards:
        return [parts([cell for cell in cells if cell[0] == name]) for name in dict.fromkeys(name for name, _ in cells)]
    spans = [part for part in parts(cells) if isinstance(part, tuple)]
    return [list(group) for _, group in groupby(spans, key=lambda span: span[0].partition("|")[0])]


def cells_in(event: dg.DagsterEvent) -> int:
    """How many cells a materialisation stands for: of a shard, those that were done."""
    cells = event.materialization.metadata.get(CELLS)
    return int(cells.value) if isinstance(cells, dg.IntMetadataValue) and cells.value is not None else 1


def document_ranges(documents: Iterable[str], instance: dg.DagsterInstance, partitions: Partitions) -> list[Range]:
    """Ranges of the document partitions that cover exactly these documents."""
    order = list(partitions.documents.get_partition_keys(dynamic_partitions_store=instance))
    return [(order[first], order[last]) for first, last in _spans(order, documents)]


def backend_ranges(backends: Iterable[str], partitions: Partitions) -> list[Range]:
    """Ranges of the backend partitions that cover exactly these backends."""
    order = list(partitions.backends.get_partition_keys())
    return [(order[first], order[last]) for first, last in _spans(order, backends)]


def cell_ranges(
    cells: Iterable[tuple[str, str]],
    dimension: str,
    instance: dg.DagsterInstance,
    definition: dg.MultiPartitionsDefinition,
) -> list[Range]:
    """Ranges of a two-dimensional definition that cover exactly these cells.

    Args:
        cells: (value of `dimension`, document).
        dimension: the dimension beside `document`: engine or backend.
    """
    orders = {
        part.name: list(part.partitions_def.get_partition_keys(dynamic_partitions_store=instance))
        for part in definition.partitions_defs
    }
    other = next(name for name in orders if name != dimension)
    documents_of: dict[str, set[str]] = {}
    for value, document in cells:
        documents_of.setdefault(value, set()).add(document)
    # Neighbouring values with the same documents share their rectangles.
    groups: list[tuple[int, int, list[tuple[int, int]]]] = []
    for index, value in enumerate(orders[dimension]):
        spans = _spans(orders[other], documents_of.pop(value, ()))
        if groups and groups[-1][1] == index - 1 and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], index, spans)
        elif spans:
            groups.append((index, index, spans))
    if documents_of:
        raise ValueError(f"{next(iter(documents_of))!r} is not a partition of {dimension}")

    def key(value: int, document: int) -> str:
        return dg.MultiPartitionKey({dimension: orders[dimension][value], other: orders[other][document]})

    return [
        (key(first, from_document), key(last, to_document))
        for first, last, spans in groups
        for from_document, to_document in spans
    ]


def _spans(order: Sequence[str], wanted: Iterable[str]) -> list[tuple[int, int]]:
    """First and last index of each unbroken stretch of `wanted` in `order`."""
    position = {key: index for index, key in enumerate(order)}
    try:
        indices = sorted({position[key] for key in wanted})
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is not a partition") from None
    stretches = groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0])
    return [(stretch[0][1], stretch[-1][1]) for stretch in (list(group) for _, group in stretches)]


class RunLock:
    """Held by the process of a run until it ends, however it ends: so others can tell whether it is alive.

    A lock of the operating system, or of the PostgreSQL that machines share: host names change, process ids are reused, and a
    relaunched run has the tags of the first one.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / f"{run_id}.lock")
        self._shared, self._name = shared_locks(Project(folder.parents[1])), f"run:{run_id}"
        self.tags = {PROCESS_TAG: run_id}

    def take(self) -> None:
        """Acquire the lock; no other process holds it."""
        if self._shared:
            self._shared.take(self._name, timeout=0)
        else:
            self._lock.acquire(timeout=0)

    def is_held(self) -> bool:
        """Whether a process holds the lock, on any machine."""
        if self._shared:
            return self._shared.holder(self._name) is not None
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return True
        self._lock.release()
        return False

    def drop(self) -> None:
        """Release and delete the lock: its run has ended, or no process holds it."""
        if self._shared:
            self._shared.drop(self._name)
            return
        Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()


def run_locks(instance: dg.DagsterInstance) -> Path:
    """The folder of the locks of an instance's runs."""
    return Path(instance.root_directory) / "running"


def close_killed_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs whose process was killed as failed. Dagster does not: the UI shows them running, and they keep their place
    in the queue. A restarted daemon cannot tell whether the runs it launched are alive.

    Returns their number.
    """
    closed, folder = set(), run_locks(instance)
    statuses = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
    records = instance.get_run_records(dg.RunsFilter(statuses=statuses))
    for record in records:
        run = record.dagster_run
        # A run that is launched again has the tags of the one before: then it has not taken its own lock yet.
        if run.tags.get(PROCESS_TAG) == run.run_id:
            is_dead = not RunLock(folder, run.run_id).is_held()
        else:
            is_dead = (
                run.job_name == PROCESS and record.start_time is not None and time.time() > record.start_time + LOST
            )
        if is_dead:
            instance.report_run_failed(run, "The process that ran this was killed. Its finished results are kept.")
            closed.add(run.run_id)
    left = {record.dagster_run.run_id for record in records} - closed
    for path in folder.glob("*.lock"):
        if path.stem not in left and not (lock := RunLock(folder, path.stem)).is_held():
            lock.drop()
    return len(closed)


@dataclass(frozen=True)
class Launcher:
    """Runs in this process, recorded on the instance. All of them get `tags`."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    tags: Mapping[str, str] = field(default_factory=dict)

    def materialize(
        self, assets: Sequence[str], parts: Sequence[Part], config: Mapping[str, object] | None = None
    ) -> list[dg.ExecuteInProcessResult]:
        """Materialise assets, one run per part.

        Stops at the first run that fails; its result is the last one. `config`: of the assets, as `ops` of a run's
        configuration.
        """
        results = []
        for part in parts:
            results.append(
                self._execute(self._assets_job, _tags(part), [dg.AssetKey(asset) for asset in assets], config)
            )
            if not results[-1].success:
                break
        return results

    def check(self, tags: Mapping[str, str] | None = None) -> dg.ExecuteInProcessResult:
        """Evaluate every asset check that is not a part of an asset, in one run: the job `checks`."""
        return self._execute(self.definitions.resolve_job_def(CHECKS), tags or {})

    @cached_property
    def _assets_job(self) -> dg.JobDefinition:
        """All assets without their checks: checks look at the whole project, which is incomplete between two runs."""
        unchecked = dg.Definitions(
            assets=self.definitions.assets, resources=self.definitions.resources, executor=dg.in_process_executor
        )
        return unchecked.resolve_implicit_global_asset_job_def()

    def _execute(
        self,
        job: dg.JobDefinition,
        tags: Mapping[str, str],
        assets: Sequence[dg.AssetKey] | None = None,
        config: Mapping[str, object] | None = None,
    ) -> dg.ExecuteInProcessResult:
        run_id = str(uuid4())
        lock = RunLock(run_locks(self.instance), run_id)
        lock.take()
        try:
            with (
                located_runs(self.instance, LOCATION, job.name),
                open_event_log(self.instance, run_id),
                documents_loaded_once(self.instance),
                existing_objects_skipped(),
            ):
                return job.execute_in_process(
                    instance=self.instance,
                    asset_selection=assets,
                    run_id=run_id,
                    tags={**lock.tags, **self.tags, **tags, **_NOT_RETRIED},
                    # Details of the run are in its event log; the terminal belongs to the progress bars.
                    run_config={"ops": config or {}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    raise_on_error=False,
                )
        finally:
            lock.drop()
