"""Asset checks about what can be trusted: regressions, failures, OCR confidence, labels, duplicates and leakage.

Thresholds and severities come from `evaluation.yaml`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from ocr_pipeline.defs.metadata import PREVIEW_ROWS, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.ranking.history import against_baseline, lost_documents, regressions
from ocr_pipeline.evaluation.scoring.thresholds import CostCheck, LatencyCheck, Severity, Thresholds
from ocr_pipeline.warehouse import tables

NAMED = 5
"""Things that a check names in its sentence; its table has more."""


def evaluation_checks(thresholds: Thresholds) -> list[dg.AssetChecksDefinition]:
    """Those that `evaluation.yaml` has a section for under `checks`."""

    @dg.asset_check(
        asset="evaluation_history", description="No backend reads a field worse than its baseline, beyond luck."
    )
    def no_regression(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.regression
        compared, worse = 0, []
        with warehouse.warehouse().snapshot() as snapshot:
            latest, baselines = tables.history.latest_evaluations(snapshot), tables.history.baselines(snapshot)
            pairs = [
                (tables.history.evaluation(snapshot, latest[key]["evaluation_id"]), baseline)
                for key, row in baselines.items()
                if key in latest
                for baseline in [tables.history.evaluation(snapshot, row["evaluation_id"])]
            ]
        for now, baseline in pairs:
            found = against_baseline(now, baseline)
            compared += bool(found)
            for row in regressions(found, alpha=limits.alpha, min_drop=limits.min_drop):
                lost = lost_documents(now, baseline, row.field)
                about = {"backend": now.backend, "now": row.f1_a, "baseline": row.f1_b, "lost": lost}
                worse.append({**vars(row), **about})
        columns = ["dataset", "backend", "field", "documents", "baseline", "now", "difference", "p_holm"]
        lost_rows = [{**row, "document_id": document_id} for row in worse for document_id in row["lost"][:PREVIEW_ROWS]]
        shown: dict[str, Any] = {"backends_compared": compared}
        if lost_rows:
            shown["documents"] = preview(lost_rows, ["document_id", "backend", "field"], project.document_link)
        return _result(worse, columns, limits.severity, _regression, shown)

    @dg.asset_check(asset="leaderboard", description="No backend fails on more documents than it may.")
    def failure_rate(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.failure_rate
        rows = tables.ranking.failure_rates(warehouse.warehouse())
        bad = [row for row in rows if row["share"] > limits.backends.get(row["backend"], limits.max)]
        say = "{dataset}: {backend} failed on {failures} of {documents} documents".format_map
        return _result(bad, ["dataset", "backend", "failures", "documents", "share"], limits.severity, say)

    @dg.asset_check(asset="ocr_text", description="No engine is less sure of its words than it should be.")
    def ocr_confidence(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.ocr_confidence
        rows = tables.words.ocr_confidences(warehouse.warehouse())
        bad = [row for row in rows if row["confidence"] < limits.engines.get(row["engine"], limits.min)]
        say = "{dataset}: {engine} has a mean confidence of {confidence:.2f}".format_map
        return _result(bad, ["dataset", "engine", "documents", "confidence"], limits.severity, say)

    @dg.asset_check(asset="ground_truth", description="Labels are valid, and their amounts and dates agree.")
    def label_integrity(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.label_integrity
        with warehouse.warehouse().snapshot() as snapshot:
            problems = tables.labels.label_problems(snapshot, limits.tolerance)
            labelled = tables.labels.labelled_documents(snapshot)
        bad = _beyond_share(problems, labelled, limits.max)
        say = "{document_id}: {problem}".format_map
        columns = ["dataset", "document_id", "problem"]
        return _result(bad, columns, limits.severity, say, {"problems": len(problems)}, project.document_link)

    @dg.asset_check(asset="duplicates", description="Few labelled documents are there twice, and count twice.")
    def no_duplicates(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.duplicates
        with warehouse.warehouse().snapshot() as snapshot:
            twice, labelled = tables.labels.labelled_duplicates(snapshot), tables.labels.labelled_documents(snapshot)
        bad = _beyond_share(twice, labelled, limits.max)
        columns = ["dataset", "document_id", "duplicate_of", "kind"]
        say = "{document_id} is a duplicate of {duplicate_of}".format_map
        return _result(bad, columns, limits.severity, say, {"duplicates": len(twice)}, project.document_link)

    @dg.asset_check(asset="duplicates", description="No document stands in a held-out split and in another one.")
    def no_leakage(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.leakage
        groups = tables.labels.leaking_groups(warehouse.warehouse())
        bad = groups if len(groups) > limits.max else []
        say = "{documents} stand in the splits {splits}".format_map
        return _result(bad, ["group_id", "splits", "documents"], limits.severity, say, {"groups": len(groups)})

    @dg.asset_check(asset="leaderboard", description="No backend costs more per document than it may.")
    def cost(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.cost
        say = "{dataset}: {backend} costs {cost_per_document:.5f} US dollars per document"
        return _above(warehouse, "cost_per_document", limits.max_per_document, limits, say)

    @dg.asset_check(asset="leaderboard", description="No backend takes longer per document than it may.")
    def latency(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.latency
        say = "{dataset}: {backend} takes {seconds_per_document:.2f} s per document"
        return _above(warehouse, "seconds_per_document", limits.max_seconds, limits, say)

    @dg.asset_check(asset="leaderboard", description="Models were asked recently: what they read today is known.")
    def freshness(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        limits = thresholds.freshness
        hours = limits.max_age_hours
        now = datetime.now(UTC).replace(tzinfo=None)
        rows = tables.extractions.last_calls(warehouse.warehouse())
        bad = [row for row in rows if hours is not None and row["asked_at"] < now - timedelta(hours=hours)]
        say = "{backend} was last asked at {asked_at:%Y-%m-%d %H:%M} UTC".format_map
        return _result(bad, ["backend", "asked_at"], limits.severity, say)

    return [
        *(no_regression, failure_rate, ocr_confidence, label_integrity, no_duplicates, no_leakage),
        *(cost, latency, freshness),
    ]


def _above(
    warehouse: WarehouseResource, column: str, most: float | None, limits: CostCheck | LatencyCheck, say: str
) -> dg.AssetCheckResult:
    """No backend may have a value above its own limit, else above that of all (`most`), where these are known."""
    bad = [
        row
        for row in tables.ranking.costs_and_seconds(warehouse.warehouse())
        if row[column] is not None
        and (limit := limits.backends.get(row["backend"], most)) is not None
        and row[column] > limit
    ]
    return _result(bad, ["dataset", "backend", column], limits.severity, say.format_map)


def _beyond_share(
    problems: Sequence[Mapping[str, Any]], labelled: Mapping[str, int], most: float
) -> list[Mapping[str, Any]]:
    """The problems of the data sets in which more than this share of the labelled documents has one."""
    documents: dict[str, set[str]] = {}
    for row in problems:
        documents.setdefault(row["dataset"], set()).add(row["document_id"])
    return [row for row in problems if len(documents[row["dataset"]]) > most * labelled[row["dataset"]]]


def _regression(row: Mapping[str, Any]) -> str:
    """`demo: rapidocr+rules reads total_amount worse, 61.0 after 98.0, on d1, d2 and 3 more documents`."""
    lost: Sequence[str] = row["lost"]
    more = f" and {len(lost) - NAMED} more documents" if len(lost) > NAMED else ""
    return (
        f"{row['dataset']}: {row['backend']} reads {row['field']} worse, {100 * (row['now'] or 0):.1f} after "
        f"{100 * (row['baseline'] or 0):.1f}, on {', '.join(lost[:NAMED])}{more}"
    )


def _result(
    bad: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    severity: Severity,
    say: Callable[[Mapping[str, Any]], str],
    metadata: Mapping[str, Any] | None = None,
    link: Callable[[str], str] | None = None,
) -> dg.AssetCheckResult:
    """`say` gives a sentence without a full stop about one of the `bad`. What is wrong with a backend or an engine is a
    problem of its own for the alarms (`problems`); many documents are one."""
    problems = {
        " ".join(str(row[name]) for name in _IDENTITY if name in row): f"{say(row)}."
        for row in bad
        if "backend" in row or "engine" in row
    }
    more = f"; and {len(bad) - NAMED} more" if len(bad) > NAMED else ""
    return dg.AssetCheckResult(
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if severity == "error" else dg.AssetCheckSeverity.WARN,
        description=f"{'; '.join(say(row) for row in bad[:NAMED])}{more}." if bad else None,
        metadata={
            "found": len(bad),
            **(metadata or {}),
            "rows": preview(bad, columns, link),
            **({"problems": problems} if problems else {}),
        },
    )


_IDENTITY = ("dataset", "backend", "engine", "field")
