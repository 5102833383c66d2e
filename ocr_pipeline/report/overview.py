"""What the pages about whole data sets show: scores, confidence, history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ocr_pipeline.evaluation.diagnosis.attribution import STAGES
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.repeats import Spread
from ocr_pipeline.evaluation.statistics.proof import percent
from ocr_pipeline.inspection import current
from ocr_pipeline.inspection.answer import MIN_VALUES, answer
from ocr_pipeline.inspection.repeats import Spreads, spreads
from ocr_pipeline.inspection.review import ReviewSet, reviews
from ocr_pipeline.report.charts import (
    Point,
    history_chart,
    pareto_chart,
    reliability_chart,
    risk_chart,
    scores_chart,
    trend_chart,
)
from ocr_pipeline.report.drawing import svg
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.confidence import CalibrationRow, ReliabilityRow, RiskRow
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.history import PinnableEntry
from ocr_pipeline.warehouse.tables.places import EvidenceBoardRow
from ocr_pipeline.warehouse.tables.ranking import BoardRow, FieldRow
from ocr_pipeline.warehouse.tables.work import DayOfWork

_STAGE_OF = {str(attribution): stage for attribution, stage in STAGES.items()}


@dataclass(frozen=True, kw_only=True)
class Board(BoardRow):
    """A backend that was run: `all` is its row for all fields together, `attributions` counts wrong values by stage."""

    all: FieldRow
    attributions: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """One data set. `boards`: the backends that were run, best first; `heat`: F1 by field and backend."""

    name: str
    documents: int
    boards: Sequence[Board]
    not_run: Sequence[BoardRow]
    fields: Sequence[str]
    heat: Mapping[tuple[str, str], FieldRow]
    stages: Sequence[str]
    evidence: Sequence[EvidenceBoardRow]
    """Where values were read, by backend and field, of labels with places."""
    answer: str | None
    """Which backend reads best, as a sentence."""
    spreads: Sequence[Spread]
    """Of backends whose model was asked several times."""

    @property
    def is_large_enough(self) -> bool:
        """Whether there are labels enough to call backends Pareto-optimal."""
        return _has_enough_labels(self.boards)

    @property
    def reads_more_than_pages(self) -> bool:
        return any(board.reads_more_than_pages for board in self.boards)

    @cached_property
    def charts(self) -> Mapping[str, str | None]:
        """Drawings of scores, and of scores against seconds and cost if these are known."""
        return _board_charts(self.boards)


def data_sets(
    reader: Reader, scoring: Scoring, only: str | None = None, competitors: Collection[str] = ()
) -> list[DataSet]:
    """Every data set that has labels and current scores, by name. `competitors`: backends that may be called the best."""
    board = current.leaderboard(reader, scoring, only)
    stages = _errors_by_stage(reader, scoring)
    pairs = current.comparisons(reader, scoring, dataset=only, field=ALL_FIELDS).rows
    names = sorted({row.dataset for row in board.boards if row.status == "ok" and row.labelled_documents})
    spread = spreads(reader, only)
    return [
        _data_set(
            name,
            board,
            stages.get(name, {}),
            answer(name, board.boards, board.fields, pairs, competitors, spread),
            spread,
        )
        for name in names
    ]


def _errors_by_stage(reader: Reader, scoring: Scoring) -> dict[str, dict[str, dict[str, int]]]:
    """How many values are wrong, by data set, backend and the stage that caused it."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for row in tables.listed.attribution_counts(reader, scoring):
        of_backend = counts.setdefault(row.dataset, {}).setdefault(row.backend, {})
        stage = _STAGE_OF[row.attribution]
        of_backend[stage] = of_backend.get(stage, 0) + row.number
    return counts


def unlabelled(reader: Reader, only: str | None = None) -> dict[str, int]:
    """By data set that was read and has no label, the number of its documents."""
    labelled = tables.labels.labelled_documents(reader)
    read = tables.work.documents_read(reader)
    return {name: count for name, count in read.items() if only in (None, name) and not labelled.get(name)}


def _has_enough_labels(boards: Sequence["Board"]) -> bool:
    return max((board.all.n for board in boards), default=0) >= MIN_VALUES


def _data_set(
    name: str,
    board: current.Leaderboard,
    stages: Mapping[str, Mapping[str, int]],
    sentence: str | None,
    spread: Spreads,
) -> DataSet:
    """`stages`: by backend and stage, how many values it got wrong."""
    boards, fields = board.boards, board.fields
    by_cell = {(row.field, row.backend): row for row in fields if row.dataset == name}
    ran = [
        Board(**vars(board), all=by_cell[ALL_FIELDS, board.backend], attributions=stages.get(board.backend, {}))
        for board in boards
        if board.dataset == name and board.status == "ok" and (ALL_FIELDS, board.backend) in by_cell
    ]
    ran.sort(key=lambda board: -(board.all.f1 or 0))
    return DataSet(
        name=name,
        documents=max((board.labelled_documents or 0 for board in ran), default=0),
        boards=ran,
        not_run=[board for board in boards if board.dataset == name and board.status != "ok"],
        fields=list(dict.fromkeys(field for field, _ in by_cell)),
        heat=by_cell,
        evidence=board.evidence_of(name),
        answer=sentence,
        spreads=spread.of_dataset(name),
        stages=[stage for stage in dict.fromkeys(STAGES.values()) if any(stage in of for of in stages.values())],
    )


