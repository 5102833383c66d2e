"""The job `process`: `ocr-pipeline run` as sensors and schedules launch it.

The job that evaluates all asset checks belongs to the graph.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.instance import PROCESS, REASON_TAG, RUN_TAG
from ocr_pipeline.defs.launch import RunLock, run_locks
from ocr_pipeline.defs.pipeline import RunSummary, run_pipeline
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.identifiers import short_id
from ocr_pipeline.errors import BudgetError, ConfigurationError, OcrPipelineError
from ocr_pipeline.operation.inboxes import collect
from ocr_pipeline.operation.pause import pause, paused
from ocr_pipeline.operation.spending import month_of, spent_in_month
from ocr_pipeline.operation.waiting import only_run
from ocr_pipeline.planning.costs import Estimate
from ocr_pipeline.planning.run_cells import cells_of_run
from ocr_pipeline.progress import Progress

PROCESS_KEY = "process_documents"
FAILURE_TAG = "ocr_pipeline/failure"
MAX_TAG = 250
"""Characters of a sentence in a run tag."""
MAX_NAMED = 20
"""Documents or problems that the log names."""

_LOCKS: list[RunLock] = []
"""Held until this process ends."""


class _MonthIsSpent(BudgetError):
    """What is left of the month's budget is not enough; the next month has a new budget."""


class ProcessConfig(dg.Config):
    """What a run of `process` does."""

    reason: str = "launched by hand"
    documents: list[str] | None = None
    """None: all."""
    backends: list[str] | None = None
    """None: all that can run here."""
    inboxes: list[str] = Field(default_factory=list)
    """Names of inboxes whose files are copied first; their data sets are processed."""
    fresh_since: str | None = None
    """A moment (ISO 8601): model replies from before it are not reused. A run that is killed and launched again pays once."""
    max_cost_usd: float | None = None
    max_cost_usd_per_month: float | None = None
    pause_on_failure: bool = False
    """Pause the re-evaluation if it cannot work as configured: a rejected key, a spent budget."""


def process_request(config: ProcessConfig, backends: Sequence[str] | None, run_key: str | None = None) -> dg.RunRequest:
    """A request for a run of `process` with these backends (None: all)."""
    config = config.model_copy(update={"backends": list(backends) if backends else None})
    return dg.RunRequest(
        run_key=run_key,
        run_config=dg.RunConfig(ops={PROCESS_KEY: config}),
        tags={REASON_TAG: config.reason[:MAX_TAG]},
    )


def process_job() -> dg.JobDefinition:
    """The job."""

    @dg.op(name=PROCESS_KEY, description="Materialises what is missing or stale, then scores and reports.")
    def process_documents(
        context: dg.OpExecutionContext,
        config: ProcessConfig,
        project: ProjectResource,
        progress: dg.ResourceParam[Progress],
    ) -> None:
        _process_locked(context, config, project, progress)

    @dg.job(
        name=PROCESS,
        description="What `ocr-pipeline run` does. The runs that it starts materialise the cells, and show in the UI.",
        executor_def=dg.in_process_executor,
        tags={"ocr_pipeline/job": PROCESS},
    )
    def process() -> None:
        process_documents()

    return process


def _process_locked(
    context: dg.OpExecutionContext, config: ProcessConfig, project: ProjectResource, progress: Progress
) -> None:
    log = context.log
    log.info(f"Reason: {config.reason}.")
    # Shows later whether this process still exists: a restarted daemon does not know. The run ends after this function, so
    # the lock goes with the process.
    lock = RunLock(run_locks(context.instance), context.run_id)
    lock.take()
    _LOCKS.append(lock)
    context.instance.add_run_tags(context.run_id, {**lock.tags, RUN_TAG: context.run_id})
    try:
        _collect_inboxes(context, config, project)
        sources, names = (
            _chosen(config, find_documents(project.project.data)),
            project.backends().runnable(config.backends),
        )
        with only_run(project.project, log.info, *cells_of_run(project.project, sources, names)):
            summary = _process(context, config, project, progress)
    except OcrPipelineError as error:
        context.instance.add_run_tags(context.run_id, {FAILURE_TAG: str(error)[:MAX_TAG]})
        if config.pause_on_failure and isinstance(error, ConfigurationError):
            until = month_of(datetime.now(UTC))[1] if isinstance(error, _MonthIsSpent) else None
            pause(project.project, str(error), until)
            log.warning(f"Re-evaluation paused: {paused(project.project)}")
        raise dg.Failure(str(error), allow_retries=False) from None
    _log_summary(context, summary)


