"""A test pipeline: a project, its definitions and an instance, and short ways to materialise and to look at the result."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.assets.diagnosis import ASSETS as DIAGNOSIS
from ocr_pipeline.defs.instance import register_documents
from ocr_pipeline.defs.launch import Launcher, cell_ranges, document_ranges
from ocr_pipeline.defs.partitions import BACKEND, ENGINE, Partitions
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse

DOCUMENTS = ["broken", "d0", "d1", "d2", "d3", "d4", "d5"]
BACKENDS = ["pixel+first", "pdf-text+first", "page-width"]

EVALUATION = ("leaderboard", "comparisons", "leaderboard_slices", "evaluation_history", *DIAGNOSIS)
"""The assets that every run ends with, but for the last one."""

EVERY_RUN = (*EVALUATION, "report")

Cells = set[tuple[str, str]]


@dataclass
class Recorder:
    """A `Progress` that remembers what it was told."""

    started: dict[str, int] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    cached: Counter[str] = field(default_factory=Counter)

    def start(self, stage: str, total: int, unit: str = "documents") -> None:
        self.started[stage] = self.started.get(stage, 0) + total

    def advance(self, stage: str, *, cached: bool, failed: bool, by: int = 1) -> None:
        self.done[stage] += by
        self.cached[stage] += cached


@dataclass
class Pipeline:
    project: Project
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    recorder: Recorder
    registered: Sequence[str] = tuple(DOCUMENTS)

    def __post_init__(self) -> None:
        register_documents(self.instance, self.registered)

    @property
    def partitions(self) -> Partitions:
        return Partitions(load_backends(self.project))

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.project.database)

    def documents(self, documents: Iterable[str] = DOCUMENTS) -> list[dg.ExecuteInProcessResult]:
        ranges = document_ranges(documents, self.instance, self.partitions)
        return self.launch(["raw_documents", "ground_truth"], ranges)

    def ocr(self, cells: Iterable[tuple[str, str]]) -> list[dg.ExecuteInProcessResult]:
        ranges = cell_ranges(cells, ENGINE, self.instance, self.partitions.document_engine)
        return self.launch(["ocr_text"], ranges)

    def extract(self, cells: Iterable[tuple[str, str]]) -> list[dg.ExecuteInProcessResult]:
        ranges = cell_ranges(cells, BACKEND, self.instance, self.partitions.document_backend)
        return self.launch(["extractions"], ranges)

    def launch(self, assets: list[str], ranges: list[Any]) -> list[dg.ExecuteInProcessResult]:
        return Launcher(self.definitions, self.instance).materialize(assets, ranges)

    def run(self, assets: list[str], **options: Any) -> dg.ExecuteInProcessResult:
        """One run with raw options: `partition_key`, `tags`."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(asset) for asset in assets]
        return job.execute_in_process(instance=self.instance, asset_selection=keys, raise_on_error=False, **options)

    def everything(self) -> None:
        """Materialise every cell of every asset."""
        self.documents()
        self.ocr((engine, document) for engine in ("pixel", "pdf-text") for document in DOCUMENTS)
        self.extract((backend, document) for backend in BACKENDS for document in DOCUMENTS)
        self.evaluate()

    def evaluate(self) -> dg.ExecuteInProcessResult:
        """All that comes after `extractions`. Returns the run of the assets in `EVALUATION`."""
        self.launch(["field_scores"], [(BACKENDS[0], BACKENDS[-1])])
        [result] = self.launch(list(EVALUATION), [None])
        return result

    def check(self) -> dict[str, dg.AssetCheckEvaluation]:
        """Every asset check, as it is evaluated at the end of a run."""
        result = Launcher(self.definitions, self.instance).check()
        assert result.success
        return {one.check_name: one for one in result.get_asset_check_evaluations()}

    def keys(self, table: str, dimension: str) -> Cells:
        """(value of the dimension, document) of every row of a table."""
        return {(row[dimension], row["document_id"]) for row in self.warehouse.rows(f"FROM {table}")}


def cells_of(results: list[dg.ExecuteInProcessResult]) -> list[str]:
    """The partition of every materialisation, repetitions included, sorted."""
    return sorted(str(event.partition) for result in results for event in result.get_asset_materialization_events())


def message_of(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step of a run says."""
    failure = next(event for event in result.all_events if event.is_step_failure)
    data = failure.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    return str(data.error)
