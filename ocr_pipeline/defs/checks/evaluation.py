"""Asset checks of results: regressions, failures, OCR confidence, labels, duplicates, leakage, cost, latency, freshness,
accepted errors.

Thresholds and severities come from `evaluation.yaml`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import dagster as dg

from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import MAX_NAMED, PREVIEW_ROWS, named, preview
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.ranking.history import against_baseline, is_same_as, lost_documents, regressions
from ocr_pipeline.evaluation.scoring import thresholds as limits_of
from ocr_pipeline.evaluation.scoring.thresholds import Check, Thresholds
from ocr_pipeline.inspection.review import accepted_errors
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.labels import LabelledCopy, LabelProblem

_Limits = TypeVar("_Limits", bound=Check)

_IDENTITY = ("dataset", "backend", "engine", "field")


@dataclass(frozen=True)
class _Findings:
    """What a check found. `say` gives a sentence without a full stop about one of the `bad` rows; `documents`: rows of a
    second table, with links."""

    bad: Sequence[Mapping[str, Any]]
    say: Callable[[Mapping[str, Any]], str]
    columns: Sequence[str]
    numbers: Mapping[str, int] = field(default_factory=dict)
    documents: Sequence[Mapping[str, Any]] = ()


def evaluation_checks(thresholds: Thresholds) -> list[dg.AssetChecksDefinition]:
    """The checks that `evaluation.yaml` has a section for under `checks`."""
    return [
        _check("evaluation_history", _no_regression, thresholds.regression),
        _check("leaderboard", _failure_rate, thresholds.failure_rate),
        _check("ocr_text", _ocr_confidence, thresholds.ocr_confidence),
        _check("ground_truth", _label_integrity, thresholds.label_integrity),
        _check("duplicates", _no_duplicates, thresholds.duplicates),
        _check("duplicates", _no_leakage, thresholds.leakage),
        _check("leaderboard", _cost, thresholds.cost),
        _check("leaderboard", _latency, thresholds.latency),
        _check("leaderboard", _freshness, thresholds.freshness),
        _check("review", _accepted_errors, thresholds.accepted_errors),
    ]


def _check(asset: str, find: Callable[[Warehouse, _Limits], _Findings], limits: _Limits) -> dg.AssetChecksDefinition:
    """Make an asset check: its name and description are those of `find`."""

    @dg.asset_check(name=find.__name__.removeprefix("_"), asset=asset, description=find.__doc__)
    @readable_failure
    def check(project: ProjectResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
        found = find(warehouse.warehouse(), limits)
        bad, say = found.bad, found.say
        # For the alarms: one problem for each backend or engine, while many bad documents are a single problem.
        problems = {
            " ".join(str(row[key]) for key in _IDENTITY if key in row): f"{say(row)}."
            for row in bad
            if "backend" in row or "engine" in row
        }
        columns = ["document_id", "backend", "field"]
        return dg.AssetCheckResult(
            passed=not bad,
            severity=dg.AssetCheckSeverity.ERROR if limits.severity == "error" else dg.AssetCheckSeverity.WARN,
            description=named([say(row) for row in bad]),
            metadata={
                "found": len(bad),
                **found.numbers,
                "rows": preview(bad, found.columns, project.document_link),
                **({"documents": preview(found.documents, columns, project.document_link)} if found.documents else {}),
                **({"problems": problems} if problems else {}),
            },
        )

    return check


def _no_regression(warehouse: Warehouse, limits: limits_of.RegressionCheck) -> _Findings:
    """No backend is worse at a field than its baseline, beyond luck."""
    with warehouse.snapshot() as snapshot:
        latest = tables.history.latest_evaluations(snapshot)
        pairs = [
            [tables.history.evaluation(snapshot, row.evaluation_id) for row in (latest[key], baseline)]
            for key, baseline in tables.history.baselines(snapshot).items()
            if key in latest
        ]
    compared, worse = 0, []
    for now, baseline in pairs:
        if is_same_as(now, baseline):
            compared += 1
            continue
        comparisons = against_baseline(now, baseline)
        compared += bool(comparisons)
        for row in regressions(comparisons, alpha=limits.alpha, min_drop=limits.min_drop):
            lost = lost_documents(now, baseline, row.field)
            dataset = f"{now.dataset}, test set {now.testset}" if now.testset else now.dataset
            shown = {"dataset": dataset, "backend": now.backend, "now": row.f1_a, "baseline": row.f1_b, "lost": lost}
            worse.append({**vars(row), **shown})
    columns = ["dataset", "backend", "field", "documents", "baseline", "now", "difference", "p", "p_fields"]
    documents = [{**row, "document_id": key} for row in worse for key in row["lost"][:PREVIEW_ROWS]]
    return _Findings(worse, _regression, columns, {"backends_compared": compared}, documents)


def _regression(row: Mapping[str, Any]) -> str:
    """`demo: rapidocr+rules is worse at total_amount: F1 61.0 after 98.0, on d1, d2 and 3 more documents`."""
    lost: Sequence[str] = row["lost"]
    more = f" and {len(lost) - MAX_NAMED} more documents" if len(lost) > MAX_NAMED else ""
    return (
        f"{row['dataset']}: {row['backend']} is worse at {row['field']}: F1 {100 * (row['now'] or 0):.1f} after "
        f"{100 * (row['baseline'] or 0):.1f}, on {', '.join(lost[:MAX_NAMED])}{more}"
    )


def _failure_rate(warehouse: Warehouse, limits: limits_of.FailureRateCheck) -> _Findings:
    """No backend fails on more documents than allowed."""
    rows = tables.ranking.failure_rates(warehouse)
    bad = [row._asdict() for row in rows if row.share > limits.backends.get(row.backend, limits.max)]
    say = "{dataset}: {backend} failed on {failures} of {documents} documents".format_map
    return _Findings(bad, say, ["dataset", "backend", "failures", "documents", "share"])


def _ocr_confidence(warehouse: Warehouse, limits: limits_of.ConfidenceCheck) -> _Findings:
    """No engine has a lower mean confidence in its words than allowed."""
    rows = tables.words.ocr_confidences(warehouse)
    bad = [row._asdict() for row in rows if row.confidence < limits.engines.get(row.engine, limits.min)]
    say = "{dataset}: {engine} has a mean confidence of {confidence:.2f}".format_map
    return _Findings(bad, say, ["dataset", "engine", "documents", "confidence"])


def _label_integrity(warehouse: Warehouse, limits: limits_of.LabelCheck) -> _Findings:
    """Labels are valid, and their amounts and dates are consistent."""
    with warehouse.snapshot() as snapshot:
        problems = tables.labels.label_problems(snapshot, limits.tolerance)
        labelled = tables.labels.labelled_documents(snapshot)
    bad = _beyond_share(problems, labelled, limits.max)
    say, columns = "{document_id}: {problem}".format_map, ["dataset", "document_id", "problem"]
    return _Findings(bad, say, columns, {"problems": len(problems)})


def _no_duplicates(warehouse: Warehouse, limits: limits_of.DuplicatesCheck) -> _Findings:
    """Few labelled documents have a copy, so that they count twice."""
    with warehouse.snapshot() as snapshot:
        copies, labelled = tables.labels.labelled_duplicates(snapshot), tables.labels.labelled_documents(snapshot)
    bad = _beyond_share(copies, labelled, limits.max)
    say = "{document_id} is a duplicate of {duplicate_of}".format_map
    return _Findings(bad, say, ["dataset", "document_id", "duplicate_of", "kind"], {"duplicates": len(copies)})


def _no_leakage(warehouse: Warehouse, limits: limits_of.LeakageCheck) -> _Findings:
    """No document is in a holdout split and in another split."""
    groups = tables.labels.leaking_groups(warehouse)
    say = "{documents} are in the splits {splits}".format_map
    bad = [group._asdict() for group in groups] if len(groups) > limits.max else []
    return _Findings(bad, say, ["group_id", "splits", "documents"], {"groups": len(groups)})


def _cost(warehouse: Warehouse, limits: limits_of.CostCheck) -> _Findings:
    """No backend costs more per document than allowed."""
    say = "{dataset}: {backend} costs {cost_per_document:.5f} US dollars per document"
    return _above(warehouse, "cost_per_document", limits.max_per_document, limits.backends, say)


def _latency(warehouse: Warehouse, limits: limits_of.LatencyCheck) -> _Findings:
    """No backend takes longer per document than allowed."""
    say = "{dataset}: {backend} takes {seconds_per_document:.2f} s per document"
    return _above(warehouse, "seconds_per_document", limits.max_seconds, limits.backends, say)


def _freshness(warehouse: Warehouse, limits: limits_of.FreshnessCheck) -> _Findings:
    """Models were called recently, so that their scores are up to date."""
    hours, now = limits.max_age_hours, datetime.now(UTC).replace(tzinfo=None)
    rows = tables.calls.last_calls(warehouse)
    bad = [row._asdict() for row in rows if hours is not None and row.asked_at < now - timedelta(hours=hours)]
    return _Findings(
        bad, "{backend} was last called at {asked_at:%Y-%m-%d %H:%M} UTC".format_map, ["backend", "asked_at"]
    )


def _accepted_errors(warehouse: Warehouse, limits: limits_of.AcceptedErrorsCheck) -> _Findings:
    """Accepted documents that a person checked later are not wrong more often than was promised, beyond luck."""
    with warehouse.snapshot() as snapshot:
        counts = accepted_errors(snapshot)
    bad = [vars(row) for row in counts if row.is_above]
    say = (
        "{dataset}: {backend} has {wrong} wrong of {checked} accepted documents that were checked: at least {low:.1%} are"
        " wrong with 95 % confidence, at most {target:.1%} were promised"
    ).format_map
    checked = sum(row.checked for row in counts)
    return _Findings(bad, say, ["dataset", "backend", "checked", "wrong", "target"], {"checked": checked})


def _above(warehouse: Warehouse, column: str, limit: float | None, own: Mapping[str, float], say: str) -> _Findings:
    """Find backends above their `own` limit, or else above the general one, if these are known."""
    bad = []
    for row in tables.ranking.costs_and_seconds(warehouse):
        most, value = own.get(row.backend, limit), getattr(row, column)
        if value is not None and most is not None and value > most:
            bad.append(row._asdict())
    return _Findings(bad, say.format_map, ["dataset", "backend", column])


def _beyond_share(
    problems: Sequence[LabelProblem | LabelledCopy], labelled: Mapping[str, int], share: float
) -> list[dict[str, Any]]:
    """The problems of data sets in which more than this share of the labelled documents has one."""
    documents: dict[str, set[str]] = {}
    for row in problems:
        documents.setdefault(row.dataset, set()).add(row.document_id)
    return [row._asdict() for row in problems if len(documents[row.dataset]) > share * labelled[row.dataset]]
