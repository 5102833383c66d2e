"""The sensor `arrivals`: new and changed files, and inboxes."""

import time
from collections.abc import Sequence
from dataclasses import replace

import dagster as dg
from pydantic import BaseModel

from ocr_pipeline.collecting import collection_paused
from ocr_pipeline.defs.instance import is_processing
from ocr_pipeline.defs.jobs import ProcessConfig, process_request
from ocr_pipeline.defs.launch import close_killed_runs
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.defs.sensors.cursors import cursor_text, load_cursor, skipped
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.operation.arrivals import Cursor, Scan, scan_files
from ocr_pipeline.operation.inboxes import InboxState, problems_of, scan_inboxes
from ocr_pipeline.operation.listing import different_files, list_files
from ocr_pipeline.operation.settings import Arrivals
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse

MAX_NAMED = 20
"""Deleted documents that the log names."""


class ArrivalsCursor(BaseModel):
    """The cursor of `arrivals`."""

    files: Cursor = Cursor()
    inboxes: dict[str, InboxState] = {}


def arrivals_sensor(process: dg.JobDefinition, every_seconds: int) -> dg.SensorDefinition:
    """`arrivals`."""

    @dg.sensor(
        name="arrivals",
        job=process,
        minimum_interval_seconds=every_seconds,
        description="New and changed files, once they are stable, and inboxes: one run for many documents.",
    )
    def arrivals(
        context: dg.SensorEvaluationContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.SensorResult:
        return _tick(context, project, warehouse)

    return arrivals


def _tick(
    context: dg.SensorEvaluationContext, project: ProjectResource, warehouse: WarehouseResource
) -> dg.SensorResult:
    if closed := close_killed_runs(context.instance):
        context.log.warning("Closed %d runs whose process was killed.", closed)
    before = load_cursor(context.cursor, ArrivalsCursor())
    if problem := project.problem():
        # A run that failed because of it is no attempt: the first tick after the correction launches the next one.
        untried = before.files.model_copy(update={"tried": {}})
        return skipped(problem, before.model_copy(update={"files": untried}))
    # Files that a current run ingests are compared after it: nothing is launched twice, and later files become one run.
    idle, now = not is_processing(context.instance), time.time()
    settings = project.operation().arrivals
    files, total = _scanned(project.project, warehouse.warehouse(), before.files, settings, now, may_read=idle)
    inboxes, changed = scan_inboxes(settings.inboxes, before.inboxes, project.project, now, may_launch=idle)
    _log(context, project, settings, files, total, idle)
    cursor = cursor_text(ArrivalsCursor(files=files.cursor, inboxes=inboxes))
    if files.ready or files.deleted or changed:
        return dg.SensorResult(run_requests=[_request(settings, files, changed)], cursor=cursor)
    waiting = f"{files.waiting} files {_waiting(idle)}" if files.waiting else "Nothing has arrived"
    return dg.SensorResult(skip_reason=f"{waiting}; {total} files in the project.", cursor=cursor)


@collection_paused()
def _scanned(
    project: Project, warehouse: Warehouse, before: Cursor, settings: Arrivals, now: float, *, may_read: bool
) -> tuple[Scan, int]:
    """What changed, and how many documents there are. Nothing is compared if all files and rows are those of the last
    tick, and only what may differ if the listing of files says it."""
    with warehouse.snapshot() as snapshot:
        counted, version = tables.document_files.count_and_version(snapshot)
    # Documents in a bucket are not in the listing of files.
    there = None if load_deployment(project).documents else list_files(project)
    listing = f"{there.digest} {version}" if there else ""
    if listing and listing == before.listing and before.is_idle:
        return Scan((), 0, (), before), counted
    with warehouse.snapshot() as snapshot:
        found = different_files(project, there, tables.document_files.stored_files(snapshot)) if there else None
        ids = found.ids if found else None
        documents = tables.documents.documents(snapshot, ids)
        labels = {} if ids == [] else tables.labels.labels(snapshot, ids)
    sources = found.sources if found else find_documents(project.data)
    files = scan_files(
        sources,
        documents,
        labels,
        before,
        max_reads=settings.documents_per_run if may_read else 0,
        now=now,
        min_unchanged=settings.unchanged_seconds,
    )
    for table, states in zip(("documents", "labels"), zip(*files.unchanged.values(), strict=True), strict=False):
        warehouse.set_column(table, "file_state", dict(zip(files.unchanged, states, strict=True)))
    cursor = files.cursor.model_copy(update={"listing": listing if files.is_idle and may_read else ""})
    return replace(files, cursor=cursor), found.total if found else len(sources)


def _request(settings: Arrivals, files: Scan, changed: Sequence[str]) -> dg.RunRequest:
    parts = [f"{len(files.ready)} documents arrived or changed"]
    parts += [f"{len(files.deleted)} deleted"] if files.deleted else []
    parts += [f"new in {', '.join(changed)}"] if changed else []
    config = ProcessConfig(
        reason=", ".join(parts),
        documents=list(files.ready),
        inboxes=list(changed),
        max_cost_usd=settings.max_cost_usd,
    )
    return process_request(config, settings.backends)


def _log(
    context: dg.SensorEvaluationContext,
    project: ProjectResource,
    settings: Arrivals,
    files: Scan,
    total: int,
    idle: bool,
) -> None:
    if files.deleted:
        context.log.warning("Deleted: %s", ", ".join(files.deleted[:MAX_NAMED]))
    for problem in problems_of(settings.inboxes, project.project).values():
        context.log.warning("%s", problem)
    context.log.info(
        "%d files: %d ready, %d %s, %d deleted.",
        total, len(files.ready), files.waiting, _waiting(idle), len(files.deleted),
    )  # fmt: skip


def _waiting(idle: bool) -> str:
    return "wait to be stable" if idle else "wait for the current run"
