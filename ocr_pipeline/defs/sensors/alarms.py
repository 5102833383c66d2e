"""The sensor `alarms`: one message when a problem begins and one when it is over."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import dagster as dg

from ocr_pipeline.defs._dagster import latest_checks
from ocr_pipeline.defs.instance import PROCESS
from ocr_pipeline.defs.jobs import FAILURE_TAG
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.defs.sensors.cursors import load_cursor, skipped
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.operation.alarms import AlarmState, Problem, deliver, new_messages, summary
from ocr_pipeline.operation.inboxes import problems_of
from ocr_pipeline.operation.pause import paused
from ocr_pipeline.operation.settings import Operation, load_operation

MAX_RUNS = 100
"""Runs among which the last one of each sensor and schedule is looked up."""


def alarms_sensor(every_seconds: int) -> dg.SensorDefinition:
    """`alarms`."""

    @dg.sensor(
        name="alarms",
        minimum_interval_seconds=every_seconds,
        description="Asset checks and runs that failed: one message when a problem begins, one when it is over.",
        target=None,
        jobs=[],
    )
    def alarms(context: dg.SensorEvaluationContext, project: ProjectResource) -> dg.SensorResult:
        before = load_cursor(context.cursor, AlarmState())
        try:
            operation = load_operation(project.project.operation_file)
        except OcrPipelineError as error:
            return skipped(f"No alarm can be sent: {error}", before)
        problems = [
            *_failed_checks(context, before.problems),
            *_failed_runs(context.instance),
            *_standing(project, operation),
        ]
        new = new_messages(before.problems, problems)
        name, url = project.project.root.name, project.report_url
        for message in new:
            context.log.warning("%s", message.body(name, url)["text"])
        queues, undelivered = deliver(operation.alarms.webhooks, before, new, name, url)
        for problem in undelivered:
            context.log.warning("%s", problem)
        known = {problem.key: before.problems.get(problem.key, problem) for problem in problems}
        cursor = AlarmState(problems=known, queues=queues).model_dump_json()
        return dg.SensorResult(skip_reason=f"{len(problems)} problems; {summary(new)}.", cursor=cursor)

    return alarms


def _failed_checks(context: dg.SensorEvaluationContext, known: Mapping[str, Problem]) -> Iterator[Problem]:
    """The problems that the last evaluation of each asset check names. While a check is planned, its problems are kept."""
    assert context.repository_def is not None
    keys = context.repository_def.asset_graph.asset_check_keys
    for key, (evaluation, began) in latest_checks(context.instance, keys).items():
        if evaluation is None:  # planned by a current run, or by one that failed before the check
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
                since=began,
            )


def _failed_runs(instance: dg.DagsterInstance) -> Iterator[Problem]:
    """The last run of `process` of each sensor and schedule, if it failed: its next success ends the problem."""
    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    origins: set[str] = set()
    for record in instance.get_run_records(dg.RunsFilter(job_name=PROCESS, statuses=done), limit=MAX_RUNS):
        run = record.dagster_run
        origin = run.tags.get("dagster/sensor_name") or run.tags.get("dagster/schedule_name")
        if origin is None or origin in origins:  # a run that was launched by hand is watched by whoever launched it
            continue
        origins.add(origin)
        if run.status == dg.DagsterRunStatus.FAILURE:
            sentence = f"{origin}: {run.tags.get(FAILURE_TAG, f'the run {run.run_id[:8]} failed.')}"
            yield Problem(
                key=f"run:{origin}", check="run", severity="error", sentence=sentence, since=record.create_timestamp
            )


def _standing(resource: ProjectResource, operation: Operation) -> Iterator[Problem]:
    """Problems that no check covers: a wrong setting, a paused re-evaluation, an inbox that cannot be read."""
    project = resource.project
    if problem := resource.problem():
        now = datetime.now(UTC)
        yield Problem(key="configuration", check="configuration", severity="error", sentence=problem, since=now)
    if pause := paused(project):
        sentence = f"The re-evaluation is paused: {pause}"
        yield Problem(key="paused", check="paused", severity="error", sentence=sentence, since=pause.since)
    for name, problem in problems_of(operation.arrivals.inboxes, project).items():
        now = datetime.now(UTC)
        yield Problem(key=f"inbox:{name}", check="inbox", severity="error", sentence=problem, since=now)
