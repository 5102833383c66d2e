"""What happens by itself: new files, results that are out of date, scheduled re-evaluation, alarms.

All of it launches one job, `process`, which does what `ocr-pipeline run` does: it knows what is missing or out of date by
fingerprints, and materialises exactly these cells. Why not one automation condition per asset: docs/decisions/0009.
Everything is off until somebody turns it on in the UI.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

import dagster as dg
from dagster._utils.schedules import is_valid_cron_schedule
from pydantic import BaseModel, ValidationError

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.instance import PROCESS, REASON_TAG, is_processing
from ocr_pipeline.defs.launch import CHECKS, close_killed_runs
from ocr_pipeline.defs.process import FAILURE_TAG, PROCESS_KEY, Asked, process_job
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.operation.alarms import Memory, Problem, deliver, messages, text_of
from ocr_pipeline.operation.arrivals import Cursor, Tried, look, try_again
from ocr_pipeline.operation.inboxes import InboxState, look_into, problems_of
from ocr_pipeline.operation.pause import paused
from ocr_pipeline.operation.settings import Operation, Reevaluation
from ocr_pipeline.planning.states import extraction_states
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables

RUNS = 100
"""Runs among which the last one of each sensor and schedule is looked for."""


def automation(operation: Operation, checks: Sequence[dg.AssetChecksDefinition]) -> dg.Definitions:
    """The jobs `process` and `checks` with their sensors and schedules."""
    job = process_job(operation)
    look_at_all = dg.define_asset_job(
        CHECKS,
        dg.AssetSelection.checks(*checks),
        description="Evaluates every asset check, without doing anything else.",
    )
    return dg.Definitions(
        jobs=[job, look_at_all],
        sensors=[_arrivals(job, operation), _stale_cells(job, operation), _alarms(operation)],
        schedules=[
            *(_reevaluation(job, name, one) for name, one in operation.reevaluations.items()),
            dg.ScheduleDefinition(
                name="daily_checks",
                job=look_at_all,
                cron_schedule=_cron("checks", operation.checks.cron),
                execution_timezone=operation.checks.timezone,
                description="Evaluates every asset check: what was not asked for long turns red also while nothing runs.",
            ),
        ],
    )


# ---- arrivals --------------------------------------------------------------------------------------------------------


class _Arrivals(BaseModel):
    """The cursor of `arrivals`."""

    files: Cursor = Cursor()
    inboxes: dict[str, InboxState] = {}


def _arrivals(job: dg.JobDefinition, operation: Operation) -> dg.SensorDefinition:
    settings = operation.arrivals

    @dg.sensor(
        name="arrivals",
        job=job,
        minimum_interval_seconds=settings.every_seconds,
        description="New and changed files, once they are stable, and inboxes: one run for many documents.",
    )
    def arrivals(
        context: dg.SensorEvaluationContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.SensorResult | dg.SkipReason:
        if closed := close_killed_runs(context.instance):
            context.log.warning("%d runs were closed whose process was killed.", closed)
        # What a run at work takes in is looked at after it. So nothing is launched twice, and what comes meanwhile is one run.
        idle, now = not is_processing(context.instance), time.time()
        before = _remembered(context.cursor, _Arrivals())
        with warehouse.warehouse().snapshot() as snapshot:
            documents, labels = tables.documents.documents(snapshot), tables.labels.labels(snapshot)
            decided = tables.labels.decided_documents(snapshot)
        sources = find_documents(project.project.data)
        most = settings.documents_per_run if idle else 0
        found = look(sources, documents, labels, decided, before.files, most=most, now=now)
        inboxes, changed = look_into(settings.inboxes, before.inboxes, project.project, now, may_launch=idle)
        requests = []
        if found.ready or found.gone or changed:
            parts = [f"{len(found.ready)} documents arrived or changed"]
            parts += [f"{len(found.gone)} gone"] if found.gone else []
            parts += [f"new in {', '.join(changed)}"] if changed else []
            asked = Asked(
                reason=", ".join(parts),
                documents=list(found.ready),
                inboxes=changed,
                max_cost_usd=settings.max_cost_usd,
            )
            requests.append(_request(asked, settings.backends))
        if found.gone:
            context.log.warning("Gone: %s", ", ".join(found.gone[:20]))
        for problem in problems_of(settings.inboxes, project.project).values():
            context.log.warning("%s", problem)
        waits = "wait to be stable" if idle else "wait: a run is at work"
        context.log.info(
            "%d files: %d ready, %d %s, %d gone.",
            len(sources), len(found.ready), found.waiting, waits, len(found.gone),
        )  # fmt: skip
        waiting = f"{found.waiting} files {waits}" if found.waiting else "Nothing has arrived"
        skip = None if requests else f"{waiting}; {len(sources)} files are there."
        cursor = _Arrivals(files=found.cursor, inboxes=inboxes).model_dump_json()
        return dg.SensorResult(run_requests=requests, skip_reason=skip, cursor=cursor)

    return arrivals


# ---- results that are out of date ------------------------------------------------------------------------------------


def _stale_cells(job: dg.JobDefinition, operation: Operation) -> dg.SensorDefinition:
    settings = operation.arrivals

    @dg.sensor(
        name="stale_cells",
        job=job,
        minimum_interval_seconds=settings.stale_every_seconds,
        description="Cells that are missing or out of date, because a backend, a prompt or an engine changed.",
    )
    def stale_cells(
        context: dg.SensorEvaluationContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.SensorResult:
        before = _remembered(context.cursor, _Stale())
        if is_processing(context.instance):
            return _nothing("A run is at work: what it leaves is looked at after it.", before)
        configured = load_backends(project.project)  # as they are now: a model may have been trained since the start
        chosen = settings.backends or configured
        backends = [name for name in chosen if configured[name].unavailable() is None]
        with warehouse.warehouse().snapshot() as snapshot:
            known = [key for key, row in tables.documents.documents(snapshot).items() if not row.failed]
            states = extraction_states(configured, backends, known, snapshot)
        todo = [state for state in states if state.due and state.state in ("missing", "stale")]
        if not todo:
            return _nothing("Every cell is there and up to date.", _Stale())
        # Where a run leaves the same cells as they were, because of its budget or a fault, the next one comes after a pause.
        what = [[state.name, configured[state.name].fingerprint, state.document_id] for state in todo]
        tried = try_again(before.tried, _hash([what, settings.max_cost_usd]), time.time())
        if tried is None:
            return _nothing(f"{len(todo)} cells are out of date still; they are tried again later.", before)
        asked = Asked(
            reason=f"{len(todo)} cells are missing or out of date",
            documents=sorted({state.document_id for state in todo}),
            max_cost_usd=settings.max_cost_usd,
        )
        request = _request(asked, sorted({state.name for state in todo}))
        return dg.SensorResult(run_requests=[request], cursor=_Stale(tried=tried).model_dump_json())

    return stale_cells


class _Stale(BaseModel):
    """The cursor of `stale_cells`."""

    tried: Tried | None = None


def _nothing(reason: str, cursor: BaseModel) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=reason, cursor=cursor.model_dump_json())


# ---- scheduled re-evaluation -----------------------------------------------------------------------------------------


def _reevaluation(job: dg.JobDefinition, name: str, settings: Reevaluation) -> dg.ScheduleDefinition:
    def evaluate(
        context: dg.ScheduleEvaluationContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.RunRequest | dg.SkipReason:
        if pause := paused(project.project):
            return dg.SkipReason(f"Paused: {pause}")
        configured = load_backends(project.project)
        asking = [name for name, one in configured.items() if one.capabilities.asks]
        chosen = list(settings.backends or asking)
        problems = {name: problem for name in chosen if (problem := configured[name].unavailable())}
        backends = [name for name in chosen if name not in problems]
        if not backends:
            why = "; ".join(f"{name}: {problem}" for name, problem in problems.items()) or "no backend asks a model"
            return dg.SkipReason(f"Paused: {why}.")
        with warehouse.warehouse().snapshot() as snapshot:
            labelled = tables.labels.valid_labels(snapshot)
            known = tables.documents.documents(snapshot)
        documents = [
            key
            for key in sorted(labelled)
            if key in known
            and settings.dataset in (None, known[key].dataset)
            and (settings.documents is None or key in settings.documents)
        ]
        if not documents:
            return dg.SkipReason("Paused: no labelled document is in the evaluation set of operation.yaml.")
        asked = Asked(
            reason=f"re-evaluation {name} of {len(documents)} documents",
            documents=documents,
            fresh_since=datetime.now(UTC).isoformat(),
            pause_on_failure=True,
            max_cost_usd=settings.max_cost_usd,
            max_cost_usd_per_month=settings.max_cost_usd_per_month,
        )
        return _request(asked, backends, context.scheduled_execution_time.isoformat())

    return dg.schedule(
        name=f"reevaluation_{name}",
        job=job,
        cron_schedule=_cron(f"reevaluations.{name}", settings.cron),
        execution_timezone=settings.timezone,
        description="Asks remote models again about the evaluation set, within its budgets; compares with the baseline.",
    )(evaluate)


# ---- alarms ----------------------------------------------------------------------------------------------------------


def _alarms(operation: Operation) -> dg.SensorDefinition:
    settings = operation.alarms

    @dg.sensor(
        name="alarms",
        minimum_interval_seconds=settings.every_seconds,
        description="Asset checks and runs that failed: one message when a problem begins, one when it is over.",
        target=None,
        jobs=[],
    )
    def alarms(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult | dg.SkipReason:
        before = _remembered(context.cursor, Memory())
        found = [
            *_failed_checks(context, before.problems),
            *_failed_runs(context.instance),
            *_standing(project.project, operation),
        ]
        new = messages(before.problems, found)
        for message in new:
            context.log.warning("%s", message.body(project.project.root.name, project.report_url)["text"])
        queues, troubles = deliver(settings.webhooks, before, new, project.project.root.name, project.report_url)
        for trouble in troubles:
            context.log.warning("%s", trouble)
        known = {one.key: before.problems.get(one.key, one) for one in found}
        cursor = Memory(problems=known, queues=queues).model_dump_json()
        return dg.SensorResult(skip_reason=f"{len(found)} problems; {text_of(new)}.", cursor=cursor)

    return alarms


def _failed_checks(context: dg.SensorEvaluationContext, known: Mapping[str, Problem]) -> Iterator[Problem]:
    """The problems that the last evaluation of each asset check names. While a check is on its way, they are as they were."""
    assert context.repository_def is not None
    keys = list(context.repository_def.asset_graph.asset_check_keys)
    records = context.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    for key, record in records.items():
        event = record.event.dagster_event if record.event else None
        evaluation = event.event_specific_data if event else None
        if not isinstance(evaluation, dg.AssetCheckEvaluation):
            # Planned by a run that is at work, or that failed before it.
            yield from (problem for problem in known.values() if problem.check == key.name)
            continue
        if evaluation.passed:
            continue
        problems = evaluation.metadata.get("problems")
        named: dict[str, str] = dict(problems.value) if problems else {key.name: evaluation.description or key.name}  # type: ignore[arg-type]
        for name, sentence in named.items():
            yield Problem(
                key=f"{key.name}:{name}",
                check=key.name,
                severity="error" if evaluation.severity == dg.AssetCheckSeverity.ERROR else "warn",
                sentence=sentence,
                since=datetime.fromtimestamp(record.create_timestamp, UTC),
            )


def _failed_runs(instance: dg.DagsterInstance) -> Iterator[Problem]:
    """Of each sensor and schedule the last run of `process`, where it failed: its next one that succeeds ends the problem."""
    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    seen: set[str] = set()
    for record in instance.get_run_records(dg.RunsFilter(job_name=PROCESS, statuses=done), limit=RUNS):
        run = record.dagster_run
        origin = run.tags.get("dagster/sensor_name") or run.tags.get("dagster/schedule_name")
        if origin is None or origin in seen:  # who launches one by hand sees it
            continue
        seen.add(origin)
        if run.status == dg.DagsterRunStatus.FAILURE:
            sentence = f"{origin}: {run.tags.get(FAILURE_TAG, f'the run {run.run_id[:8]} failed.')}"
            yield Problem(
                key=f"run:{origin}", check="run", severity="error", sentence=sentence, since=record.create_timestamp
            )


def _standing(project: Project, operation: Operation) -> Iterator[Problem]:
    """What no check sees: the re-evaluation is paused, an inbox cannot be read."""
    if pause := paused(project):
        sentence = f"The re-evaluation is paused: {pause}"
        yield Problem(key="paused", check="paused", severity="error", sentence=sentence, since=pause.since)
    for name, problem in problems_of(operation.arrivals.inboxes, project).items():
        now = datetime.now(UTC)
        yield Problem(key=f"inbox:{name}", check="inbox", severity="error", sentence=problem, since=now)


# ---- what they share -------------------------------------------------------------------------------------------------


def _request(asked: Asked, backends: Sequence[str] | None, key: str | None = None) -> dg.RunRequest:
    asked = asked.model_copy(update={"backends": list(backends) if backends else None})
    return dg.RunRequest(
        run_key=key,
        run_config=dg.RunConfig(ops={PROCESS_KEY: asked}),
        tags={REASON_TAG: asked.reason[:250]},
    )


def _cron(section: str, value: str) -> str:
    if not is_valid_cron_schedule(value):
        raise ConfigurationError(f"operation.yaml: {section}.cron: {value!r} is no cron expression like 0 3 * * *.")
    return value


Memo = TypeVar("Memo", bound=BaseModel)


def _remembered(cursor: str | None, empty: Memo) -> Memo:
    """What a cursor holds; of another version: nothing. What the database knows is not asked for again."""
    try:
        return type(empty).model_validate_json(cursor) if cursor else empty
    except ValidationError:
        return empty


def _hash(value: object) -> str:
    return sha256(json.dumps(value).encode()).hexdigest()[:32]
