"""Assets that rank backends: `leaderboard`, `comparisons`, `leaderboard_slices` and `evaluation_history`."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs.assets.scoring import scores_version
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE
from ocr_pipeline.evaluation.ranking.places import summarise_places
from ocr_pipeline.evaluation.ranking.repeats import spreads
from ocr_pipeline.evaluation.ranking.stage import (
    comparison_rows,
    digest_of,
    leaderboard_rows,
    levels_of,
    new_evaluations,
    slice_rows,
)
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.stage import label_versions, labelled_datasets
from ocr_pipeline.inspection.testsets import unchanged_testsets
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow, SensitivityRow
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.documents import DocumentRow

COMPARING = ("comparisons", "leaderboard_slices", "evaluation_history")
"""Assets beside `leaderboard` that are made from scores."""


def ranking_assets(rules: Rules) -> list[dg.AssetsDefinition]:
    """`leaderboard`, `comparisons`, `leaderboard_slices` and `evaluation_history`."""
    return [
        _leaderboard(rules),
        _comparisons(rules),
        _slices(rules),
        _history(rules),
    ]


def _leaderboard(rules: Rules) -> dg.AssetsDefinition:
    lineage = {
        **dict.fromkeys(("accurate_documents", "whole_document_accuracy", "macro_f1"), "field_scores.outcome"),
        "seconds_per_document": "extractions.seconds extractions.ocr_seconds",
        "cost_per_document": "extractions.cost_usd",
        "failures": "extractions.status",
    }

    @dg.asset(
        deps=["field_scores"],
        **asset_options("evaluation", "leaderboard", version=scores_version(rules), lineage=lineage),
    )
    @readable_failure
    def leaderboard(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Per data set, backend and field: n, precision, recall, F1 with intervals, failures, seconds and cost."""
        configured, rules = project.backends(), project.rules()
        target, backends = warehouse.warehouse(), list(configured)
        scoring = Scoring.by(backends, rules)
        with target.snapshot() as snapshot:
            labels, transcribed = tables.labels.valid_labels(snapshot), tables.documents.transcribed(snapshot)
            scores = tables.score_columns.score_columns(snapshot, scoring)
            lists = tables.scores.current_lists(snapshot, scoring)
            places = tables.places.current_places(snapshot, scoring)
            runs = tables.extractions.extraction_runs(snapshot, backends)
            read_from = tables.sources.values_read_from(snapshot, backends)
            repeated = tables.repeats.current_scores(snapshot, scoring)
            datasets = labelled_datasets(labels, tables.documents.datasets(snapshot))
            documents = tables.documents.documents(snapshot)
        scorable = {key: labels[key] for key in datasets}
        applies = partial(_applies, configured, documents)
        not_run = partial(_not_run, configured, transcribed, documents, datasets)
        rows, fields = leaderboard_rows(scores, lists, runs, scorable, datasets, backends, not_run, rules, applies)
        rows = [replace(row, read_from=read_from.get((row.dataset, row.backend))) for row in rows]
        tables.ranking.replace_leaderboard(target, rows, fields, context.run.run_id, summarise_places(places))
        tables.repeats.replace_spread(target, spreads(repeated))
        shown = ["dataset", "backend", "status", "labelled_documents", "failures", "whole_document_accuracy"]
        boards = [tables.ranking.leaderboard_columns(row) for row in rows]
        overall = [row for row in fields if row.field == ALL_FIELDS]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "preview": preview(boards, [*shown, "seconds_per_document", "cost_per_document"]),
                "fields": preview(
                    overall, ["dataset", "backend", "n", "precision", "recall", "f1", "f1_low", "f1_high"]
                ),
            }
        )

    return leaderboard


def _applies(configured: Backends, documents: Mapping[str, DocumentRow], backend: str, document_id: str) -> bool:
    """Whether a backend has anything to do for a document, and reads its schema."""
    document = documents[document_id]
    if not configured[backend].reads_schema(document.schema_state):
        return False
    return not document.is_drawn or configured[backend].reads_xml


def _not_run(
    configured: Backends,
    transcribed: Collection[str],
    documents: Mapping[str, DocumentRow],
    datasets: Mapping[str, str],
    dataset: str,
    backend: str,
) -> str | None:
    """Why a backend cannot run on a data set.

    Args:
        transcribed: data sets with transcripts.
        documents: all of them.
        datasets: the data set of each labelled document.
    """
    keys = [key for key, name in datasets.items() if name == dataset]
    if keys and not any(_applies(configured, documents, backend, key) for key in keys):
        names = {documents[key].schema_name for key in keys}
        if not any(configured[backend].reads_schema(documents[key].schema_state) for key in keys):
            return f"it does not read documents of the schema {', '.join(sorted(name or 'invoice' for name in names))}"
        return "its documents are XML without a page of their own"
    engine = configured[backend].engine
    if engine and engine.capabilities.reads_transcripts and dataset not in transcribed:
        return "the data set has no transcripts"
    return configured[backend].unavailable(dataset)


