"""Resources: the warehouse, the project folder, and where progress goes."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import Field, PrivateAttr

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.backends.config import load_config
from ocr_pipeline.coordination.locks import shared_locks
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.evaluation.scoring.settings import Rules, load_rules
from ocr_pipeline.machine import sentence_of
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.budget import named_ledger, run_ledger
from ocr_pipeline.operation.settings import UNATTENDED_USD, Operation, load_operation
from ocr_pipeline.processes.budget import available_cores
from ocr_pipeline.processes.workers import LocalWorkers, Workers
from ocr_pipeline.project import Project
from ocr_pipeline.report.serve import DEFAULT_URL, document_url
from ocr_pipeline.storage import open_store
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.opened import server_of


class WarehouseResource(DuckDBResource):
    """dagster-duckdb's resource with connections that are always closed, waits that name who holds the file, and reads
    that do not lock out other readers. Why not the stock resource and I/O manager: docs/decisions/0002.
    """

    lock_timeout: float = Field(default=60.0, description="Seconds to wait while another process holds the database.")
    root: str = Field(default="", description="The project folder, whose deployment.yaml may name a server instead.")

    def warehouse(self) -> Warehouse:
        server = server_of(Project(Path(self.root)), self.lock_timeout) if self.root else None
        return Warehouse(server or Path(self.database), self.lock_timeout, self.connection_config)

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self.warehouse().connect(read_only=False) as connection:
            yield connection


class ProjectResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The project folder, the result store in it, and how many processes OCR may use."""

    root: str = Field(description="The folder with backends.yaml and data/.")
    processes: int = Field(default=0, ge=0, description="OCR worker processes; 0 means one per core.")
    report_url: str = Field(default=DEFAULT_URL, description="Where links to pages of the report lead.")

    def document_link(self, document_id: str, field: str | None = None, backend: str | None = None) -> str:
        """The address of a document's page in the report."""
        return document_url(self.report_url, document_id, field, backend)

    @property
    def project(self) -> Project:
        return Project(Path(self.root))

    def backends(self) -> Backends:
        """The backends as configured and trained now; definitions are built once and would keep those of that moment."""
        return load_backends(self.project)

    def rules(self) -> Rules:
        """`evaluation.yaml` as it is now."""
        return load_rules(self.project.evaluation_file)

    def operation(self) -> Operation:
        """`operation.yaml` as it is now."""
        return load_operation(self.project.operation_file, set(self.backends()))

    def problem(self) -> str | None:
        """Why a run would fail as things are configured now, as one sentence; None: it would not."""
        try:
            self.rules()
            self.operation()
        except (OcrPipelineError, OSError) as error:
            return f"Nothing is launched until this is corrected: {sentence_of(error) or error}"
        return None

    @property
    def store(self) -> ResultStore:
        return open_store(self.project)

    @property
    def workers(self) -> Workers:
        """Who recognises pages and extracts documents: processes of this machine, or the cluster of deployment.yaml."""
        settings = load_deployment(self.project).workers
        if settings.kind == "local":
            return LocalWorkers(self.processes or available_cores())
        from ocr_pipeline.processes.calls import Task
        from ocr_pipeline.processes.cluster import RayWorkers

        tasks = {name: Task(needed.cpus, needed.gpus) for name, needed in settings.tasks.items()}
        task = Task(settings.cpus_per_task, settings.gpus_per_task)
        sends_files, mark = not settings.shared_folder, self.project.on_cluster
        return RayWorkers(settings.address, task, tasks, sends_files=sends_files, mark=mark)


class ModelsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What makes the `ModelCalls` of a run: what they may cost, and keys that are not in the variables of `backends.yaml`.

    A deployment gives keys as `dg.EnvVar`, which is looked up when a run begins and never shown:
    `ModelsResource(root=..., api_keys={"gemini": dg.EnvVar("TEAM_GEMINI_KEY")}, max_cost_usd=5)`. Where a server is, says
    `backends.yaml` (or the SDK's own variable): the address is a part of what makes a result.

    Everything that is materialised in the UI goes through it. The runs of one backfill share its budget.
    """

    root: str = Field(description="The project folder.")
    api_keys: dict[str, str] = Field(default={}, description="API keys by provider.")
    max_cost_usd: float | None = Field(
        default=None,
        description="USD that a run, or all runs of a backfill, may spend on models; not set: `max_cost_usd` of "
        f"operation.yaml, or {UNATTENDED_USD:g}.",
    )
    fresh: bool = Field(default=False, description="Ask models again what is stored already.")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[ModelCalls]:
        project = Project(Path(self.root))
        operation = load_operation(project.operation_file, set(load_config(project.config_file)[0].backends))
        calls = ModelCalls(
            open_store(project),
            keys=self.api_keys,
            fresh_since=datetime.now(UTC) if self.fresh else None,
            max_cost_usd=operation.unattended_limit(self.max_cost_usd),
            needs_prices=operation.limit(self.max_cost_usd) is not None,
            ledger=named_ledger(project, _budget_id(context)),
            locks=shared_locks(project),
        )
        with closing(calls):
            yield calls


def calls_of_run(project: Project, fresh_since: datetime | None, max_cost_usd: float | None) -> ModelCalls:
    """The model calls of one `ocr-pipeline run`. What runs on other machines spend meanwhile counts, too."""
    return ModelCalls(
        open_store(project),
        fresh_since=fresh_since,
        max_cost_usd=max_cost_usd,
        ledger=run_ledger(project, max_cost_usd),
        locks=shared_locks(project),
    )


def _budget_id(context: dg.InitResourceContext) -> str:
    """Whose budget a run spends: its backfill's, or of the run that it repeats after a crash, or its own."""
    run = context.run
    tags = run.tags if run else {}
    backfill = tags.get("dagster/backfill")
    if backfill and re.fullmatch(r"[\w-]+", backfill):
        return backfill
    repeats = run is not None and "dagster/retry_number" in tags
    return (run.root_run_id if repeats and run else None) or context.run_id or "none"


class LogProgress(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Progress as log lines: at the start of a stage, then at every tenth of it, with its rate and the time left."""

    _stages: dict[str, "_Stage"] = PrivateAttr(default_factory=dict)

    def start(self, stage: str, total: int, unit: str = "documents") -> None:
        self._stages[stage] = _Stage(total, unit)
        dg.get_dagster_logger("ocr_pipeline").info("%s: %d %s", stage, total, unit)

    def advance(self, stage: str, *, cached: bool, failed: bool, by: int = 1) -> None:
        counts = self._stages[stage]
        tenths = counts.done * 10 // counts.total
        counts.done += by
        counts.cached += cached
        counts.failed += failed
        if counts.done >= counts.total or counts.done * 10 // counts.total > tenths:
            dg.get_dagster_logger("ocr_pipeline").info("%s: %s", stage, str(counts))


@dataclass
class _Stage:
    total: int
    unit: str
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    cached: int = 0
    failed: int = 0

    def __str__(self) -> str:
        rate = self.done / max(time.monotonic() - self.began, 1e-9)
        left = f", about {(self.total - self.done) / rate:.0f} s left" if self.done < self.total else ""
        return (
            f"{self.done} of {self.total} {self.unit} done, {self.cached} documents from the result store,"
            f" {self.failed} failed, {rate:.1f} {self.unit}/s{left}"
        )
