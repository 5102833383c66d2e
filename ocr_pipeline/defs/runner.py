"""The main job: bring the asked-for cells up to date, stage by stage, as runs on the project's own instance."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import TypeVar

import dagster as dg

from ocr_pipeline.config import Config, load_config
from ocr_pipeline.costs import Estimate, estimate, refuse_above
from ocr_pipeline.definitions import build_definitions
from ocr_pipeline.defs.comparing import ASSETS as COMPARISONS
from ocr_pipeline.defs.diagnosis import ASSETS as DIAGNOSIS
from ocr_pipeline.defs.instance import forget_documents, open_instance, register_documents
from ocr_pipeline.defs.launch import (
    Range,
    backend_ranges,
    cell_ranges,
    check,
    close_killed_runs,
    document_ranges,
    materialize,
)
from ocr_pipeline.defs.partitions import BACKEND, DOCUMENT, ENGINE, Partitions
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.errors import BudgetError, ConfigurationError, OcrPipelineError, WarehouseError
from ocr_pipeline.extraction.base import provider_of
from ocr_pipeline.learning import is_due, learning_engines
from ocr_pipeline.members import train_weights
from ocr_pipeline.models.calls import ModelCalls
from ocr_pipeline.pending import (
    Cell,
    extraction_cells,
    gone_documents,
    has_input,
    member_cells,
    pending_documents,
    pending_extractions,
    pending_labels,
    pending_ocr,
)
from ocr_pipeline.progress import Progress
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse

Key = TypeVar("Key", str, Cell)


@dataclass
class RunSummary:
    """What a run of the main job did: cells materialised per asset, the ids of its Dagster runs, the documents whose
    file was found to be gone, and (severity, sentence) of the asset checks that did not pass."""

    cells: dict[str, int] = field(default_factory=dict)
    run_ids: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    failed_checks: dict[str, tuple[str, str]] = field(default_factory=dict)


def run_pipeline(
    project: Project,
    sources: Sequence[SourceFile],
    backends: Sequence[str],
    progress: Progress,
    *,
    everything: bool = False,
    stale_only: bool = False,
    fresh_since: datetime | None = None,
    max_cost_usd: float | None = None,
    announce: Callable[[list[Estimate]], None] = lambda _: None,
    config: Config | None = None,
) -> RunSummary:
    """Materialise what is missing or out of date for these documents and backends, then score and rank.

    Args:
        everything: materialise all cells, also those that are current. Results still come from the result store.
        stale_only: only cells that have a result which is out of date, none that are missing.
        fresh_since: ask language models again, also where a reply is stored that was asked for before this moment.
        max_cost_usd: ask no model where this may cost more, and stop before it does. All else is done.
        announce: gets what asking the models may cost, before one is asked.

    Raises:
        OcrPipelineError: a run failed; the message is its first cause. What was done before is kept.
    """
    settings = config or load_config(project.config_file)
    partitions = Partitions(settings)
    warehouse = Warehouse(project.database)
    store = ResultStore(project.results)
    models = ModelCalls(
        store, fresh_since=fresh_since, max_cost_usd=max_cost_usd
    )  # one budget for all runs of this command
    objects = {"progress": progress, "models": models}

    def definitions_of() -> dg.Definitions:
        return build_definitions(
            project, {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in objects.items()}
        )

    definitions = definitions_of()
    documents = [source.document_id for source in sources]
    backends = with_members(settings, backends)
    engines = list(dict.fromkeys(engine for name in backends if (engine := settings.backends[name].engine)))
    summary = RunSummary()

    with open_instance(project) as instance, closing(models):
        close_killed_runs(instance)
        summary.gone = gone_documents(find_documents(project.data), warehouse)
        register_documents(instance, [*documents, *summary.gone])

        def launch(assets: list[str], ranges: Sequence[Range | None]) -> None:
            record(*materialize(definitions, instance, assets, ranges))

        def record(*results: dg.ExecuteInProcessResult) -> None:
            for result in results:
                summary.run_ids.append(result.run_id)
                if not result.success:
                    raise _cause(result)
                for event in result.get_asset_materialization_events():
                    name = event.asset_key.to_user_string() if event.asset_key else "?"
                    summary.cells[name] = summary.cells.get(name, 0) + 1
                for check in result.get_asset_check_evaluations():
                    if not check.passed:
                        summary.failed_checks[check.check_name] = (check.severity.value, check.description or "")

        def known(asset: str) -> set[object]:
            """Cells that have a row."""
            cells: dict[str, Callable[[Reader], Iterable[object]]] = {
                "raw_documents": tables.documents.documents,
                "ground_truth": tables.labels.labels,
                "ocr_text": tables.words.all_cells,
                "extractions": tables.extractions.all_cells,
            }
            return set(cells[asset](warehouse))

        def to_do(asset: str, asked: list[Key], pending: Callable[[], list[Key]]) -> list[Key]:
            """Of the cells asked for: all, or those that are out of date or that the instance has no record of.

            A process that is killed between writing rows and recording them leaves cells of the second kind.
            """
            if everything:
                return asked
            if stale_only:
                stale = set(pending()) & known(asset)
                return [key for key in asked if key in stale]
            recorded = instance.get_materialized_partitions(dg.AssetKey(asset))
            wanted = set(pending()) | {key for key in asked if _partition_key(asset, key) not in recorded}
            return [key for key in asked if key in wanted]

        launch(["raw_documents"], document_ranges(summary.gone, instance, partitions))
        forget_documents(instance, summary.gone)
        todo = to_do("raw_documents", documents, lambda: pending_documents(settings, sources, warehouse))
        labels = to_do("ground_truth", documents, lambda: pending_labels(sources, warehouse))
        if todo == labels:
            launch(["raw_documents", "ground_truth"], document_ranges(todo, instance, partitions))
        else:
            launch(["raw_documents"], document_ranges(todo, instance, partitions))
            launch(["ground_truth"], document_ranges(labels, instance, partitions))

        never = instance.get_latest_materialization_event(dg.AssetKey("duplicates")) is None
        if todo or labels or summary.gone or never:
            launch(["duplicates"], [None])

        taken_in, read = tables.documents.documents(warehouse), known("ocr_text")
        cells = [
            (engine, key)
            for engine, key in product(engines, documents)
            if has_input(settings, engine, taken_in.get(key)) or (engine, key) in read
        ]
        asked = set(cells)
        cells = to_do("ocr_text", cells, lambda: pending_ocr(settings, engines, documents, warehouse))
        launch(["ocr_text"], cell_ranges(cells, ENGINE, instance, partitions.document_engine))

        learning = learning_engines(settings, settings.backends)
        untrained = instance.get_latest_materialization_event(dg.AssetKey("extractor_model")) is None
        if learning and (untrained or any(is_due(project, warehouse, engine) for engine in learning)):
            launch(["extractor_model"], [None])
            settings = load_config(project.config_file)  # the fingerprint of what has learned is another one now
            definitions = definitions_of()

        voting = [name for name in backends if name in settings.ensembles]
        reading = [name for name in backends if name not in voting]
        cells = [
            (name, key)
            for name, key in extraction_cells(settings, reading, sources)
            if (engine := settings.backends[name].engine) is None or (engine, key) in asked
        ]
        todo_cells = to_do("extractions", cells, lambda: pending_extractions(settings, reading, documents, warehouse))
        asking = {name for name in backends if provider_of(settings.backends[name].extractor_object)}
        if fresh_since:
            todo_cells = [cell for cell in cells if cell in set(todo_cells) or cell[0] in asking]

        def extract(cells: list[Cell]) -> None:
            launch(["extractions"], cell_ranges(cells, BACKEND, instance, partitions.document_backend))

        costs = estimate(settings, todo_cells, warehouse, store, fresh=fresh_since is not None)
        announce(costs)
        extract([cell for cell in todo_cells if cell[0] not in asking])
        refused: OcrPipelineError | None = None
        try:
            refuse_above(settings, costs, max_cost_usd)
            extract([cell for cell in todo_cells if cell[0] in asking])
        except OcrPipelineError as error:
            refused = error  # what is there is scored and reported first

        if voting:  # after their members
            trained = [train_weights(project, settings, warehouse, name) for name in voting]
            if any(trained):
                settings = load_config(project.config_file)
                definitions = definitions_of()
            read_by = {name: member_cells(settings.ensembles[name], warehouse) for name in voting}
            cells = [cell for cell in extraction_cells(settings, voting, sources) if cell[1] in read_by[cell[0]]]
            extract(to_do("extractions", cells, lambda: pending_extractions(settings, voting, documents, warehouse)))

        # All backends, not only those asked for: a changed label changes the scores of every one, and scoring costs little.
        launch(
            ["field_scores", "leaderboard", *COMPARISONS, *DIAGNOSIS, "report"],
            backend_ranges(settings.backends, partitions),
        )
        record(check(definitions, instance))
        if refused:
            raise refused
    return summary


def with_members(config: Config, backends: Iterable[str]) -> list[str]:
    """These backends, in the order of the configuration, with the members of each ensemble that can run here."""
    wanted = set(backends)
    for name in wanted & config.ensembles.keys():
        wanted |= {member for member in config.ensembles[name] if config.unavailable(member) is None}
    return [name for name in config.backends if name in wanted]


def train_models(project: Project) -> None:
    """Read labels that have changed, and materialise `extractor_model`: where labels or words are others, models are trained.

    Raises:
        OcrPipelineError: it failed.
    """
    warehouse, definitions = Warehouse(project.database), build_definitions(project)
    known = tables.documents.documents(warehouse)
    sources = [source for source in find_documents(project.data) if source.document_id in known]
    with open_instance(project) as instance:
        close_killed_runs(instance)
        register_documents(instance, [source.document_id for source in sources])
        partitions = Partitions(load_config(project.config_file))
        labels = document_ranges(pending_labels(sources, warehouse), instance, partitions)
        for asset, ranges in (("ground_truth", labels), ("extractor_model", [None])):
            for result in materialize(definitions, instance, [asset], ranges):
                if not result.success:
                    raise _cause(result)


def _partition_key(asset: str, key: str | Cell) -> str:
    """The partition key of a document, or of an (engine or backend, document) cell."""
    if isinstance(key, str):
        return key
    dimension = ENGINE if asset == "ocr_text" else BACKEND
    return dg.MultiPartitionKey({dimension: key[0], DOCUMENT: key[1]})


_KNOWN = {error.__name__: error for error in (WarehouseError, ConfigurationError, BudgetError)}
"""Errors that come out of a run as they were."""


def _cause(result: dg.ExecuteInProcessResult) -> OcrPipelineError | KeyboardInterrupt:
    """The innermost error of a failed run as one sentence. The run's log has the rest."""
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None) if event.is_step_failure else None
        user_failure = getattr(event.event_specific_data, "user_failure_data", None)
        if user_failure and user_failure.description:
            return OcrPipelineError(user_failure.description)
        # What a worker process raised brings its traceback there along, as its cause.
        while error is not None and error.cause is not None and error.cause.cls_name != "_RemoteTraceback":
            error = error.cause
        if error is not None:
            message = error.message.strip()
            if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
                return KeyboardInterrupt()
            name, _, text = message.partition(": ")
            known = _KNOWN.get(name.rsplit(".", 1)[-1])
            if known or name.startswith("ocr_pipeline.errors"):
                return (known or OcrPipelineError)(text)
            return OcrPipelineError(f"The run {result.run_id[:8]} failed: {message.splitlines()[0][:300]}")
    return OcrPipelineError(f"The run {result.run_id[:8]} failed; its log in the Dagster UI says why.")
