"""Assets of the group `evaluation`: every field against its label, and what that says about the backends."""

from collections.abc import Collection
from functools import partial
from typing import Any, get_args

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs._dagster import add_cell_metadata
from ocr_pipeline.defs.metadata import KINDS, OWNERS, preview, table_metadata
from ocr_pipeline.defs.partitions import BACKEND, Partitions, asked_for
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.ranking.outcomes import outcomes_by_dataset
from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE
from ocr_pipeline.evaluation.ranking.stage import labelled_datasets, leaderboard_rows, score_backend
from ocr_pipeline.evaluation.ranking.standing import add_standings
from ocr_pipeline.evaluation.scoring.comparators import Outcome
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.progress import Progress
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import utc_now


def evaluation_assets(configured: Backends, partitions: Partitions, rules: Rules) -> list[dg.AssetsDefinition]:
    """`field_scores` and `leaderboard`."""

    @dg.asset(
        partitions_def=partitions.backends,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(
                "extractions",
                partition_mapping=dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=BACKEND),
            ),
            dg.AssetDep("ground_truth", partition_mapping=dg.AllPartitionMapping()),
        ],
        group_name="evaluation",
        kinds=KINDS,
        owners=OWNERS,
        code_version=f"{SCORING_VERSION}-{rules.fingerprint}",
        metadata=table_metadata(
            "field_scores",
            {
                "truth": "ground_truth.label_sha256",
                "label_sha256": "ground_truth.label_sha256",
                **{
                    name: f"extractions.{name}"
                    for name in ("engine_fingerprint", "extractor_fingerprint", "result_key")
                },
            },
        ),
    )
    def field_scores(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Every extracted field, line item and tax line against its label: correct, wrong, spurious, missing or both empty."""
        target = warehouse.warehouse()
        backends = asked_for(context)
        progress.start("scores", len(backends))
        new_rows: dict[str, list[dict[str, Any]]] = {"field_scores": [], "line_item_scores": [], "line_item_cells": []}
        for backend in backends:
            with target.snapshot() as snapshot:
                labels, label_rows = tables.labels.valid_labels(snapshot), tables.labels.labels(snapshot)
                cells, found = (
                    tables.extractions.extraction_cells(snapshot, backend),
                    tables.extractions.extractions(snapshot, backend),
                )
                printed = tables.evidence.printed_dates(snapshot, backend)
            datasets = {key: row.dataset for key, row in label_rows.items()}
            scored = score_backend(backend, labels, found, datasets, rules, printed_dates=printed)
            rows = scored.field_scores
            for row in (*rows, *scored.line_item_scores):
                cell, label = cells[row["document_id"]], label_rows[row["document_id"]]
                row["label_sha256"] = label.label_sha256
                row["engine_fingerprint"] = cell.engine_fingerprint
                row["extractor_fingerprint"] = cell.extractor_fingerprint
                row["result_key"], row["scoring_version"] = cell.result_key, SCORING_VERSION
                row["rules"] = rules.fingerprint
                row["run_id"], row["scored_at"] = context.run.run_id, utc_now()
            for table, new in vars(scored).items():
                new_rows[table] += new
            outcomes = [row["outcome"] for row in rows]
            not_correct = [row for row in rows if row["outcome"] not in ("correct", "both_empty")]
            add_cell_metadata(
                context,
                backend,
                {
                    "dagster/partition_row_count": len(rows),
                    **{outcome: outcomes.count(outcome) for outcome in get_args(Outcome)},
                    "not_correct": preview(
                        not_correct, ["document_id", "field", "outcome", "truth", "prediction"], project.document_link
                    ),
                },
            )
            progress.advance("scores", cached=False, failed=False)
        target.replace(("backend",), [(backend,) for backend in backends], new_rows)
        return dg.MaterializeResult()

    @dg.asset(
        deps=[field_scores],
        group_name="evaluation",
        kinds=KINDS,
        owners=OWNERS,
        code_version=f"{SCORING_VERSION}-{rules.fingerprint}",
        metadata=table_metadata(
            "leaderboard",
            {
                **dict.fromkeys(("accurate_documents", "whole_document_accuracy", "macro_f1"), "field_scores.outcome"),
                "seconds_per_document": "extractions.seconds extractions.ocr_seconds",
                "cost_per_document": "extractions.cost_usd",
                "failures": "extractions.status",
            },
        ),
    )
    def leaderboard(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """Per data set, backend and field: n, precision, recall, F1 with intervals, failures, seconds and cost."""
        target = warehouse.warehouse()
        backends = list(configured)
        with target.snapshot() as snapshot:
            documents, labels = tables.documents.documents(snapshot), tables.labels.valid_labels(snapshot)
            scores = tables.scores.scores(snapshot, backends, SCORING_VERSION, rules.fingerprint)
            lists = tables.scores.line_item_scores(snapshot, backends, SCORING_VERSION, rules.fingerprint)
            runs = tables.extractions.run_facts(snapshot, backends)
            outcomes = tables.scores.outcome_columns(snapshot, backends, SCORING_VERSION, rules.fingerprint)
        transcribed = {row.dataset for row in documents.values() if row.transcript_sha256}
        datasets = labelled_datasets(
            labels, {key: row.dataset for key, row in documents.items() if not row.file_deleted}
        )
        boards, fields = leaderboard_rows(
            scores,
            lists,
            runs,
            {key: labels[key] for key in datasets},
            datasets,
            backends,
            partial(_not_run, configured, transcribed),
            rules,
        )
        failed = {(run["backend"], run["document_id"]) for run in runs if run["failed"]}
        add_standings(boards, fields, outcomes_by_dataset(outcomes, HEADLINE), failed)
        for row in boards:
            row["run_id"] = context.run.run_id
        target.replace_all({"leaderboard": boards, "leaderboard_fields": fields})
        columns = ["dataset", "backend", "status", "labelled_documents", "failures", "whole_document_accuracy"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(boards),
                "preview": preview(boards, [*columns, "seconds_per_document", "cost_per_document"]),
                "fields": preview(
                    [row for row in fields if row["field"] == "all_fields"],
                    ["dataset", "backend", "n", "precision", "recall", "f1", "f1_low", "f1_high"],
                ),
            }
        )

    return [field_scores, leaderboard]


def _not_run(configured: Backends, transcribed: Collection[str], dataset: str, backend: str) -> str | None:
    """Why a backend cannot run on a data set. `transcribed`: data sets with transcripts."""
    engine = configured[backend].engine
    if engine and engine.capabilities.reads_transcripts and dataset not in transcribed:
        return "the data set has no transcripts"
    return configured[backend].unavailable(dataset)
