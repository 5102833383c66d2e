"""What the Dagster instance has recorded: materialised cells, and whether scores and report belong to the present data.

An evaluation is identified by its inputs. The run of all checks, which ends it, has the identity as a tag.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.launch import CHECKS
from ocr_pipeline.defs.partitions import partitions_of
from ocr_pipeline.evaluation.scoring.settings import DEFAULT_RULES, load_rules
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.planning.plan import Cell
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader

EVALUATED_TAG = "ocr_pipeline/evaluated"
"""The identity of the inputs of an evaluation."""
MAX_RUNS = 20
"""Successful runs of the job `checks` among which the last evaluation is looked up; the others are of its schedule."""


@dataclass(frozen=True)
class InstanceRecords:
    """What a Dagster instance has recorded, for the plan."""

    instance: dg.DagsterInstance
    project: Project
    backends: Backends

    def cells(self, asset: str) -> Collection[Cell] | None:
        if partitions_of(self.project, self.backends).shards:
            return None  # the tables say it
        return self._cells(asset)

    def _cells(self, asset: str) -> Collection[Cell]:
        keys = self.instance.get_materialized_partitions(dg.AssetKey(asset))
        if asset in ("raw_documents", "ground_truth"):
            return {("", key) for key in keys}
        pairs = (key.split("|") for key in keys)  # dimensions are sorted by name
        if asset == "extractions":
            return {(first, second) for first, second in pairs}
        cells = {(second, first) for first, second in pairs}
        # Until version 0.1, ensembles were cells of `extractions`: what was recorded then counts.
        return cells | set(self._cells("extractions")) if asset == "ensembles" else cells

    def ever(self, asset: str) -> bool:
        return self.instance.get_latest_materialization_event(dg.AssetKey(asset)) is not None

    def is_evaluated(self, reader: Reader) -> bool:
        return _is_evaluated(self.instance, self.project, self.backends, reader)


def evaluation_identity(project: Project, backends: Backends, reader: Reader) -> str:
    """A hash of everything that scores, checks and the report are made from."""
    files = [project.config_file, project.evaluation_file, *sorted(project.testsets.glob("*.json"))]
    parts = [
        tables.inputs.evaluation_inputs(reader),
        *(path.read_text("utf-8", errors="replace") if path.exists() else "" for path in files),
        json.dumps({name: backend.unavailable() for name, backend in backends.items()}),
        f"{SCORING_VERSION} {version('ocr_pipeline')}",
    ]
    rules = load_rules(project.evaluation_file)
    if rules is not DEFAULT_RULES:  # modules of own kinds, and rules of own schemas, are outside these files
        parts += [rules.fingerprint, *rules.own_fingerprints.values()]
    return sha256("\n".join(parts).encode()).hexdigest()[:32]


def last_evaluation(instance: dg.DagsterInstance) -> dg.DagsterRun | None:
    """The run of all checks that ended the last evaluation, if it succeeded."""
    chosen = dg.RunsFilter(job_name=CHECKS, statuses=[dg.DagsterRunStatus.SUCCESS])
    return next((run for run in instance.get_runs(chosen, limit=MAX_RUNS) if EVALUATED_TAG in run.tags), None)


def _is_evaluated(instance: dg.DagsterInstance, project: Project, backends: Backends, reader: Reader) -> bool:
    """Whether the last evaluation had the inputs of now, and its report exists."""
    last = last_evaluation(instance)
    if last is None or not (project.report / "index.html").exists():
        return False
    return last.tags[EVALUATED_TAG] == evaluation_identity(project, backends, reader)


def failed_checks(instance: dg.DagsterInstance) -> Mapping[str, dg.AssetCheckEvaluation]:
    """The asset checks that failed in the last evaluation."""
    last = last_evaluation(instance)
    if last is None:
        return {}
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    events = [
        record.event_log_entry.dagster_event
        for record in instance.get_records_for_run(last.run_id, of_type=kind).records
    ]
    evaluations = [event.asset_check_evaluation_data for event in events if event]
    return {evaluation.check_name: evaluation for evaluation in evaluations if not evaluation.passed}
