"""What the pages about whole data sets show: scores, comparisons, confidence, history, doubtful labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ocr_pipeline.evaluation.diagnosis.attribution import STAGES
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.report.charts import (
    history_chart,
    pareto_chart,
    reliability_chart,
    risk_chart,
    scores_chart,
    svg,
)
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader

Row = dict[str, Any]

FLIPS = 40
"""Flipped values of a pair that are listed; `ocr-pipeline compare A B --json` has all."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """One data set. `boards` are rows of `leaderboard` of the backends that ran, best first, each with its row of
    `leaderboard_fields` for all fields together as `all`, its `attributions` by stage; `heat` is F1 by field and backend."""

    name: str
    documents: int
    boards: Sequence[Row]
    not_run: Sequence[Row]
    fields: Sequence[str]
    heat: Mapping[tuple[str, str], Row]
    stages: Sequence[str]

    @cached_property
    def charts(self) -> Mapping[str, str | None]:
        """Drawings of scores, and of scores against seconds and cost, where these are known."""
        return _board_charts(self.boards)


def data_sets(reader: Reader, only: str | None = None) -> list[DataSet]:
    """Every data set that was scored, by name."""
    boards = reader.rows("FROM leaderboard ORDER BY dataset, backend")
    fields = reader.rows("FROM leaderboard_fields ORDER BY rowid")
    attributions = reader.rows("SELECT dataset, backend, attribution, count(*) AS n FROM attributions GROUP BY ALL")
    names = sorted({row["dataset"] for row in boards if row["status"] == "ok"})
    return [_data_set(name, boards, fields, attributions) for name in names if only in (None, name)]


def _data_set(name: str, boards: Sequence[Row], fields: Sequence[Row], attributions: Sequence[Row]) -> DataSet:
    by_cell = {(row["field"], row["backend"]): row for row in fields if row["dataset"] == name}
    counts: dict[str, dict[str, int]] = {}
    for row in attributions:
        if row["dataset"] == name:
            of_backend = counts.setdefault(row["backend"], {})
            of_backend[STAGES[row["attribution"]]] = of_backend.get(STAGES[row["attribution"]], 0) + row["n"]
    ran = [
        {**row, "all": by_cell[ALL_FIELDS, row["backend"]], "attributions": counts.get(row["backend"], {})}
        for row in boards
        if row["dataset"] == name and row["status"] == "ok" and (ALL_FIELDS, row["backend"]) in by_cell
    ]
    ran.sort(key=lambda row: -(row["all"]["f1"] or 0))
    return DataSet(
        name=name,
        documents=max((row["labelled_documents"] or 0 for row in ran), default=0),
        boards=ran,
        not_run=[row for row in boards if row["dataset"] == name and row["status"] != "ok"],
        fields=list(dict.fromkeys(field for field, _ in by_cell)),
        heat=by_cell,
        stages=[stage for stage in dict.fromkeys(STAGES.values()) if any(stage in of for of in counts.values())],
    )


def _board_charts(boards: Sequence[Row]) -> dict[str, str | None]:
    rows = [
        {
            "backend": row["backend"],
            "pareto": bool(row["pareto"]),
            "seconds": row["seconds_per_document"],
            "cost": row["cost_per_document"],
            **_f1(row["all"]),
        }
        for row in boards
        if row["all"]["f1"] is not None
    ]
    timed = [row for row in rows if row["seconds"]]
    priced = [row for row in rows if row["cost"] is not None] if any(row["cost"] for row in rows) else []
    return {
        "scores": svg(scores_chart(rows)) if rows else None,
        "seconds": svg(pareto_chart(timed, "seconds", "seconds per document")) if timed else None,
        "cost": svg(pareto_chart(priced, "cost", "US dollars per document")) if priced else None,
    }


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two backends on the documents of both. `row` is that of `comparisons` for all fields, `flips` the values that only
    one of them has right, the first `FLIPS` of `count`."""

    row: Row
    fields: Sequence[Row]
    flips: Sequence[Row]
    count: int


def pairs(reader: Reader, dataset: str, scored_by: tuple[int, str]) -> list[Pair]:
    """Every pair of backends of a data set."""
    rows = [row for row in tables.ranking.compared(reader, None, None, dataset, None) if row["rules"] == "headline"]
    found = []
    for row in rows:
        if row["field"] == ALL_FIELDS:
            a, b = row["backend_a"], row["backend_b"]
            flips = tables.scores.flipped_values(reader, a, b, *scored_by, dataset)
            fields = [
                one for one in rows if (one["backend_a"], one["backend_b"]) == (a, b) and one["field"] != ALL_FIELDS
            ]
            found.append(Pair(row=row, fields=fields, flips=flips[:FLIPS], count=len(flips)))
    return found


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """Calibration of the backends of a data set: rows of `calibrations`, `reliability` and `risk_coverage`."""

    name: str
    calibrations: Sequence[Row]
    bins: Sequence[Row]
    risks: Sequence[Row]

    @property
    def accepted(self) -> list[Row]:
        """What is accepted for each wanted share of errors."""
        return [row for row in self.risks if row["target_risk"] is not None]

    @cached_property
    def charts(self) -> Mapping[str, str | None]:
        """Drawings of the reliability, and of risk against coverage, for single values."""
        points = [{"backend": row["backend"], **{name: 100 * row[name] for name in _RATES}} for row in self.bins]
        curve = [
            {"backend": row["backend"], "coverage": 100 * row["coverage"], "risk": 100 * row["risk"]}
            for row in self.risks
            if row["target_risk"] is None and row["level"] == "value" and row["risk"] is not None
        ]
        return {
            "reliability": svg(reliability_chart(points)) if points else None,
            "risk": svg(risk_chart(curve)) if curve else None,
        }


def confidence(reader: Reader, dataset: str) -> Confidence:
    """How sure the backends of a data set are, and what that is worth."""
    return Confidence(
        name=dataset,
        calibrations=reader.rows("FROM calibrations WHERE dataset = ? ORDER BY backend", [dataset]),
        bins=reader.rows("FROM reliability WHERE dataset = ? ORDER BY backend, bin", [dataset]),
        risks=reader.rows(
            "FROM risk_coverage WHERE dataset = ? ORDER BY backend, level, target_risk, accepted", [dataset]
        ),
    )


_RATES = ("confidence", "accuracy", "accuracy_low", "accuracy_high")


@dataclass(frozen=True, kw_only=True)
class History:
    """The evaluations of a data set, newest first."""

    name: str
    rows: Sequence[Row]

    @cached_property
    def chart(self) -> str | None:
        """A drawing, where there is a trend to see."""
        points = [
            {
                "backend": row["backend"],
                "evaluated_at": row["evaluated_at"].isoformat(),
                **_f1(row),
            }
            for row in self.rows
            if row["f1"] is not None
        ]
        trend = len({point["evaluated_at"] for point in points}) > 1
        return svg(history_chart(points[::-1])) if trend else None


def _f1(row: Row) -> dict[str, float]:
    """F1 and its interval in percent, as far as they are known."""
    return {name: 100 * row[name] for name in ("f1", "f1_low", "f1_high") if row[name] is not None}


def history(reader: Reader, dataset: str) -> History:
    """How F1 of all fields went."""
    rows = tables.history.history(reader, dataset, None, ALL_FIELDS)
    return History(name=dataset, rows=sorted(rows, key=lambda row: row["evaluated_at"], reverse=True))


def label_issues(reader: Reader) -> list[Row]:
    """The queue of doubtful labels, worst first."""
    return reader.rows("FROM label_issues ORDER BY score DESC, document_id, field")
