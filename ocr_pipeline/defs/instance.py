"""The project's own persistent Dagster instance: runs, lineage and partitions, shared by the CLI and the UI."""

import os
from collections.abc import Iterable
from datetime import datetime

import dagster as dg
from filelock import FileLock

from ocr_pipeline.coordination.locks import shared_locks
from ocr_pipeline.defs.instance_files import instance_environment, keep_connections, unreachable
from ocr_pipeline.defs.partitions import DOCUMENTS
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError
from ocr_pipeline.machine import refusal
from ocr_pipeline.project import Project

PROCESS = "process"
"""The name of the job that sensors and schedules launch."""
PROCESS_TAG = "ocr_pipeline/process"
"""The id of the run whose lock its process holds."""
_SHARDS = "ocr_pipeline/shards"
RUN_TAG = "ocr_pipeline/run"
"""Common to all runs of one `ocr-pipeline run`, or of one run of `process`: the UI lists them by it."""
REASON_TAG = "ocr_pipeline/reason"
"""Why a run was launched, in words."""


def open_instance(project: Project) -> dg.DagsterInstance:
    """Open the instance; the caller closes it (it is a context manager).

    Raises:
        ConfigurationError: the instance folder is damaged.
        WarehouseError: the disk is full.
    """
    os.environ.update(instance_environment(project))
    try:
        # Two processes that make its tables at once trip over each other.
        shared = shared_locks(project)
        with shared.held("dagster-instance") if shared else FileLock(project.dagster_home / "open.lock"):
            instance = dg.DagsterInstance.get()
        keep_connections(instance)
        return instance
    except OcrPipelineError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever Dagster, SQLite or YAML say, the remedy is the same
        raise (
            unreachable(project, error)
            or refusal(error)
            or ConfigurationError(
                f"The Dagster instance in {project.dagster_home} cannot be opened ({type(error).__name__}): correct its "
                "dagster.yaml, or move the folder away. Documents and results are not in it."
            )
        ) from None


def forget_documents(instance: dg.DagsterInstance, document_ids: Iterable[str]) -> None:
    """Remove the partitions of deleted documents, so that "all" in the UI does not include them."""
    for document_id in document_ids:
        instance.delete_dynamic_partition(DOCUMENTS, document_id)


def register_documents(instance: dg.DagsterInstance, document_ids: Iterable[str], shards: int = 0) -> list[str]:
    """Make each document a partition. Returns the new ones. `shards`: their number, if these are the partitions instead."""
    if shards:
        return []
    known = set(instance.get_dynamic_partitions(DOCUMENTS))
    new = [document_id for document_id in document_ids if document_id not in known]
    if new:
        instance.add_dynamic_partitions(DOCUMENTS, new)
    return new


def recorded_shards(instance: dg.DagsterInstance) -> int:
    """Into how many shards the documents were divided for this instance; 0: each is a partition."""
    return int(instance.daemon_cursor_storage.get_cursor_values({_SHARDS}).get(_SHARDS, "0"))


def record_shards(instance: dg.DagsterInstance, shards: int) -> None:
    """Keep into how many shards the documents are divided from now on."""
    instance.daemon_cursor_storage.set_cursor_values({_SHARDS: str(shards)})


def require_shards(instance: dg.DagsterInstance, shards: int) -> None:
    """The partitions are those that the instance knows, not others because a file was edited or is not loaded again.

    Raises:
        ConfigurationError: they differ.
    """
    if (recorded := recorded_shards(instance)) == shards:
        return
    raise ConfigurationError(
        f"Dagster's records are of {_named(recorded)}, the settings of this process of {_named(shards)}: switch with "
        f"`ocr-pipeline shards {'on' if shards else 'off'}`, or set `shards` in deployment.yaml to what is recorded; after a "
        "switch, start `ocr-pipeline dev` again."
    )


def _named(shards: int) -> str:
    return f"{shards} shards" if shards else "single documents"


_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def is_processing(instance: dg.DagsterInstance) -> bool:
    """Whether a run of the pipeline is in progress or queued. Materialisations from the UI do not count: there is no way
    to tell whether their process is still alive."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_ACTIVE))
    return any(run.job_name == PROCESS or PROCESS_TAG in run.tags for run in runs)


def running(project: Project) -> list[str]:
    """The runs in progress or queued, in words; empty if there is no instance yet."""
    if not (project.dagster_home / "dagster.yaml").exists():
        return []
    with open_instance(project) as instance:
        return [
            f"run {run.run_id[:8]} ({run.status.value.lower()}): {run.tags.get(REASON_TAG, run.job_name)}"
            for run in instance.get_runs(dg.RunsFilter(statuses=_ACTIVE))
        ]


def old_failed_runs(instance: dg.DagsterInstance, before: datetime) -> list[str]:
    """The ids of runs that failed or were canceled before a moment, and materialised nothing: what did is the lineage."""
    statuses = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    runs = instance.get_runs(dg.RunsFilter(statuses=statuses, created_before=before))
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    return [run.run_id for run in runs if not instance.get_records_for_run(run.run_id, of_type=kind, limit=1).records]