def _comparisons(rules: Rules) -> dg.AssetsDefinition:
    lineage = dict.fromkeys(("f1_a", "f1_b", "difference", "p"), "field_scores.outcome")

    @dg.asset(
        deps=["field_scores"],
        **asset_options("evaluation", "comparisons", version=scores_version(rules), lineage=lineage),
    )
    @readable_failure
    def comparisons(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Every pair of backends on the documents of both: difference of F1 with interval, test, p and corrected p (Holm)."""
        configured, rules = project.backends(), project.rules()
        target, names = warehouse.warehouse(), list(tables.scores.RULES)
        with target.snapshot() as snapshot:
            columns = tables.score_columns.outcome_columns(snapshot, Scoring.by(list(configured), rules), names)
            levels = levels_of(columns, names)
            content = tables.findings.content_of("comparisons", digest_of(levels))
            is_current = tables.findings.kept(snapshot, "comparisons", "", content) is not None
        if is_current:  # the outcomes are the same as before, whatever was scored since
            tables.comparisons.confirm(target, context.run.run_id)
        else:
            kept = tables.findings.keep("comparisons", "", content, "null")
            tables.comparisons.replace_comparisons(target, *comparison_rows(levels), context.run.run_id, [kept])
        with target.snapshot() as snapshot:
            rows = tables.comparisons.comparisons(snapshot, None, None)
            sensitivity = tables.comparisons.rule_sensitivity(snapshot, None, None)
        return dg.MaterializeResult(
            metadata={"compared_now": not is_current, **_comparison_metadata(rows, sensitivity)}
        )

    return comparisons


def _comparison_metadata(
    rows: list[ComparisonRow], sensitivity: list[SensitivityRow]
) -> dict[str, int | dg.MarkdownMetadataValue]:
    overall = [row for row in rows if (row.field, row.rules) == (ALL_FIELDS, HEADLINE)]
    depends = [row for row in sensitivity if row.winner_changes or row.significance_changes]
    shown = ["dataset", "backend_a", "backend_b", "documents", "difference", "difference_low", "difference_high"]
    return {
        "dagster/row_count": len(rows),
        "overall": preview(overall, [*shown, "disagree", "p", "p_holm"]),
        "depends_on_the_rules": preview(
            depends, ["dataset", "field", "rules", "best", "second", "difference", "p_holm"]
        ),
    }


def _slices(rules: Rules) -> dg.AssetsDefinition:
    @dg.asset(deps=["field_scores"], **asset_options("evaluation", "leaderboard_slices", version=scores_version(rules)))
    @readable_failure
    def leaderboard_slices(project: ProjectResource, warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
        """F1 of every backend by document type, language, currency, engine confidence, pages, data set and split."""
        configured, rules = project.backends(), project.rules()
        target, backends = warehouse.warehouse(), list(configured)
        with target.snapshot() as snapshot:
            columns = tables.score_columns.outcome_columns(snapshot, Scoring.by(backends, rules))
            features = tables.documents.document_features(snapshot)
            confidences = tables.words.confidences(snapshot, backends)
        rows = slice_rows(columns, features, confidences)
        tables.ranking.replace_slices(target, rows)
        shown = ["dataset", "backend", "dimension", "slice", "documents", "n", "f1", "f1_low", "f1_high"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "preview": preview([row for row in rows if row.dimension != "dataset"], shown),
            }
        )

    return leaderboard_slices


def _history(rules: Rules) -> dg.AssetsDefinition:
    @dg.asset(deps=["field_scores"], **asset_options("evaluation", "evaluation_history", version=scores_version(rules)))
    @readable_failure
    def evaluation_history(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Every evaluation ever made, with the fingerprints of all stages. Unchanged evaluations are not appended."""
        configured, rules = project.backends(), project.rules()
        target, backends = warehouse.warehouse(), list(configured)
        with target.snapshot() as snapshot:
            columns = tables.score_columns.outcome_columns(snapshot, Scoring.by(backends, rules))
            labels, sha256 = tables.labels.valid_labels(snapshot), tables.labels.label_sha256(snapshot)
            datasets = labelled_datasets(labels, tables.documents.datasets(snapshot))
            runs = tables.extractions.extraction_runs(snapshot, backends)
            latest = {
                (row.dataset, row.backend, row.testset): row.content
                for row in tables.history.latest_evaluations(snapshot).values()
            }
            testsets = unchanged_testsets(project.project, snapshot)
        new = new_evaluations(columns, sha256, runs, label_versions(labels, datasets), latest, rules, testsets)
        rows = tables.history.append_evaluations(target, new, context.run.run_id)
        overall = [row for row in rows if row.field == ALL_FIELDS]
        shown = ["dataset", "backend", "documents", "n", "f1", "f1_low", "f1_high", "label_version"]
        return dg.MaterializeResult(metadata={"appended": len(new), "preview": preview(overall, shown)})

    return evaluation_history
