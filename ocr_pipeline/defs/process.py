"""The job `process`: what `ocr-pipeline run` does, launched by sensors and schedules."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.instance import PROCESS, only_run
from ocr_pipeline.defs.launch import RunLock, run_locks
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.defs.runner import run_pipeline
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.errors import BudgetError, ConfigurationError, OcrPipelineError
from ocr_pipeline.operation.inboxes import collect
from ocr_pipeline.operation.pause import pause, paused
from ocr_pipeline.operation.settings import Operation
from ocr_pipeline.operation.spending import month_of, spent_in_month
from ocr_pipeline.planning.costs import Estimate
from ocr_pipeline.progress import Progress

PROCESS_KEY = "process_documents"
FAILURE_TAG = "ocr_pipeline/failure"


_LOCKS: list[RunLock] = []
"""Held until this process ends."""


class _MonthIsSpent(BudgetError):
    """What is left of the month's budget is not enough; the next month brings a new one."""


class Asked(dg.Config):
    """What a run of `process` does."""

    reason: str = "asked for by hand"
    documents: list[str] | None = None
    """None: all."""
    backends: list[str] | None = None
    """None: all that can run here."""
    inboxes: list[str] = Field(default_factory=list)
    """Names of inboxes whose files are copied first; their data sets are processed."""
    fresh_since: str | None = None
    """A moment (ISO 8601): models are asked again about what was asked before it. So a run that is killed and launched again
    pays for nothing twice."""
    max_cost_usd: float | None = None
    max_cost_usd_per_month: float | None = None
    pause_on_failure: bool = False
    """Pause the re-evaluation where it cannot work as it is set up: a key that is refused, a budget."""


def process_job(operation: Operation) -> dg.JobDefinition:
    """The job."""

    @dg.op(name=PROCESS_KEY, description="Materialises what is missing or out of date, scores and reports.")
    def process_documents(
        context: dg.OpExecutionContext, config: Asked, project: ProjectResource, progress: dg.ResourceParam[Progress]
    ) -> None:
        log = context.log
        log.info(f"Why: {config.reason}.")
        # So that it can be told later whether this process is still there: the daemon forgets it with a restart. The run ends
        # after this function, so the lock goes with the process.
        lock = RunLock(run_locks(context.instance), context.run_id)
        lock.take()
        _LOCKS.append(lock)
        context.instance.add_run_tags(context.run_id, lock.tags)
        try:
            _process(context, config, project, progress, operation)
        except OcrPipelineError as error:
            context.instance.add_run_tags(context.run_id, {FAILURE_TAG: str(error)[:250]})
            if config.pause_on_failure and isinstance(error, ConfigurationError):
                until = month_of(datetime.now(UTC))[1] if isinstance(error, _MonthIsSpent) else None
                pause(project.project, str(error), until)
                log.warning(f"The re-evaluation is paused: {paused(project.project)}")
            raise dg.Failure(str(error), allow_retries=False) from None

    @dg.job(
        name=PROCESS,
        description="What `ocr-pipeline run` does. The runs that it begins materialise the cells, and show in the UI.",
        executor_def=dg.in_process_executor,
        tags={"ocr_pipeline/job": PROCESS},
    )
    def process() -> None:
        process_documents()

    return process


def _process(
    context: dg.OpExecutionContext, asked: Asked, project: ProjectResource, progress: Progress, operation: Operation
) -> None:
    log = context.log
    configured = load_backends(project.project)
    names = set(asked.inboxes)
    for inbox in operation.arrivals.inboxes:
        if inbox.name in names:
            report = collect(inbox, project.project)
            log.info(f"Inbox {inbox.name}: {report.new} new, {report.changed} changed, {report.unchanged} unchanged.")
            for problem in report.problems[:20]:
                log.warning(f"Inbox {inbox.name}: {problem}")
    with only_run(project.project, lambda: log.info("Another run is at work in this project; waiting for it.")):
        sources = _chosen(asked, find_documents(project.project.data))
        wanted = asked.backends or list(configured)
        backends = [name for name in wanted if configured[name].unavailable() is None]
        log.info(f"{len(sources)} documents, backends {', '.join(backends) or 'none'}.")

        def announce(estimates: Sequence[Estimate]) -> None:
            for one in estimates:
                usd = "at a price that is not known" if one.usd is None else f"for about {one.usd:.4f} USD"
                log.info(f"{one.backend}: asks a model about {one.documents} documents, {usd}.")

        most, month = asked.max_cost_usd, asked.max_cost_usd_per_month
        left = None
        if month is not None:  # looked up here, where no other run can spend meanwhile
            spent = spent_in_month(project.store, configured, datetime.now(UTC))
            left = month - spent
            log.info(f"{spent:.4f} USD of {month:g} USD are spent this month.")
            if left <= 0:
                raise _MonthIsSpent(f"This month's {month:g} USD are spent: {spent:.4f} USD.")
        limits = [one for one in (most, left) if one is not None]
        try:
            summary = run_pipeline(
                project.project,
                sources,
                backends,
                progress,
                fresh_since=datetime.fromisoformat(asked.fresh_since) if asked.fresh_since else None,
                max_cost_usd=min(limits) if limits else None,
                announce=announce,
            )
        except BudgetError as error:
            if left is not None and (most is None or left < most):
                raise _MonthIsSpent(f"{error} That is what is left of this month's {month:g} USD.") from None
            raise
    done = ", ".join(f"{count} {asset}" for asset, count in summary.cells.items())
    log.info(f"Materialised in {len(summary.run_ids)} runs: {done}.")
    if summary.gone:
        log.warning(f"Gone: {', '.join(summary.gone[:20])}.")
    for check, (severity, sentence) in summary.failed_checks.items():
        log.warning(f"{severity.lower()}: {check}: {sentence}")


def _chosen(asked: Asked, sources: Sequence[SourceFile]) -> list[SourceFile]:
    if asked.documents is None and not asked.inboxes:
        return list(sources)
    wanted, datasets = set(asked.documents or ()), set(asked.inboxes)
    return [source for source in sources if source.document_id in wanted or source.dataset in datasets]
