"""Asset checks about what can be trusted: regressions, failures, OCR confidence, labels, duplicates and leakage.

Thresholds and severities come from `evaluation.yaml`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from ocr_pipeline.defs.metadata import preview
from ocr_pipeline.defs.resources import WarehouseResource
from ocr_pipeline.evaluation.history import against_baseline, regressions
from ocr_pipeline.evaluation.thresholds import Severity, Thresholds
from ocr_pipeline.warehouse import check_queries, evaluations


def evaluation_checks(thresholds: Thresholds) -> list[dg.AssetChecksDefinition]:
    """`no_regression`, `failure_rate`, `ocr_confidence`, `label_integrity`, `no_duplicates` and `no_leakage`."""

    @dg.asset_check(
        asset="evaluation_history", description="No backend reads a field worse than its baseline, beyond luck."
    )
    def no_regression(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.regression
        compared, worse = 0, []
        with warehouse.warehouse().snapshot() as snapshot:
            latest, baselines = evaluations.latest_evaluations(snapshot), evaluations.baselines(snapshot)
            pairs = [
                (evaluations.evaluation(snapshot, latest[key]["evaluation_id"]), baseline)
                for key, row in baselines.items()
                if key in latest
                for baseline in [evaluations.evaluation(snapshot, row["evaluation_id"])]
            ]
        for now, baseline in pairs:
            found = against_baseline(now, baseline)
            compared += bool(found)
            for row in regressions(found, alpha=limits.alpha, min_drop=limits.min_drop):
                worse.append({**vars(row), "backend": now.backend, "now": row.f1_a, "baseline": row.f1_b})
        columns = ["dataset", "backend", "field", "documents", "baseline", "now", "difference", "p_holm"]
        return _result(worse, columns, limits.severity, {"backends_compared": compared})

    @dg.asset_check(asset="leaderboard", description="No backend fails on more documents than it may.")
    def failure_rate(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.failure_rate
        rows = check_queries.failure_rates(warehouse.warehouse())
        bad = [row for row in rows if row["share"] > limits.backends.get(row["backend"], limits.max)]
        return _result(bad, ["dataset", "backend", "failures", "documents", "share"], limits.severity)

    @dg.asset_check(asset="ocr_text", description="No engine is less sure of its words than it should be.")
    def ocr_confidence(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.ocr_confidence
        rows = check_queries.ocr_confidences(warehouse.warehouse())
        bad = [row for row in rows if row["confidence"] < limits.engines.get(row["engine"], limits.min)]
        return _result(bad, ["dataset", "engine", "documents", "confidence"], limits.severity)

    @dg.asset_check(asset="ground_truth", description="Labels are valid, and their amounts and dates agree.")
    def label_integrity(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.label_integrity
        with warehouse.warehouse().snapshot() as snapshot:
            problems = check_queries.label_problems(snapshot, limits.tolerance)
            labelled = check_queries.labelled_documents(snapshot)
        bad = _beyond_share(problems, labelled, limits.max)
        return _result(bad, ["dataset", "document_id", "problem"], limits.severity, {"problems": len(problems)})

    @dg.asset_check(asset="duplicates", description="Few labelled documents are there twice, and count twice.")
    def no_duplicates(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.duplicates
        with warehouse.warehouse().snapshot() as snapshot:
            twice, labelled = check_queries.labelled_duplicates(snapshot), check_queries.labelled_documents(snapshot)
        bad = _beyond_share(twice, labelled, limits.max)
        columns = ["dataset", "document_id", "duplicate_of", "kind"]
        return _result(bad, columns, limits.severity, {"duplicates": len(twice)})

    @dg.asset_check(asset="duplicates", description="No document stands in a held-out split and in another one.")
    def no_leakage(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.leakage
        groups = check_queries.leaking_groups(warehouse.warehouse())
        bad = groups if len(groups) > limits.max else []
        return _result(bad, ["group_id", "splits", "documents"], limits.severity, {"groups": len(groups)})

    return [no_regression, failure_rate, ocr_confidence, label_integrity, no_duplicates, no_leakage]


def _beyond_share(
    problems: Sequence[Mapping[str, Any]], labelled: Mapping[str, int], most: float
) -> list[Mapping[str, Any]]:
    """The problems of the data sets in which more than this share of the labelled documents has one."""
    documents: dict[str, set[str]] = {}
    for row in problems:
        documents.setdefault(row["dataset"], set()).add(row["document_id"])
    return [row for row in problems if len(documents[row["dataset"]]) > most * labelled[row["dataset"]]]


def _result(
    bad: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    severity: Severity,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if severity == "error" else dg.AssetCheckSeverity.WARN,
        metadata={"found": len(bad), **(metadata or {}), "rows": preview(bad, columns)},
    )
