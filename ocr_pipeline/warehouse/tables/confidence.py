"""The tables `confidences`, `calibrations`, `reliability` and `risk_coverage`."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from ocr_pipeline.warehouse.changes import Replacement, Update
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows, described, where_equal
from ocr_pipeline.warehouse.tables.current import COUNTED, STALE, Scoring

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.diagnosis.confidence import Calibrated, Value
    from ocr_pipeline.evaluation.diagnosis.value_columns import ValueColumns


@dataclass(frozen=True, kw_only=True)
class NewConfidences:
    """The confidences of one backend on one data set to store. `content`: changes with the values."""

    dataset: str
    backend: str
    values: "ValueColumns"
    content: str
    result: "Calibrated"


@dataclass(frozen=True, kw_only=True)
class ConfidenceRow:
    """A row of `confidences`."""

    document_id: str
    dataset: str
    backend: str
    field: str
    prediction: str | None
    correct: Annotated[bool | None, "Whether the value is right; NULL: not labelled."]
    confidence: Annotated[float | None, "Probability that the value is right, 0..1; NULL: not calibrated."]
    calibration: Annotated[
        str | None,
        "Where the confidence is from: project (fitted on this project's labels) or shipped (with the package).",
    ]
    fold: Annotated[int | None, "Fold whose documents were left out of the fit; NULL: an unlabelled value."]
    features: Annotated[dict[str, float], "Features that the confidence was computed from."]
    run_id: str | None
    computed_at: datetime


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """A row of `calibrations`."""

    dataset: str
    backend: str
    status: Annotated[str, "ok, or too_few: then the message says what is missing."]
    message: Annotated[str | None, "What is missing."]
    method: Annotated[str | None, "Method of calibration."]
    documents: int
    groups: Annotated[int, "Documents, copies counted once."]
    values: Annotated[int, "Labelled values."]
    errors: Annotated[int, "Values that are not right."]
    ece: Annotated[float | None, "Expected calibration error in ten bins of equal size, 0..1."]
    ece_by_chance: Annotated[float | None, "What a perfect calibration shows with as many values."]
    brier: Annotated[float | None, "Brier score."]
    auc: Annotated[float | None, "Probability that a right value has a higher confidence than a wrong one."]
    run_id: str | None
    computed_at: datetime
    content: Annotated[str | None, "Hash of all values; NULL: of an earlier version, to be made again."]


@dataclass(frozen=True, kw_only=True)
class ReliabilityRow:
    """A row of `reliability`."""

    dataset: str
    backend: str
    bin: Annotated[int, "Bin, from 0."]
    n: Annotated[int, "Values in the bin."]
    confidence: Annotated[float, "Mean confidence in the bin."]
    accuracy: Annotated[float, "Share of right values in the bin."]
    accuracy_low: Annotated[float, "Lower end of its 95 % interval (Wilson)."]
    accuracy_high: Annotated[float, "Upper end of its 95 % interval."]


@dataclass(frozen=True, kw_only=True)
class RiskRow:
    """A row of `risk_coverage`."""

    dataset: str
    backend: str
    level: Annotated[str, "document: all of its values are right; or value."]
    target_risk: Annotated[
        float | None, "Error rate whose upper bound other documents prove for the threshold; NULL: the surest share."
    ]
    threshold: Annotated[float | None, "Accept new documents from this confidence on; NULL: accept none."]
    n: Annotated[int, "Documents or values."]
    accepted: Annotated[int, "Of these, accepted."]
    coverage: Annotated[float, "accepted / n."]
    errors: Annotated[int, "Of the accepted, not right."]
    risk: Annotated[float | None, "errors / accepted."]
    risk_low: Annotated[float | None, "Lower end of its 95 % interval (Wilson)."]
    risk_high: Annotated[float | None, "Upper end of its 95 % interval."]


def calibrations(reader: Reader, filters: Mapping[str, str]) -> list[CalibrationRow]:
    where, values = where_equal(filters)
    return reader.select(CalibrationRow, f"SELECT * FROM calibrations WHERE {where} ORDER BY dataset, backend", values)


def reliability(reader: Reader, filters: Mapping[str, str]) -> list[ReliabilityRow]:
    where, values = where_equal(filters)
    return reader.select(ReliabilityRow, f"FROM reliability WHERE {where} ORDER BY dataset, backend, bin", values)


def risk_coverage(reader: Reader, filters: Mapping[str, str]) -> list[RiskRow]:
    """Those for a wanted error rate first, then the curve."""
    where, values = where_equal(filters)
    order = "dataset, backend, level, target_risk NULLS LAST, accepted"
    return reader.select(RiskRow, f"FROM risk_coverage WHERE {where} ORDER BY {order}", values)


def predictions_by_value(
    reader: Reader, fields: Collection[str] | None = None
) -> dict[tuple[str, str], list[tuple[str, float]]]:
    """The predictions of all backends and their confidences, by (document, field). `fields`: only of these."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    query = """
        SELECT document_id, field, prediction, confidence FROM confidences
        WHERE confidence IS NOT NULL AND ($fields IS NULL OR list_contains($fields, field))
    """
    for row in reader.rows(query, {"fields": None if fields is None else list(fields)}):
        found.setdefault((row["document_id"], row["field"]), []).append((row["prediction"], row["confidence"]))
    return found


def confidences_of(reader: Reader, backend: str) -> dict[tuple[str, str], float]:
    """The confidences of one backend by (document, field)."""
    query = "SELECT document_id, field, confidence FROM confidences WHERE backend = ? AND confidence IS NOT NULL"
    return {(row["document_id"], row["field"]): row["confidence"] for row in reader.rows(query, [backend])}


def shown_confidences(reader: Reader, scoring: Scoring) -> dict[str, dict[str, str]]:
    """By document and `FIELD@BACKEND`, the confidence of a value and what it was calibrated on, as shown; none of results with
    a stale score."""
    rows = reader.rows(
        f"""
        SELECT document_id, list(field || '@' || backend ORDER BY backend, field) AS names,
               list(format('{{:.2f}} ({{}} calibration)', confidence, calibration) ORDER BY backend, field) AS shown
        FROM confidences
        WHERE confidence IS NOT NULL AND (document_id, backend) NOT IN
            (SELECT (s.document_id, s.backend) FROM field_scores s {COUNTED} AND ({STALE}))
        GROUP BY document_id
        """,
        scoring.parameters,
    )
    return {row["document_id"]: dict(zip(row["names"], row["shown"], strict=True)) for row in rows}


def confidences_by_value(reader: Reader) -> dict[tuple[str, str], list[float]]:
    """The confidences of all backends by (document, field)."""
    return {key: [confidence for _, confidence in pairs] for key, pairs in predictions_by_value(reader).items()}


def number_of_values(reader: Reader) -> int:
    """How many values there are, calibrated or not."""
    return int(sum(row["n"] for row in reader.rows("SELECT count(*) AS n FROM confidences")))


def calibrated_from(reader: Reader) -> dict[tuple[str, str], str]:
    """By data set and backend, what its confidences were computed from."""
    rows = reader.rows("SELECT dataset, backend, content FROM calibrations WHERE content IS NOT NULL")
    return {(row["dataset"], row["backend"]): row["content"] for row in rows}


def values_from(reader: Reader) -> dict[tuple[str, str], str]:
    """By data set and backend, a text that changes with its stored values and what is known about them."""
    rows = reader.rows(
        """
        SELECT d.dataset, f.document_id, f.result FROM findings f JOIN documents d USING (document_id)
        WHERE f.asset = 'confidences' ORDER BY d.dataset, f.document_id
        """
    )
    made_from: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for backend, content in (json.loads(row["result"]) or {}).items():
            made_from.setdefault((row["dataset"], backend), []).append(f"{row['document_id']} {content}")
    return {key: hashlib.sha256("\n".join(lines).encode()).hexdigest()[:20] for key, lines in made_from.items()}


def contents_of(reader: Reader, document_ids: Sequence[str]) -> dict[tuple[str, str], tuple[str, str]]:
    """The data set, and the same text, by document and backend, of every one with stored values; empty if it is not known."""
    rows = reader.rows(
        """
        SELECT DISTINCT c.document_id, c.backend, c.dataset, f.result FROM confidences c
        LEFT JOIN findings f ON f.document_id = c.document_id AND f.asset = 'confidences'
        WHERE c.document_id IN (SELECT unnest(?)) ORDER BY ALL
        """,
        [list(document_ids)],
    )
    known = {row["document_id"]: json.loads(row["result"] or "null") or {} for row in rows}
    return {
        (row["document_id"], row["backend"]): (row["dataset"], known[row["document_id"]].get(row["backend"], ""))
        for row in rows
    }


def replaced_values(
    cells: Sequence[tuple[str, str]], rows: Sequence[NewRow], calibrations: Collection[tuple[str, str]]
) -> list[Replacement | Update]:
    """Replace the rows of these documents and backends, and forget what `calibrations`, by data set and backend, were computed
    from: the new rows have no confidence yet."""
    by_name = dict(zip(("dataset", "backend"), map(list, zip(*calibrations, strict=True)), strict=False))
    forgotten = Update("calibrations", tuple(by_name), {**by_name, "content": [None] * len(calibrations)}, {})
    return [Replacement(("document_id", "backend"), cells, {"confidences": rows}), *([forgotten] if by_name else [])]


def new_value_rows(values: "Sequence[Value]", dataset: str, backend: str) -> list[NewRow]:
    """New rows of `confidences`, whose confidence is not known yet."""
    stamp: NewRow = {"computed_at": utc_now(), "dataset": dataset, "backend": backend}
    names = ("document_id", "field", "prediction", "correct", "features")
    return [{**{name: getattr(value, name) for name in names}, **stamp} for value in values]


def replace_calibrations(
    warehouse: Warehouse, new: Sequence[NewConfidences], current: Collection[tuple[str, str]], run_id: str
) -> None:
    """Store the confidences of these data sets and backends, and remove all but them and the `current` ones."""
    stamp: NewRow = {"run_id": run_id, "computed_at": utc_now()}
    new_rows: NewRows = {"calibrations": [], "reliability": [], "risk_coverage": []}
    updates = []
    for part in new:
        key, result = {"dataset": part.dataset, "backend": part.backend}, part.result
        columns = {
            "document_id": part.values.documents,
            "field": part.values.fields,
            "confidence": result.confidences,
            "calibration": result.sources,
            "fold": result.folds,
        }
        updates.append(Update("confidences", ("document_id", "field", *key), columns, {**key, **stamp}))
        new_rows["calibrations"].append({**key, **vars(result.calibration), "content": part.content, **stamp})
        new_rows["reliability"] += [{**key, **vars(point)} for point in result.reliability]
        new_rows["risk_coverage"] += [{**key, **vars(row)} for row in result.acceptance]
    stored = "SELECT dataset, backend FROM calibrations UNION SELECT DISTINCT dataset, backend FROM confidences"
    known = {(row["dataset"], row["backend"]) for row in warehouse.rows(stored)}
    made = {(part.dataset, part.backend) for part in new}
    key_columns = ("dataset", "backend")
    gone = sorted(known - made - set(current))
    warehouse.replace_together(
        [
            Replacement(key_columns, gone, {"confidences": []}),
            Replacement(key_columns, sorted(made) + gone, new_rows),
            *updates,
        ]
    )


COLUMNS = {
    "confidences": described(ConfidenceRow),
    "calibrations": described(CalibrationRow),
    "reliability": described(ReliabilityRow),
    "risk_coverage": described(RiskRow),
}
