"""The schedules: `daily_checks`, and one `reevaluation_NAME` per entry of `operation.yaml`. All are off until turned on.

When a schedule ticks is fixed when the code location loads; backends and budgets are loaded within each tick.
"""

from datetime import UTC, datetime

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs._dagster import is_valid_cron_schedule
from ocr_pipeline.defs.jobs import ProcessConfig, process_request
from ocr_pipeline.defs.launch import CHECKS
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.operation.pause import paused
from ocr_pipeline.operation.settings import Operation, Reevaluation
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse


def build_schedules(process: dg.JobDefinition, operation: Operation) -> list[dg.ScheduleDefinition]:
    """All schedules.

    Raises:
        ConfigurationError: a cron expression is not valid.
    """
    return [
        *(_reevaluation(process, name, settings) for name, settings in operation.reevaluations.items()),
        dg.ScheduleDefinition(
            name="daily_checks",
            job_name=CHECKS,
            cron_schedule=_cron("checks", operation.checks.cron),
            execution_timezone=operation.checks.timezone,
            description="Evaluates every asset check, so that outdated results are noticed even if nothing else runs.",
        ),
    ]


def _reevaluation(process: dg.JobDefinition, name: str, loaded: Reevaluation) -> dg.ScheduleDefinition:
    def evaluate(
        context: dg.ScheduleEvaluationContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.RunRequest | dg.SkipReason:
        if pause := paused(project.project):
            return dg.SkipReason(f"Paused: {pause}")
        if problem := project.problem():
            return dg.SkipReason(problem)
        configured, settings = project.backends(), project.operation().reevaluations.get(name)
        if settings is None:
            return dg.SkipReason(f"Paused: operation.yaml has no entry reevaluations.{name} any more.")
        backends, problems = _backends(configured, settings)
        if not backends:
            why = "; ".join(f"{backend}: {problem}" for backend, problem in problems.items())
            return dg.SkipReason(f"Paused: {why or 'no backend calls a model'}.")
        documents = _documents(settings, warehouse.warehouse())
        if not documents:
            return dg.SkipReason("Paused: the evaluation set in operation.yaml contains no labelled document.")
        request = ProcessConfig(
            reason=f"re-evaluation {name} of {len(documents)} documents",
            documents=documents,
            fresh_since=datetime.now(UTC).isoformat(),
            pause_on_failure=True,
            max_cost_usd=settings.max_cost_usd,
            max_cost_usd_per_month=settings.max_cost_usd_per_month,
        )
        return process_request(request, backends, context.scheduled_execution_time.isoformat())

    return dg.schedule(
        name=f"reevaluation_{name}",
        job=process,
        cron_schedule=_cron(f"reevaluations.{name}", loaded.cron),
        execution_timezone=loaded.timezone,
        description="Calls remote models again for the evaluation set, within its budgets; compares with the baseline.",
    )(evaluate)


def _backends(configured: Backends, settings: Reevaluation) -> tuple[list[str], dict[str, str]]:
    """The backends to call again, and why others cannot run here."""
    asking = [name for name, backend in configured.items() if backend.capabilities.asks]
    chosen = list(settings.backends or asking)
    problems = {name: problem for name in chosen if (problem := configured[name].unavailable())}
    return [name for name in chosen if name not in problems], problems


def _documents(settings: Reevaluation, warehouse: Warehouse) -> list[str]:
    """The labelled documents of the evaluation set."""
    with warehouse.snapshot() as snapshot:
        labelled, known = tables.labels.valid_labels(snapshot), tables.documents.documents(snapshot)
    return [
        key
        for key in sorted(labelled)
        if key in known
        and settings.dataset in (None, known[key].dataset)
        and (settings.documents is None or key in settings.documents)
    ]


def _cron(section: str, value: str) -> str:
    if not is_valid_cron_schedule(value):
        raise ConfigurationError(
            f"operation.yaml: {section}.cron: {value!r} is not a cron expression (example: 0 3 * * *)."
        )
    return value
