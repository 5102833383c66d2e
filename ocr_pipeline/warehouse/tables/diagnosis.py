"""The tables `label_issues`, `attributions`, `consensus`, `confidences`, `calibrations`, `reliability`, `risk_coverage`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from ocr_pipeline.evaluation.diagnosis.agreement import Consensus
from ocr_pipeline.evaluation.diagnosis.confidence import Calibrated, Value
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.evaluation.diagnosis.records import AttributionRow
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import NewRows, Row

COLUMNS = {
    "label_issues": {
        "label": "The labelled value.",
        "value": "Proposed value; NULL: none.",
        "kinds": "agreement, arithmetic, duplicate, transcript.",
        "reason": "Why the label is in doubt, as a sentence.",
        "backends": "Backends that agree on the value.",
        "independent": "Whether two extractors agree, or the doubt does not rest on agreement.",
        "score": "Doubt; the largest first.",
        "found_at": "When it was computed (UTC).",
    },
    "attributions": {
        "attribution": "Cause: ocr_missing, ocr_misread, selection, spurious, normalisation, label_issue, document_failed.",
        "reason": "The cause as a sentence.",
        "page": "Page of the labelled value, or of what resembles it most.",
        "similarity": "Similarity of the words there with the labelled value, 0..1.",
        "judged_at": "When it was computed (UTC).",
        "content": "Hash of what it was computed from; while it stays the same, the row is kept.",
    },
    "confidences": {
        "correct": "Whether the value is right; NULL: not labelled.",
        "confidence": "Probability that the value is right, 0..1; NULL: not calibrated.",
        "fold": "Fold whose documents were left out of the fit; NULL: an unlabelled value.",
        "features": "Features that the confidence was computed from.",
    },
    "calibrations": {
        "status": "ok, or too_few: then the message says what is missing.",
        "message": "What is missing.",
        "method": "Method of calibration.",
        "groups": "Documents, copies counted once.",
        "values": "Labelled values.",
        "errors": "Values that are not right.",
        "ece": "Expected calibration error in ten bins of equal size, 0..1.",
        "ece_by_chance": "What a perfect calibration shows with as many values.",
        "brier": "Brier score.",
        "auc": "Probability that a right value has a higher confidence than a wrong one.",
    },
    "reliability": {
        "bin": "Bin, from 0.",
        "n": "Values in the bin.",
        "confidence": "Mean confidence in the bin.",
        "accuracy": "Share of right values in the bin.",
        "accuracy_low": "Lower end of its 95 % interval (Wilson).",
        "accuracy_high": "Upper end of its 95 % interval.",
    },
    "risk_coverage": {
        "level": "document: all of its values are right; or value.",
        "target_risk": "Error rate that the threshold was chosen for on other documents; NULL: the surest share.",
        "threshold": "Accept new documents from this confidence on; NULL: accept none.",
        "n": "Documents or values.",
        "accepted": "Of these, accepted.",
        "coverage": "accepted / n.",
        "errors": "Of the accepted, not right.",
        "risk": "errors / accepted.",
        "risk_low": "Lower end of its 95 % interval (Wilson).",
        "risk_high": "Upper end of its 95 % interval.",
    },
    "consensus": {
        "labelled": "Whether the field is labelled.",
        "value": "Value of most backends; NULL: most gave none.",
        "backends": "Backends that were run on the document.",
        "agreeing": "Backends that gave this value.",
        "distinct_values": "Number of different values; none counts as one.",
        "agreement": "Share of the pairs of backends that agree; 1 for a single backend.",
    },
}


@dataclass(frozen=True, kw_only=True)
class NewConfidences:
    """The confidences of one backend on one data set to store."""

    dataset: str
    backend: str
    values: Sequence[Value]
    result: Calibrated


def label_issues(reader: Reader) -> list[LabelIssue]:
    """Every doubtful label."""
    columns = [field.name for field in fields(LabelIssue)]
    rows = reader.rows(f"SELECT {', '.join(columns)} FROM label_issues")  # noqa: S608 - the text is this module's own
    lists = ("kinds", "backends")
    return [LabelIssue(**{**row, **{name: tuple(row[name] or ()) for name in lists}}) for row in rows]


def replace_label_issues(
    warehouse: Warehouse, issues: Iterable[LabelIssue], datasets: dict[str, str], run_id: str
) -> None:
    """Replace `label_issues`. `datasets`: by document."""
    stamp = {"run_id": run_id, "found_at": utc_now()}
    rows = [{**vars(issue), "dataset": datasets[issue.document_id], **stamp} for issue in issues]
    warehouse.replace_all({"label_issues": rows})


def attributions(reader: Reader) -> list[AttributionRow]:
    """Every stored attribution."""
    return reader.select(AttributionRow, "FROM attributions")


def replace_attributions(warehouse: Warehouse, rows: Sequence[AttributionRow], run_id: str) -> None:
    """Replace `attributions`. Rows that were loaded keep their run and time."""
    now = str(utc_now())
    stored = [row if row.judged_at else replace(row, run_id=run_id, judged_at=now) for row in rows]
    warehouse.replace_all({"attributions": [vars(row) for row in stored]})


def replace_consensus(
    warehouse: Warehouse,
    entries: Iterable[Consensus],
    datasets: dict[str, str],
    labelled: set[tuple[str, str]],
    run_id: str,
) -> None:
    """Replace `consensus`. `datasets`: by document; `labelled`: (document, field) of every labelled field."""
    stamp = {"run_id": run_id, "computed_at": utc_now()}
    rows = [
        {
            **vars(entry),
            "dataset": datasets[entry.document_id],
            "labelled": (entry.document_id, entry.field) in labelled,
            **stamp,
        }
        for entry in entries
    ]
    warehouse.replace_all({"consensus": rows})


def replace_confidences(warehouse: Warehouse, new: Sequence[NewConfidences], run_id: str) -> None:
    """Replace `confidences`, `calibrations`, `reliability` and `risk_coverage`."""
    stamp: Row = {"run_id": run_id, "computed_at": utc_now()}
    new_rows: NewRows = {"confidences": [], "calibrations": [], "reliability": [], "risk_coverage": []}
    names = ("document_id", "field", "prediction", "correct", "features")
    for part in new:
        key, result = {"dataset": part.dataset, "backend": part.backend}, part.result
        for value, confidence, fold in zip(part.values, result.confidences, result.folds, strict=True):
            columns = {name: getattr(value, name) for name in names}
            new_rows["confidences"].append({**key, **columns, "confidence": confidence, "fold": fold, **stamp})
        new_rows["calibrations"].append({**key, **vars(result.calibration), **stamp})
        new_rows["reliability"] += [{**key, **vars(point)} for point in result.reliability]
        new_rows["risk_coverage"] += [{**key, **vars(row)} for row in result.acceptance]
    warehouse.replace_all(new_rows)
