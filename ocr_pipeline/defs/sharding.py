"""Switches a project between single documents and shards of them as Dagster's partitions.

What is in the tables stays as it is. Dagster's earlier records stay as well; what it has not recorded in the new form, the
tables know, so it is recorded in one run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

import dagster as dg
import yaml

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.defs._dagster import find_partition_statuses, located_runs, open_event_log, record_materializations
from ocr_pipeline.defs.instance import (
    RUN_TAG,
    forget_documents,
    is_processing,
    open_instance,
    record_shards,
    register_documents,
)
from ocr_pipeline.defs.launch import LOCATION, close_killed_runs
from ocr_pipeline.defs.partitions import BACKEND, DOCUMENTS, ENGINE, ENSEMBLE, Partitions
from ocr_pipeline.deployment import DEPLOYMENT_FILE, load_deployment
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline.store import write_durably
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.opened import open_warehouse

JOB = "record_partitions"


@dataclass(frozen=True)
class Switched:
    """`documents`: of the project; `recorded`: how many partitions of each asset are recorded in the new form."""

    documents: int
    shards: int
    recorded: Mapping[str, int]


def switch(project: Project, *, on: bool, dry_run: bool) -> Switched:
    """Set `shards.enabled` in `deployment.yaml`, and record in Dagster what the tables hold. Again it goes on where it was.

    Raises:
        ConfigurationError: a run is in progress, or deployment.yaml cannot be changed.
    """
    settings, backends = load_deployment(project).shards, load_backends(project)
    partitions = Partitions(backends, settings.count if on else 0)
    ids = [source.document_id for source in find_documents(project.data)]
    with open_instance(project) as instance:
        close_killed_runs(instance)
        if is_processing(instance):
            raise ConfigurationError("A run is in progress: switch after it.")
        with open_warehouse(project).snapshot() as snapshot:
            due = _due(snapshot, instance, backends, partitions, set(ids))
        if not dry_run:
            _set_enabled(project, on)
            record_shards(instance, partitions.shards)
            if not on:
                forget_documents(instance, set(instance.get_dynamic_partitions(DOCUMENTS)).difference(ids))
                register_documents(instance, ids)
            _record(instance, due)
            if on:
                find_partition_statuses(instance, partitions.of_assets)
    return Switched(len(ids), partitions.shards, {asset: len(keys) for asset, keys in due.items()})


def _due(
    reader: Reader, instance: dg.DagsterInstance, backends: Backends, partitions: Partitions, there: set[str]
) -> dict[str, list[str]]:
    """Partition keys by asset that have rows in the tables and are not recorded."""
    documents = there.intersection(tables.documents.documents(reader))
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for asset, ids in (("raw_documents", documents), ("ground_truth", tables.labels.labels(reader))):
        found[asset] = dict.fromkeys(partitions.of_document(key) for key in ids if key in documents)

    def add(asset: str, dimension: str, name: str, ids: Mapping[str, object]) -> None:
        keys = dict.fromkeys(partitions.of_document(key) for key in ids if key in documents)
        found[asset] |= {dg.MultiPartitionKey({dimension: name, partitions.dimension: key}): None for key in keys}

    for name in backends.engines:
        add("ocr_text", ENGINE, name, tables.words.ocr_cells(reader, name))
    for asset, dimension, names in (
        ("extractions", BACKEND, backends.extracting),
        ("ensembles", ENSEMBLE, backends.ensembles),
    ):
        for name in names:
            add(asset, dimension, name, tables.extractions.extraction_cells(reader, name))
    due = {}
    for asset, keys in found.items():
        recorded = instance.get_materialized_partitions(dg.AssetKey(asset))
        if missing := sorted(key for key in keys if key not in recorded):
            due[asset] = missing
    return due


def _record(instance: dg.DagsterInstance, due: Mapping[str, Sequence[str]]) -> None:
    if not due:
        return
    run_id = str(uuid4())
    with located_runs(instance, LOCATION, JOB), open_event_log(instance, run_id):
        _recording(due).execute_in_process(
            instance=instance,
            run_id=run_id,
            tags={RUN_TAG: run_id},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def _recording(due: Mapping[str, Sequence[str]]) -> dg.JobDefinition:
    @dg.op(name=JOB)
    def record(context: dg.OpExecutionContext) -> None:
        for asset, keys in due.items():
            record_materializations(
                context, [dg.AssetMaterialization(dg.AssetKey(asset), partition=key) for key in keys]
            )

    @dg.job(name=JOB, executor_def=dg.in_process_executor, description="Records what the tables hold, after a switch.")
    def recording() -> None:
        record()

    return recording


def _set_enabled(project: Project, enabled: bool) -> None:
    path = project.root / DEPLOYMENT_FILE
    before = path.read_text("utf-8") if path.is_file() else ""
    if not enabled and not before:
        return
    text = with_enabled(before, enabled)
    if text != before:
        write_durably(path, text)


def with_enabled(text: str, enabled: bool) -> str:
    """The text of `deployment.yaml` with `shards.enabled` set; comments and all else stay as they are.

    Raises:
        ConfigurationError: it is written in a way that this cannot edit.
    """
    value, root = str(enabled).lower(), yaml.compose(text, yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    section = next((content for key, content in pairs if key.value == "shards"), None)
    entries = section.value if isinstance(section, yaml.MappingNode) else []
    setting = next((content for key, content in entries if key.value == "enabled"), None)
    cut = partial(_replaced, text)
    if section is None:
        edited = f"{text.rstrip()}\n\nshards:\n  enabled: {value}\n".lstrip()
    elif setting is not None:
        edited = cut(setting.start_mark.index, setting.end_mark.index, value)
    elif not entries:
        edited = cut(section.start_mark.index, section.end_mark.index, f"\n  enabled: {value}")
    elif section.flow_style:
        edited = cut(section.start_mark.index + 1, section.start_mark.index + 1, f"enabled: {value}, ")
    else:
        start = section.start_mark
        edited = cut(start.index, start.index, f"enabled: {value}\n{' ' * start.column}")
    expected = yaml.safe_load(text) or {}
    expected = {**expected, "shards": {**(expected.get("shards") or {}), "enabled": enabled}}
    if _loaded(edited) != expected:
        raise ConfigurationError(
            f"{DEPLOYMENT_FILE} cannot be edited: set `shards: {{enabled: {value}}}` in it yourself."
        )
    return edited


def _loaded(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _replaced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