def _board_charts(boards: Sequence[Board]) -> dict[str, str | None]:
    points = [
        {
            "backend": board.backend,
            "pareto": bool(board.pareto) and _has_enough_labels(boards),
            "seconds": _as_drawn(board.seconds_per_document),
            "cost": _as_drawn(board.cost_per_document),
            **_f1(board.all),
        }
        for board in boards
        if board.all.f1 is not None
    ]
    timed = [point for point in points if point["seconds"]]
    known = [point for point in points if point["cost"] is not None]
    priced = known if any(point["cost"] for point in points) else []
    return {
        "scores": svg(scores_chart(points)) if points else None,
        "seconds": svg(pareto_chart(timed, "seconds", "seconds per document")) if timed else None,
        "cost": svg(pareto_chart(priced, "cost", "US dollars per document")) if priced else None,
    }


def _as_drawn(figure: float | None) -> float | None:
    """To three digits, a pixel on these axes: one document that was read again takes another millisecond, for which no chart
    has to be drawn again."""
    return None if figure is None else float(f"{figure:.3g}")


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """Calibration of the backends of a data set."""

    name: str
    calibrations: Sequence[CalibrationRow]
    bins: Sequence[ReliabilityRow]
    risks: Sequence[RiskRow]
    review: ReviewSet | None
    """What is accepted without a look, and what is to be looked at."""
    percent = staticmethod(percent)

    @cached_property
    def charts(self) -> Mapping[str, str | None]:
        """Drawings of the reliability, and of risk against coverage, for single values."""
        points = [{"backend": row.backend, **{name: 100 * getattr(row, name) for name in _RATES}} for row in self.bins]
        curve: list[Point] = [
            {"backend": row.backend, "coverage": 100 * row.coverage, "risk": 100 * row.risk}
            for row in self.risks
            if row.target_risk is None and row.level == "value" and row.risk is not None
        ]
        return {
            "reliability": svg(reliability_chart(points)) if points else None,
            "risk": svg(risk_chart(curve)) if curve else None,
        }


def confidence(reader: Reader, dataset: str, scoring: Scoring) -> Confidence:
    """The calibrations of the backends of a data set."""
    found = current.confidences(reader, scoring, {"dataset": dataset})
    review = next(iter(reviews(reader, scoring, dataset).sets), None)
    return Confidence(
        name=dataset, calibrations=found.calibrations, bins=found.reliability, risks=found.risk_coverage, review=review
    )


_RATES = ("confidence", "accuracy", "accuracy_low", "accuracy_high")


@dataclass(frozen=True, kw_only=True)
class History:
    """The evaluations of a data set, newest first."""

    name: str
    rows: Sequence[PinnableEntry]
    days: Sequence[DayOfWork]

    @cached_property
    def trends(self) -> Mapping[str, str | None]:
        """Drawings of seconds and of cost per document by day; None without a trend to see."""
        return {
            what: _trend(self.days, what, title)
            for what, title in (("seconds", "seconds per document"), ("cost_usd", "US dollars per document"))
        }

    @cached_property
    def chart(self) -> str | None:
        """A drawing; None without a trend to see."""
        points: list[Point] = [
            {"backend": row.backend, "evaluated_at": row.evaluated_at.isoformat(), **_f1(row)}
            for row in self.rows
            if row.f1 is not None
        ]
        trend = len({point["evaluated_at"] for point in points}) > 1
        return svg(history_chart(points[::-1])) if trend else None


def _trend(days: Sequence[DayOfWork], what: str, title: str) -> str | None:
    points: list[Point] = [
        {"backend": row.backend, "day": row.day.isoformat(), what: getattr(row, what)}
        for row in days
        if getattr(row, what) is not None
    ]
    seen = len({point["day"] for point in points}) > 1 and any(point[what] for point in points)
    return svg(trend_chart(points, what, title)) if seen else None


class _WithF1(Protocol):
    @property
    def f1(self) -> float | None: ...

    @property
    def f1_low(self) -> float | None: ...

    @property
    def f1_high(self) -> float | None: ...


def _f1(row: _WithF1) -> dict[str, float]:
    """F1 and its interval in percent, as far as they are known."""
    values = {"f1": row.f1, "f1_low": row.f1_low, "f1_high": row.f1_high}
    return {name: 100 * value for name, value in values.items() if value is not None}


def history(reader: Reader, dataset: str) -> History:
    """F1 of all fields, seconds and cost over time."""
    rows = tables.history.history(reader, dataset, None, ALL_FIELDS)
    days = tables.work.days_of_work(reader, dataset)
    return History(name=dataset, rows=sorted(rows, key=lambda row: row.evaluated_at, reverse=True), days=days)
