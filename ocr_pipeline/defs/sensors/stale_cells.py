"""The sensor `stale_cells`: cells that are missing or stale although no file has changed."""

import json
import time
from hashlib import sha256

import dagster as dg
from pydantic import BaseModel

from ocr_pipeline.defs.instance import is_processing
from ocr_pipeline.defs.jobs import ProcessConfig, process_request
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.defs.sensors.cursors import load_cursor, skipped
from ocr_pipeline.operation.arrivals import Attempt, next_attempt
from ocr_pipeline.planning.ingested import ingested_scope
from ocr_pipeline.planning.plan import make_plan


class StaleCursor(BaseModel):
    """The cursor of `stale_cells`."""

    tried: Attempt | None = None


def stale_cells_sensor(process: dg.JobDefinition, every_seconds: int) -> dg.SensorDefinition:
    """`stale_cells`."""

    @dg.sensor(
        name="stale_cells",
        job=process,
        minimum_interval_seconds=every_seconds,
        description="Cells that are missing or stale because a backend, a prompt or an engine changed.",
    )
    def stale_cells(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
        return _tick(context, project)

    return stale_cells


def _tick(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
    before = load_cursor(context.cursor, StaleCursor())
    if is_processing(context.instance):
        return skipped("A run is in progress; stale cells are looked up after it.", before)
    if problem := project.problem():
        return skipped(problem, StaleCursor())  # a run that failed because of it is no attempt
    configured, settings = project.backends(), project.operation().arrivals
    backends = configured.runnable(settings.backends)
    scope = ingested_scope(project.project, configured, backends, with_failed=False)
    pending = make_plan(scope).pending
    if not pending:
        return skipped("All cells are current.", StaleCursor())
    # If a run leaves the same cells as they were, because of its budget or a fault, the next one comes after a pause.
    cells = [[state.name, configured[state.name].fingerprint, state.document_id] for state in pending]
    attempt = next_attempt(before.tried, _hash([cells, settings.max_cost_usd]), time.time())
    if attempt is None:
        return skipped(f"{len(pending)} cells are still missing or stale; the next run for them comes later.", before)
    request = process_request(
        ProcessConfig(
            reason=f"{len(pending)} cells are missing or stale",
            documents=sorted({state.document_id for state in pending}),
            max_cost_usd=settings.max_cost_usd,
        ),
        sorted({state.name for state in pending}),
    )
    return dg.SensorResult(run_requests=[request], cursor=StaleCursor(tried=attempt).model_dump_json())


def _hash(value: object) -> str:
    return sha256(json.dumps(value).encode()).hexdigest()[:32]
