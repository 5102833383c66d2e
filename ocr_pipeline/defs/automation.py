"""What happens by itself: new files, results that are out of date, scheduled re-evaluation, alarms.

All of it launches one job, `process`, which does what `ocr-pipeline run` does: it knows what is missing or out of date by
fingerprints, and materialises exactly these cells. Why not one automation condition per asset: docs/decisions/0009.
Everything is off until somebody turns it on in the UI.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from ocr_pipeline.config import Config
from ocr_pipeline.defs.instance import REASON_TAG
from ocr_pipeline.defs.launch import close_killed_runs
from ocr_pipeline.defs.process import FAILURE_TAG, PROCESS, PROCESS_KEY, Asked, process_job
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.base import provider_of
from ocr_pipeline.operation.alarms import Message, Problem, messages, send, text_of
from ocr_pipeline.operation.arrivals import Cursor, look
from ocr_pipeline.operation.inboxes import inbox_states
from ocr_pipeline.operation.pause import paused
from ocr_pipeline.operation.settings import Operation, Reevaluation
from ocr_pipeline.operation.spending import spent_in_month
from ocr_pipeline.status import extraction_states
from ocr_pipeline.warehouse import queries

FILES_PER_TICK = 300
"""Files that a tick reads at the most: a second or two, far from Dagster's limit of 60."""

_Problems = TypeAdapter(dict[str, Problem])


def automation(config: Config, operation: Operation) -> dg.Definitions:
    """The job `process` with its sensors and its schedule."""
    job = process_job(operation)
    return dg.Definitions(
        jobs=[job],
        sensors=[_arrivals(job, operation), _stale_cells(job, config, operation), _alarms(operation)],
        schedules=[_reevaluation(job, config, name, one) for name, one in operation.reevaluations.items()],
    )


# ---- arrivals --------------------------------------------------------------------------------------------------------


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
        remembered = json.loads(context.cursor or "{}")
        cursor = _cursor(remembered)
        with warehouse.warehouse().snapshot() as snapshot:
            documents, labels = queries.documents(snapshot), queries.labels(snapshot)
        sources = find_documents(project.project.data)
        most = min(FILES_PER_TICK, settings.documents_per_run)
        found = look(sources, documents, labels, cursor, most)
        requests = []
        if found.ready or found.gone:
            key = _hash([*sorted(found.ready.values()), *sorted(found.gone)])
            gone = f", {len(found.gone)} gone" if found.gone else ""
            reason = f"{len(found.ready)} documents arrived or changed{gone}"
            asked = Asked(reason=reason, documents=sorted(found.ready), max_cost_usd=settings.max_cost_usd)
            requests.append(_request(f"arrivals:{key}", asked, settings.backends))
        inboxes, changed = inbox_states(settings.inboxes, remembered.get("inboxes", {}))
        for name, state in changed.items():
            asked = Asked(reason=f"the inbox {name} changed", inboxes=[name], max_cost_usd=settings.max_cost_usd)
            requests.append(_request(f"inbox:{name}:{state}", asked, settings.backends))
        if found.gone:
            context.log.warning("Gone: %s", ", ".join(found.gone[:20]))
        update = json.dumps({"files": found.cursor.model_dump(mode="json"), "inboxes": inboxes})
        context.log.info(
            "%d files: %d ready, %d waiting to be stable, %d gone.",
            len(sources), len(found.ready), found.waiting, len(found.gone),
        )  # fmt: skip
        waiting = f"{found.waiting} files wait to be stable" if found.waiting else "Nothing has arrived"
        skip = None if requests else f"{waiting}; {len(sources)} files are there."
        return dg.SensorResult(run_requests=requests, skip_reason=skip, cursor=update)

    return arrivals


def _cursor(remembered: dict[str, Any]) -> Cursor:
    """Of another version: forgotten. What the database knows is not asked for again."""
    try:
        return Cursor.model_validate(remembered.get("files", {}))
    except ValidationError:
        return Cursor()


# ---- results that are out of date ------------------------------------------------------------------------------------


def _stale_cells(job: dg.JobDefinition, config: Config, operation: Operation) -> dg.SensorDefinition:
    settings = operation.arrivals

    @dg.sensor(
        name="stale_cells",
        job=job,
        minimum_interval_seconds=300,
        description="Cells that are missing or out of date, because a backend, a prompt or an engine changed.",
    )
    def stale_cells(context: dg.SensorEvaluationContext, warehouse: WarehouseResource) -> dg.RunRequest | dg.SkipReason:
        if _is_processing(context.instance):
            return dg.SkipReason("A run is at work: what it leaves is looked at after it.")
        chosen = settings.backends or config.backends
        backends = [name for name in chosen if config.unavailable(name) is None]
        with warehouse.warehouse().snapshot() as snapshot:
            known = [key for key, row in queries.documents(snapshot).items() if row["status"] == "ok"]
            states = extraction_states(config, backends, known, snapshot)
        todo = [state for state in states if state.state in ("missing", "stale")]
        if not todo:
            return dg.SkipReason("Every cell is there and up to date.")
        fingerprints = {name: config.backends[name].fingerprint for name in backends}
        key = _hash(
            [[state.backend, state.document_id, state.why or ""] for state in todo] + [sorted(fingerprints.items())]
        )
        asked = Asked(
            reason=f"{len(todo)} cells are missing or out of date",
            documents=sorted({state.document_id for state in todo}),
            max_cost_usd=settings.max_cost_usd,
        )
        return _request(f"stale:{key}", asked, sorted({state.backend for state in todo}))

    return stale_cells


