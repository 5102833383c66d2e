"""The tables `confidences`, `calibrations`, `reliability` and `risk_coverage`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ocr_pipeline.evaluation.diagnosis.confidence import Calibrated, Value
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows, where_equal

COLUMNS = {
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
}


@dataclass(frozen=True, kw_only=True)
class NewConfidences:
    """The confidences of one backend on one data set to store."""

    dataset: str
    backend: str
    values: Sequence[Value]
    result: Calibrated


@dataclass(frozen=True, kw_only=True)
class ConfidenceRow:
    """A row of `confidences`."""

    document_id: str
    dataset: str
    backend: str
    field: str
    prediction: str | None
    correct: bool | None
    confidence: float | None
    fold: int | None
    features: dict[str, float]
    run_id: str | None
    computed_at: datetime


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """A row of `calibrations`."""

    dataset: str
    backend: str
    status: str
    message: str | None
    method: str | None
    documents: int
    groups: int
    values: int
    errors: int
    ece: float | None
    ece_by_chance: float | None
    brier: float | None
    auc: float | None
    run_id: str | None
    computed_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReliabilityRow:
    """A row of `reliability`."""

    dataset: str
    backend: str
    bin: int
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True, kw_only=True)
class RiskRow:
    """A row of `risk_coverage`."""

    dataset: str
    backend: str
    level: str
    target_risk: float | None
    threshold: float | None
    n: int
    accepted: int
    coverage: float
    errors: int
    risk: float | None
    risk_low: float | None
    risk_high: float | None


def calibrations(reader: Reader, filters: Mapping[str, str]) -> list[CalibrationRow]:
    where, values = where_equal(filters)
    return reader.select(CalibrationRow, f"FROM calibrations WHERE {where} ORDER BY dataset, backend", values)


def reliability(reader: Reader, filters: Mapping[str, str]) -> list[ReliabilityRow]:
    where, values = where_equal(filters)
    return reader.select(ReliabilityRow, f"FROM reliability WHERE {where} ORDER BY dataset, backend, bin", values)


def risk_coverage(reader: Reader, filters: Mapping[str, str]) -> list[RiskRow]:
    """Those for a wanted error rate first, then the curve."""
    where, values = where_equal(filters)
    order = "dataset, backend, level, target_risk NULLS LAST, accepted"
    return reader.select(RiskRow, f"FROM risk_coverage WHERE {where} ORDER BY {order}", values)


def confidences_by_value(reader: Reader) -> dict[tuple[str, str], list[float]]:
    """The confidences of all backends by (document, field)."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in reader.rows("SELECT document_id, field, confidence FROM confidences WHERE confidence IS NOT NULL"):
        found.setdefault((row["document_id"], row["field"]), []).append(row["confidence"])
    return found


def replace_confidences(warehouse: Warehouse, new: Sequence[NewConfidences], run_id: str) -> None:
    """Replace `confidences`, `calibrations`, `reliability` and `risk_coverage`."""
    stamp: NewRow = {"run_id": run_id, "computed_at": utc_now()}
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
