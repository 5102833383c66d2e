"""What was computed from scores, as far as it is current, with a notice about what is stale.

Every view of scores (terminal, report) loads them here: `tables.scores` defines which are current.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocr_pipeline.inspection.configured import configured
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import ScoreStates, Scoring

if TYPE_CHECKING:
    from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow, SensitivityRow
    from ocr_pipeline.warehouse.tables.confidence import CalibrationRow, ReliabilityRow, RiskRow
    from ocr_pipeline.warehouse.tables.places import EvidenceBoardRow
    from ocr_pipeline.warehouse.tables.ranking import BoardRow, FieldRow, SliceRow


def scoring_of(project: Project) -> Scoring:
    """What a score must be made by today to be current.

    Raises:
        ConfigurationError: backends.yaml or evaluation.yaml is invalid.
    """
    known = configured(project)
    return Scoring(tuple(known.engines), known.rules, own=known.own)


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """`stale`: nothing is shown because everything is stale."""

    boards: "Sequence[BoardRow]"
    fields: "Sequence[FieldRow]"
    evidence: "Sequence[EvidenceBoardRow]"
    notice: str | None
    stale: bool

    def evidence_of(self, dataset: str) -> "list[EvidenceBoardRow]":
        """The evidence scores of a data set."""
        return [row for row in self.evidence if row.dataset == dataset]


def leaderboard(reader: Reader, scoring: Scoring, dataset: str | None = None) -> Leaderboard:
    states, every = tables.current.states(reader, scoring), tables.ranking.leaderboard(reader, dataset)
    boards = [row for row in every if _is_current(row, states, scoring)]
    shown = {(row.dataset, row.backend) for row in boards}
    fields = [row for row in tables.ranking.leaderboard_fields(reader, dataset) if (row.dataset, row.backend) in shown]
    evidence = tables.places.leaderboard_evidence(reader, dataset)
    outdated = len(boards) < len(every)
    return Leaderboard(
        boards=boards,
        fields=fields,
        evidence=[row for row in evidence if (row.dataset, row.backend) in shown],
        notice=states.notice(dataset, outdated=outdated),
        stale=bool(every) and not boards,
    )


def _is_current(row: "BoardRow", states: ScoreStates, scoring: Scoring) -> bool:
    by_other_rules = row.rules not in (None, scoring.rules) or row.scoring_version not in (None, scoring.version)
    return not by_other_rules and states.is_current(row.dataset, row.backend, computed_at=row.evaluated_at)


@dataclass(frozen=True, kw_only=True)
class Slices:
    rows: "Sequence[SliceRow]"
    notice: str | None
    stale: bool


def slices(reader: Reader, scoring: Scoring, dimension: str, dataset: str | None) -> Slices:
    board = leaderboard(reader, scoring, dataset)
    shown = {(row.dataset, row.backend) for row in board.boards}
    every = tables.ranking.slices(reader, dimension, dataset)
    rows = [row for row in every if (row.dataset, row.backend) in shown]
    return Slices(rows=rows, notice=board.notice, stale=bool(every) and not rows)


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    rows: "Sequence[ComparisonRow]"
    sensitivity: "Sequence[SensitivityRow]"
    notice: str | None
    stale: bool


def comparisons(
    reader: Reader,
    scoring: Scoring,
    *,
    pair: tuple[str, str] | None = None,
    dataset: str | None = None,
    field: str | None = None,
    field_of_rules: str | None = None,
) -> Comparisons:
    """Every pair, or one with its first backend as A. `field_of_rules`: sensitivity of this field only."""
    states = tables.current.states(reader, scoring)
    every = tables.comparisons.comparisons(reader, *(pair or (None, None)), dataset=dataset, field=field)
    rows = [
        row
        for row in every
        if states.is_current(row.dataset, row.backend_a, row.backend_b, computed_at=row.evaluated_at)
    ]
    shown = {row.dataset for row in rows}
    sensitivity = [] if pair else tables.comparisons.rule_sensitivity(reader, dataset, field_of_rules)
    return Comparisons(
        rows=rows,
        sensitivity=[row for row in sensitivity if row.dataset in shown],
        notice=states.notice(dataset, outdated=len(rows) < len(every)),
        stale=bool(every) and not rows,
    )


@dataclass(frozen=True, kw_only=True)
class Confidences:
    calibrations: "Sequence[CalibrationRow]"
    reliability: "Sequence[ReliabilityRow]"
    risk_coverage: "Sequence[RiskRow]"
    notice: str | None
    stale: bool


def confidences(reader: Reader, scoring: Scoring, filters: Mapping[str, str]) -> Confidences:
    """`filters`: `dataset` or `backend` and its value."""
    states, every = tables.current.states(reader, scoring), tables.confidence.calibrations(reader, filters)
    shown = [row for row in every if states.is_current(row.dataset, row.backend, computed_at=row.computed_at)]
    keys = {(row.dataset, row.backend) for row in shown}
    return Confidences(
        calibrations=shown,
        reliability=[
            row for row in tables.confidence.reliability(reader, filters) if (row.dataset, row.backend) in keys
        ],
        risk_coverage=[
            row for row in tables.confidence.risk_coverage(reader, filters) if (row.dataset, row.backend) in keys
        ],
        notice=states.notice(filters.get("dataset"), outdated=len(shown) < len(every)),
        stale=bool(every) and not shown,
    )