# ---- scheduled re-evaluation -----------------------------------------------------------------------------------------


def _reevaluation(job: dg.JobDefinition, config: Config, name: str, settings: Reevaluation) -> dg.ScheduleDefinition:
    def evaluate(
        context: dg.ScheduleEvaluationContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.RunRequest | dg.SkipReason:
        if reason := paused(project.project):
            return dg.SkipReason(f"Paused: {reason} `ocr-pipeline resume` goes on.")
        asking = [name for name, one in config.backends.items() if provider_of(one.extractor_object)]
        chosen = list(settings.backends or asking)
        problems = {name: problem for name in chosen if (problem := config.unavailable(name))}
        backends = [name for name in chosen if name not in problems]
        if not backends:
            why = "; ".join(f"{name}: {problem}" for name, problem in problems.items()) or "no backend asks a model"
            return dg.SkipReason(f"Paused: {why}.")
        now = datetime.now(UTC)
        spent = spent_in_month(project.store, config, now.date())
        left = settings.max_cost_usd_per_month - spent
        if left <= 0:
            return dg.SkipReason(
                f"Paused: {spent:.4f} USD of this month's {settings.max_cost_usd_per_month:g} USD are spent."
            )
        with warehouse.warehouse().snapshot() as snapshot:
            labelled = queries.valid_labels(snapshot)
            known = queries.documents(snapshot)
        documents = [
            key
            for key in sorted(labelled)
            if key in known
            and settings.dataset in (None, known[key]["dataset"])
            and (settings.documents is None or key in settings.documents)
        ]
        if not documents:
            return dg.SkipReason("Paused: no labelled document is in the evaluation set of operation.yaml.")
        asked = Asked(
            reason=f"re-evaluation {name} of {len(documents)} documents, {spent:.4f} USD spent this month",
            documents=documents,
            fresh=True,
            pause_on_failure=True,
            max_cost_usd=min(settings.max_cost_usd, left),
        )
        moment = context.scheduled_execution_time.isoformat()
        return _request(f"reevaluation:{name}:{moment}", asked, backends)

    try:
        return dg.schedule(
            name=f"reevaluation_{name}",
            job=job,
            cron_schedule=settings.cron,
            execution_timezone=settings.timezone,
            description="Asks remote models again about the evaluation set, within its budgets; compares with the baseline.",
        )(evaluate)
    except dg.DagsterInvalidDefinitionError:
        raise ConfigurationError(
            f"operation.yaml: reevaluations.{name}.cron: {settings.cron!r} is no cron expression like 0 3 * * *."
        ) from None


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
        known = _known(context.cursor)
        found = [*_failed_checks(context, known), *_failed_run(context.instance)]
        new = messages(known, found)
        undelivered: list[Message] = []
        for message in new:
            body = message.body(project.project.root.name, project.report_url)
            for webhook in settings.webhooks:
                if message.problem.severity not in webhook.severities:
                    continue
                url = webhook.url()
                trouble = send(url, body) if url else f"{webhook.url_env} is not set."
                if trouble:
                    context.log.warning("%s", trouble)
                    undelivered.append(message)
                    break
            context.log.warning("%s", body["text"])
        # What could not be delivered is as it was before, and is tried again.
        failed = {message.problem.key for message in undelivered}
        after = {one.key: known.get(one.key, one) for one in found if one.key in known or one.key not in failed}
        after |= {one.problem.key: one.problem for one in undelivered if one.state == "over"}
        cursor = _Problems.dump_json(after).decode()
        return dg.SensorResult(skip_reason=f"{len(found)} problems; {text_of(new)}.", cursor=cursor)

    return alarms


def _known(cursor: str | None) -> dict[str, Problem]:
    try:
        return _Problems.validate_json(cursor or "{}")
    except ValidationError:
        return {}


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


def _failed_run(instance: dg.DagsterInstance) -> Iterator[Problem]:
    """The last run of `process`, where it failed: the next one that succeeds ends the problem."""
    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    for run in instance.get_runs(dg.RunsFilter(job_name=PROCESS, statuses=done), limit=1):
        if run.status == dg.DagsterRunStatus.FAILURE:
            sentence = run.tags.get(FAILURE_TAG, f"The run {run.run_id[:8]} failed.")
            yield Problem(key="run", check="run", severity="error", sentence=sentence, since=datetime.now(UTC))


# ---- what they share -------------------------------------------------------------------------------------------------


def _request(key: str, asked: Asked, backends: Sequence[str] | None) -> dg.RunRequest:
    asked = asked.model_copy(update={"backends": list(backends) if backends else None})
    return dg.RunRequest(
        run_key=key,
        run_config=dg.RunConfig(ops={PROCESS_KEY: asked}),
        tags={REASON_TAG: asked.reason[:250]},
    )


def _is_processing(instance: dg.DagsterInstance) -> bool:
    active = [
        dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING,
    ]  # fmt: skip
    return bool(instance.get_runs(dg.RunsFilter(statuses=active), limit=1))


def _hash(value: object) -> str:
    return sha256(json.dumps(value).encode()).hexdigest()[:32]
