"""Asset checks of results: regressions, failures, OCR confidence, labels, duplicates, leakage, cost, latency, freshness.

Thresholds and severities come from `evaluation.yaml`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from ocr_pipeline.defs.metadata import PREVIEW_ROWS, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.ranking.history import Evaluation, against_baseline, lost_documents, regressions
from ocr_pipeline.evaluation.scoring.thresholds import CostCheck, LatencyCheck, RegressionCheck, Severity, Thresholds
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.common import Row

MAX_NAMED = 5
"""Things that a check names in its sentence; its table has more."""

_IDENTITY = ("dataset", "backend", "engine", "field")


def evaluation_checks(thresholds: Thresholds) -> list[dg.AssetChecksDefinition]:
    """The checks that `evaluation.yaml` has a section for under `checks`."""
    return [
        _no_regression(thresholds.regression),
        _failure_rate(thresholds),
        _ocr_confidence(thresholds),
        _label_integrity(thresholds),
        _no_duplicates(thresholds),
        _no_leakage(thresholds),
        _cost(thresholds.cost),
        _latency(thresholds.latency),
        _freshness(thresholds),
    ]


def _no_regression(limits: RegressionCheck) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="evaluation_history", description="No backend is worse at a field than its baseline, beyond luck."
    )
    def no_regression(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.warehouse().snapshot() as snapshot:
            pairs = _baselines(snapshot)
        compared, worse = 0, []
        for now, baseline in pairs:
            comparisons = against_baseline(now, baseline)
            compared += bool(comparisons)
            for row in regressions(comparisons, alpha=limits.alpha, min_drop=limits.min_drop):
                lost = lost_documents(now, baseline, row.field)
                shown = {"backend": now.backend, "now": row.f1_a, "baseline": row.f1_b, "lost": lost}
                worse.append({**vars(row), **shown})
        columns = ["dataset", "backend", "field", "documents", "baseline", "now", "difference", "p_holm"]
        metadata: dict[str, int | dg.MarkdownMetadataValue] = {"backends_compared": compared}
        lost_rows = [{**row, "document_id": key} for row in worse for key in row["lost"][:PREVIEW_ROWS]]
        if lost_rows:
            metadata["documents"] = preview(lost_rows, ["document_id", "backend", "field"], project.document_link)
        return _result(worse, columns, limits.severity, _regression, metadata)

    return no_regression


def _baselines(reader: Reader) -> list[tuple[Evaluation, Evaluation]]:
    """The last evaluation of each backend with its baseline."""
    latest = tables.history.latest_evaluations(reader)
    return [
        (
            tables.history.evaluation(reader, latest[key].evaluation_id),
            tables.history.evaluation(reader, baseline.evaluation_id),
        )
        for key, baseline in tables.history.baselines(reader).items()
        if key in latest
    ]


def _regression(row: Row) -> str:
    """`demo: rapidocr+rules is worse at total_amount: F1 61.0 after 98.0, on d1, d2 and 3 more documents`."""
    lost: Sequence[str] = row["lost"]
    more = f" and {len(lost) - MAX_NAMED} more documents" if len(lost) > MAX_NAMED else ""
    return (
        f"{row['dataset']}: {row['backend']} is worse at {row['field']}: F1 {100 * (row['now'] or 0):.1f} after "
        f"{100 * (row['baseline'] or 0):.1f}, on {', '.join(lost[:MAX_NAMED])}{more}"
    )


def _failure_rate(thresholds: Thresholds) -> dg.AssetChecksDefinition:
    limits = thresholds.failure_rate

    @dg.asset_check(asset="leaderboard", description="No backend fails on more documents than allowed.")
    def failure_rate(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        rows = tables.ranking.failure_rates(warehouse.warehouse())
        bad = [row for row in rows if row["share"] > limits.backends.get(row["backend"], limits.max)]
        say = "{dataset}: {backend} failed on {failures} of {documents} documents".format_map
        return _result(bad, ["dataset", "backend", "failures", "documents", "share"], limits.severity, say)

    return failure_rate


def _ocr_confidence(thresholds: Thresholds) -> dg.AssetChecksDefinition:
    limits = thresholds.ocr_confidence

    @dg.asset_check(asset="ocr_text", description="No engine has a lower mean confidence in its words than allowed.")
    def ocr_confidence(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        rows = tables.words.ocr_confidences(warehouse.warehouse())
        bad = [row for row in rows if row["confidence"] < limits.engines.get(row["engine"], limits.min)]
        say = "{dataset}: {engine} has a mean confidence of {confidence:.2f}".format_map
        return _result(bad, ["dataset", "engine", "documents", "confidence"], limits.severity, say)

    return ocr_confidence


def _label_integrity(thresholds: Thresholds) -> dg.AssetChecksDefinition:
    limits = thresholds.label_integrity

    @dg.asset_check(asset="ground_truth", description="Labels are valid, and their amounts and dates are consistent.")
    def label_integrity(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.warehouse().snapshot() as snapshot:
            problems = tables.labels.label_problems(snapshot, limits.tolerance)
            labelled = tables.labels.labelled_documents(snapshot)
        bad = _beyond_share(problems, labelled, limits.max)
        say, columns = "{document_id}: {problem}".format_map, ["dataset", "document_id", "problem"]
        return _result(bad, columns, limits.severity, say, {"problems": len(problems)}, project.document_link)

    return label_integrity


def _no_duplicates(thresholds: Thresholds) -> dg.AssetChecksDefinition:
    limits = thresholds.duplicates

    @dg.asset_check(asset="duplicates", description="Few labelled documents have a copy, so that they count twice.")
    def no_duplicates(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        with warehouse.warehouse().snapshot() as snapshot:
            copies, labelled = tables.labels.labelled_duplicates(snapshot), tables.labels.labelled_documents(snapshot)
        bad = _beyond_share(copies, labelled, limits.max)
        columns = ["dataset", "document_id", "duplicate_of", "kind"]
        say = "{document_id} is a duplicate of {duplicate_of}".format_map
        return _result(bad, columns, limits.severity, say, {"duplicates": len(copies)}, project.document_link)

    return no_duplicates


def _no_leakage(thresholds: Thresholds) -> dg.AssetChecksDefinition:
    limits = thresholds.leakage

    @dg.asset_check(asset="duplicates", description="No document is in a holdout split and in another split.")
    def no_leakage(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        groups = tables.labels.leaking_groups(warehouse.warehouse())
        bad = groups if len(groups) > limits.max else []
        say = "{documents} are in the splits {splits}".format_map
        return _result(bad, ["group_id", "splits", "documents"], limits.severity, say, {"groups": len(groups)})

    return no_leakage


def _cost(limits: CostCheck) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset="leaderboard", description="No backend costs more per document than allowed.")
    def cost(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        say = "{dataset}: {backend} costs {cost_per_document:.5f} US dollars per document"
        return _above(warehouse, "cost_per_document", limits.max_per_document, limits, say)

    return cost


def _latency(limits: LatencyCheck) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset="leaderboard", description="No backend takes longer per document than allowed.")
    def latency(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        say = "{dataset}: {backend} takes {seconds_per_document:.2f} s per document"
        return _above(warehouse, "seconds_per_document", limits.max_seconds, limits, say)

    return latency


def _freshness(thresholds: Thresholds) -> dg.AssetChecksDefinition:
    limits = thresholds.freshness

    @dg.asset_check(
        asset="leaderboard", description="Models were called recently, so that their scores are up to date."
    )
    def freshness(warehouse: WarehouseResource) -> dg.AssetCheckResult:
        hours, now = limits.max_age_hours, datetime.now(UTC).replace(tzinfo=None)
        rows = tables.extractions.last_calls(warehouse.warehouse())
        bad = [row for row in rows if hours is not None and row["asked_at"] < now - timedelta(hours=hours)]
        say = "{backend} was last called at {asked_at:%Y-%m-%d %H:%M} UTC".format_map
        return _result(bad, ["backend", "asked_at"], limits.severity, say)

    return freshness


def _above(
    warehouse: WarehouseResource, column: str, limit: float | None, limits: CostCheck | LatencyCheck, say: str
) -> dg.AssetCheckResult:
    """Find backends above their own limit, or else above the general `limit`, if these are known."""
    bad = []
    for row in tables.ranking.costs_and_seconds(warehouse.warehouse()):
        own = limits.backends.get(row["backend"], limit)
        if row[column] is not None and own is not None and row[column] > own:
            bad.append(row)
    return _result(bad, ["dataset", "backend", column], limits.severity, say.format_map)


def _beyond_share(problems: Sequence[Row], labelled: Mapping[str, int], share: float) -> list[Row]:
    """The problems of data sets in which more than this share of the labelled documents has one."""
    documents: dict[str, set[str]] = {}
    for row in problems:
        documents.setdefault(row["dataset"], set()).add(row["document_id"])
    return [row for row in problems if len(documents[row["dataset"]]) > share * labelled[row["dataset"]]]


def _result(
    bad: Sequence[Row],
    columns: Sequence[str],
    severity: Severity,
    say: Callable[[Row], str],
    metadata: Mapping[str, int | dg.MarkdownMetadataValue] | None = None,
    link: Callable[[str], str] | None = None,
) -> dg.AssetCheckResult:
    """Make the result of a check. `say` gives a sentence without a full stop about one of the `bad` rows.

    `problems` is for the alarms: one problem for each backend or engine, while many bad documents are a single problem.
    """
    problems = {
        " ".join(str(row[name]) for name in _IDENTITY if name in row): f"{say(row)}."
        for row in bad
        if "backend" in row or "engine" in row
    }
    more = f"; and {len(bad) - MAX_NAMED} more" if len(bad) > MAX_NAMED else ""
    return dg.AssetCheckResult(
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if severity == "error" else dg.AssetCheckSeverity.WARN,
        description=f"{'; '.join(say(row) for row in bad[:MAX_NAMED])}{more}." if bad else None,
        metadata={
            "found": len(bad),
            **(metadata or {}),
            "rows": preview(bad, columns, link),
            **({"problems": problems} if problems else {}),
        },
    )
