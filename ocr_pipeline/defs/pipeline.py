"""The main job: run the plan, step by step, as runs on the project's own instance."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any
from uuid import uuid4

import dagster as dg

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.backends.members import with_members
from ocr_pipeline.collecting import collection_paused
from ocr_pipeline.defs.assets.diagnosis import ASSETS as DIAGNOSIS
from ocr_pipeline.defs.assets.ranking import COMPARING as COMPARISONS
from ocr_pipeline.defs.failures import cause_of
from ocr_pipeline.defs.graph import build_graph
from ocr_pipeline.defs.instance import (
    RUN_TAG,
    forget_documents,
    open_instance,
    register_documents,
    require_shards,
)
from ocr_pipeline.defs.known_ids import keep_known_ids
from ocr_pipeline.defs.launch import Launcher, Part, backend_ranges, by_backend, cells_in, close_killed_runs, parts_of
from ocr_pipeline.defs.partitions import BACKEND, ENGINE, ENSEMBLE, partitions_of
from ocr_pipeline.defs.records import EVALUATED_TAG, InstanceRecords, evaluation_identity, failed_checks
from ocr_pipeline.defs.resources import calls_of_run
from ocr_pipeline.deployment import load_deployment, recommendation
from ocr_pipeline.documents.find import SourceFile, find_documents, with_family
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.operation.settings import load_operation
from ocr_pipeline.operation.waiting import only_step
from ocr_pipeline.planning.costs import Estimate, refuse_above
from ocr_pipeline.planning.files import keep_file_states
from ocr_pipeline.planning.plan import DELETED, EVALUATION, SPLITS, WEIGHTS, Cell, Mode, Plan, Scope, Step, make_plan
from ocr_pipeline.planning.run_cells import shared_parts
from ocr_pipeline.progress import Progress
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline.training.weights import train_weights
from ocr_pipeline.warehouse.opened import open_warehouse

EVALUATION_ASSETS = ("field_scores", "leaderboard", *COMPARISONS, *DIAGNOSIS, "report")


@dataclass
class RunSummary:
    """What a run of the main job did: cells materialised per asset, the ids of its Dagster runs, the documents whose
    file was deleted, and (severity, sentence) of the asset checks that did not pass."""

    cells: dict[str, int] = field(default_factory=dict)
    run_ids: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    failed_checks: dict[str, tuple[str, str]] = field(default_factory=dict)
    notice: str | None = None  # what to do about very many documents


def run_pipeline(
    project: Project,
    sources: Sequence[SourceFile],
    names: Iterable[str],
    progress: Progress,
    *,
    mode: Mode = "due",
    fresh_since: datetime | None = None,
    max_cost_usd: float | None = None,
    announce: Callable[[Sequence[Estimate]], None] = lambda _: None,
    label: str | None = None,
    rehash: bool = False,
) -> RunSummary:
    """Bring these documents and backends up to date, then score and rank all of them.

    Args:
        names: backends; the members of an ensemble that can run here are included.
        fresh_since: ask language models again about what was asked before this moment.
        max_cost_usd: do not call models if the estimate exceeds it, and stop before it is exceeded. All else is done.
        announce: gets the estimated cost of model calls before the first one.
        label: the value of the tag `ocr_pipeline/run` that all its Dagster runs have; default: a new one.
        rehash: read all files to see if they changed, also those with the same size, times and inode.

    Raises:
        OcrPipelineError: a run failed; the message is its first cause. What was done before is kept.
    """
    backends = load_backends(project)
    max_cost_usd = load_operation(project.operation_file, set(backends)).limit(max_cost_usd)
    calls = calls_of_run(project, fresh_since, max_cost_usd)
    with open_instance(project) as instance, closing(calls):
        close_killed_runs(instance)
        every, shards = find_documents(project.data), load_deployment(project).shards
        if keep_known_ids(project, every):
            every = find_documents(project.data)
        require_shards(instance, shards.in_use)
        scope = _scope(project, instance, every, sources, names, mode=mode, fresh_since=fresh_since, rehash=rehash)
        register_documents(instance, [source.document_id for source in scope.sources], shards.in_use)
        tags = {RUN_TAG: label or str(uuid4())}
        execution = Execution(scope, instance, progress, calls, max_cost_usd, announce, tags)
        execution.summary.notice = recommendation(shards, len(every))
        return execution.run()


def plan_run(
    project: Project,
    sources: Sequence[SourceFile],
    names: Iterable[str],
    *,
    mode: Mode = "due",
    fresh: bool = False,
    rehash: bool = False,
) -> Plan:
    """What `run_pipeline` would do; does nothing."""
    fresh_since = datetime.now().astimezone() if fresh else None
    with open_instance(project) as instance:
        every = find_documents(project.data)
        return make_plan(
            _scope(project, instance, every, sources, names, mode=mode, fresh_since=fresh_since, rehash=rehash)
        )


def _scope(
    project: Project,
    instance: dg.DagsterInstance,
    every: Sequence[SourceFile],
    sources: Sequence[SourceFile],
    names: Iterable[str],
    **how: Any,
) -> Scope:
    """`every`: all documents of the project; `how`: further fields of `Scope`."""
    backends = load_backends(project)
    return Scope(
        project=project,
        backends=backends,
        names=with_members(backends, names),
        sources=with_family(sources, every),
        every=every,
        records=InstanceRecords(instance, project, backends),
        **how,
    )


class Execution:
    """Runs one step after the other, and asks for the plan again after each: a result may change later keys."""

    def __init__(
        self,
        scope: Scope,
        instance: dg.DagsterInstance,
        progress: Progress,
        calls: ModelCalls,
        max_cost_usd: float | None,
        announce: Callable[[Sequence[Estimate]], None],
        tags: Mapping[str, str],
    ) -> None:
        self._scope, self._instance = scope, instance
        self._max_cost_usd, self._announce = max_cost_usd, announce
        self._calls, self._tags = calls, tags
        self._resources = {"progress": progress, "models": calls}
        self._partitions = partitions_of(scope.project, scope.backends)
        self._refused: OcrPipelineError | None = None
        self._done: list[str] = []
        self.summary = RunSummary()

    @cached_property
    def _launcher(self) -> Launcher:
        """Built only if there is something to do."""
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in self._resources.items()}
        return Launcher(build_graph(self._scope.project, resources), self._instance, self._tags)

    def run(self) -> RunSummary:
        plan = make_plan(self._scope)
        keep_file_states(plan.files, open_warehouse(self._scope.project))
        if not plan.steps:
            self._add_checks(failed_checks(self._instance).values())
        while plan.steps:
            with only_step(self._scope.project, shared_parts(plan.steps[0])) as waited:
                if not waited:  # else another machine may have done it
                    self._execute(plan)
            more = waited or plan.steps[0].asset != EVALUATION
            plan = make_plan(self._scope, self._done) if more else Plan(())
        if self._refused:
            raise self._refused
        return self.summary

    def evaluate(self, assets: Sequence[str]) -> None:
        """Materialise these assets without partitions, then score and report."""
        self._launch(list(assets), [None])
        self._evaluate()

    def _execute(self, plan: Plan) -> None:
        """Run the first step of a plan."""
        step = plan.steps[0]
        self._done.append(step.asset)
        match step.asset:
            case "raw_documents" if (labels := plan.step("ground_truth")) and labels.cells == step.cells:
                self._done.append("ground_truth")
                self._launch(["raw_documents", "ground_truth"], self._parts(step.cells))
            case "raw_documents" | "ground_truth":
                self._launch([step.asset], self._parts(step.cells))
            case _ if step.asset == SPLITS:
                self._launch(["raw_documents"], self._parts(step.cells))
            case "ocr_text":
                self._launch(["ocr_text"], self._parts(step.cells, ENGINE))
            case "extractions":
                self._extract(step, BACKEND)
            case "ensembles":
                self._extract(step, ENSEMBLE)
            case "extractor_model":
                engines = [engine for engine, _ in step.cells]
                self._launch([step.asset], [None], {step.asset: {"config": {"engines": engines}}})
            case "duplicates":
                self._launch([step.asset], [None])
            case _ if step.asset == DELETED:
                self._forget(step)
            case _ if step.asset == WEIGHTS:
                for name, _ in step.cells:
                    train_weights(self._scope.project, open_warehouse(self._scope.project), self._scope.backends[name])
            case _:
                self._evaluate()
        # Files were read and hashed for the first plan.
        if step.asset not in (DELETED, "raw_documents", "ground_truth"):
            self._scope = replace(self._scope, check_files=False)
        if step.asset in ("raw_documents", SPLITS):
            self._follow_splits()
        if step.asset in ("extractor_model", WEIGHTS):  # trained models are part of fingerprints
            backends = load_backends(self._scope.project)
            records = InstanceRecords(self._instance, self._scope.project, backends)
            self._scope = replace(self._scope, backends=backends, records=records)

    def _follow_splits(self) -> None:
        """Files that were split just now, or made whole: their parts are planned from the start, and parts that are no more
        are forgotten."""
        every = find_documents(self._scope.project.data)
        sources = with_family(self._scope.sources, every)
        before = {source.document_id: source.parts for source in self._scope.sources}
        if {source.document_id: source.parts for source in sources} == before:
            return
        register_documents(self._instance, [source.document_id for source in sources], self._partitions.shards)
        self._scope = replace(self._scope, sources=sources, every=every, check_files=True)
        self._done.clear()

    def _forget(self, step: Step) -> None:
        """Documents whose file was deleted: their rows say so, and their partitions are removed."""
        self.summary.gone = step.documents
        register_documents(self._instance, step.documents, self._partitions.shards)
        self._launch(["raw_documents"], self._parts(step.cells))
        forget_documents(self._instance, step.documents)

    def _extract(self, step: Step, dimension: str) -> None:
        """Backends without model calls first. Models are called unless that may cost too much; the run continues anyway.

        A backend whose provider fails ends no other one.
        """
        backends = self._scope.backends
        asking = {name for name, _ in step.cells if backends[name].may_ask}
        self._announce(step.estimates)
        self._launch([step.asset], self._parts([cell for cell in step.cells if cell[0] not in asking], dimension))
        of_asking = [cell for cell in step.cells if cell[0] in asking]
        try:
            refuse_above(backends, step.estimates, self._max_cost_usd, self._calls.spent_usd)
        except OcrPipelineError as error:
            self._refused, of_asking = self._refused or error, []
        for of_backend in by_backend(self._partitions, of_asking, partial(self._parts, dimension=dimension)):
            try:
                self._launch([step.asset], of_backend)
            except OcrPipelineError as error:
                self._refused = self._refused or error  # existing results are scored and reported first

    def _evaluate(self) -> None:
        """All backends, not only the selected ones: a changed label changes every score, and scoring is cheap."""
        project, backends = self._scope.project, self._scope.backends
        # Before: later changes count for the next.
        identity = evaluation_identity(project, backends, open_warehouse(project))
        with collection_paused():
            self._launch(list(EVALUATION_ASSETS), backend_ranges(backends, self._partitions))
            self._record(self._launcher.check({EVALUATED_TAG: identity}))

    def _parts(self, cells: Sequence[Cell], dimension: str | None = None) -> list[Part]:
        return parts_of(cells, dimension, self._instance, self._partitions, open_store(self._scope.project))

    def _launch(self, assets: list[str], parts: Sequence[Part], config: Mapping[str, object] | None = None) -> None:
        self._record(*self._launcher.materialize(assets, parts, config))

    def _record(self, *results: dg.ExecuteInProcessResult) -> None:
        for result in results:
            self.summary.run_ids.append(result.run_id)
            if not result.success:
                raise cause_of(result)
            for event in result.get_asset_materialization_events():
                name = event.asset_key.to_user_string() if event.asset_key else "?"
                self.summary.cells[name] = self.summary.cells.get(name, 0) + cells_in(event)
            self._add_checks(check for check in result.get_asset_check_evaluations() if not check.passed)

    def _add_checks(self, failed: Iterable[dg.AssetCheckEvaluation]) -> None:
        for check in failed:
            self.summary.failed_checks[check.check_name] = (check.severity.value, check.description or "")