def _collect_inboxes(context: dg.OpExecutionContext, config: ProcessConfig, project: ProjectResource) -> None:
    for inbox in project.operation().arrivals.inboxes:
        if inbox.name in config.inboxes:
            report = collect(inbox, project.project)
            counts = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged"
            context.log.info(f"Inbox {inbox.name}: {counts}.")
            for problem in report.problems[:MAX_NAMED]:
                context.log.warning(f"Inbox {inbox.name}: {problem}")


def _process(
    context: dg.OpExecutionContext, config: ProcessConfig, project: ProjectResource, progress: Progress
) -> RunSummary:
    configured = project.backends()
    sources = _chosen(config, find_documents(project.project.data))
    backends = configured.runnable(config.backends)
    context.log.info(f"{len(sources)} documents, backends {', '.join(backends) or 'none'}.")

    def announce(estimates: Sequence[Estimate]) -> None:
        for estimate in estimates:
            usd = "unknown price" if estimate.usd is None else f"about {estimate.usd:.4f} USD"
            context.log.info(f"{estimate.backend}: calls a model for {estimate.documents} documents, {usd}.")

    limit, month = project.operation().unattended_limit(config.max_cost_usd), config.max_cost_usd_per_month
    left = None if month is None else _left_of_month(context, month, project, configured)
    try:
        return run_pipeline(
            project.project,
            sources,
            backends,
            progress,
            fresh_since=datetime.fromisoformat(config.fresh_since) if config.fresh_since else None,
            max_cost_usd=limit if left is None else min(limit, left),
            announce=announce,
            label=context.run_id,
        )
    except BudgetError as error:
        if left is not None and left < limit:
            raise _MonthIsSpent(f"{error} That is what is left of this month's {month:g} USD.") from None
        raise


def _left_of_month(context: dg.OpExecutionContext, month: float, project: ProjectResource, backends: Backends) -> float:
    """USD left of the month's budget. Looked up under the lock of the run: no other run can spend meanwhile."""
    spent = spent_in_month(project.store, backends, datetime.now(UTC))
    context.log.info(f"{spent:.4f} USD of {month:g} USD spent this month.")
    if spent >= month:
        raise _MonthIsSpent(f"This month's {month:g} USD are spent: {spent:.4f} USD.")
    return month - spent


def _log_summary(context: dg.OpExecutionContext, summary: RunSummary) -> None:
    done = ", ".join(f"{count} {asset}" for asset, count in summary.cells.items())
    context.log.info(f"Materialised in {len(summary.run_ids)} runs: {done or 'nothing'}.")
    if summary.notice:
        context.log.warning(summary.notice)
    if summary.gone:
        context.log.warning(f"Gone: {', '.join(summary.gone[:MAX_NAMED])}.")
    for check, (severity, sentence) in summary.failed_checks.items():
        context.log.warning(f"{severity.lower()}: {check}: {sentence}")


def _chosen(config: ProcessConfig, sources: Sequence[SourceFile]) -> list[SourceFile]:
    if config.documents is None and not config.inboxes:
        return list(sources)
    wanted, datasets = set(config.documents or ()), set(config.inboxes)
    short = wanted - {source.document_id for source in sources}  # written by a person
    return [
        source
        for source in sources
        if source.document_id in wanted or short_id(source.document_id) in short or source.dataset in datasets
    ]
