"""The scores of a study's data set as the questions of a study ask for them: who has which value right, under which rules."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.evaluation.statistics.significance import holm, mcnemar
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Extraction, Label
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.opened import open_warehouse
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow
from ocr_pipeline.warehouse.tables.diagnosis import WrongValueRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.ranking import BoardRow, FieldRow

FIELDS = ("total_amount", "invoice_date", "supplier_name", "supplier_address")
"""The labelled fields of SROIE, the first three of which are the core."""
NAMES = dict(zip(FIELDS, ("total", "date", "supplier", "address"), strict=True))

Rule = Callable[[StoredScore], bool]
RULES: Mapping[str, Rule] = {
    "strict": lambda score: score.outcome_strict == "correct",
    "exact (headline)": lambda score: score.outcome == "correct",
    "within 0.05": lambda score: score.outcome == "correct" or bool(score.within_0_05),
    "within 1 %": lambda score: score.outcome == "correct" or bool(score.within_1_percent),
    "lenient": lambda score: score.outcome_lenient == "correct",
}
EXACT = RULES["exact (headline)"]


@dataclass(frozen=True)
class Pair:
    """Two backends and one field, on the documents that both ran on: values that only one has right, and McNemar's exact p."""

    a: str
    b: str
    field: str
    only_a: int
    only_b: int
    p: float


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything of one data set, by backend. `boards`: best first. `confidences`: the backend's own scores. `asked`: number
    of documents whose answer cost money or has an unknown cost, so that a paid system was asked."""

    dataset: str
    boards: Sequence[BoardRow]
    not_run: Sequence[BoardRow]
    fields: Mapping[tuple[str, str], FieldRow]
    scores: Mapping[str, Mapping[tuple[str, str], StoredScore]]
    comparisons: Sequence[ComparisonRow]
    attributions: Sequence[WrongValueRow]
    confidences: Mapping[str, Mapping[tuple[str, str], float]]
    asked: Mapping[str, int]
    labels: Mapping[str, Label]
    extractions: Mapping[str, Mapping[str, Extraction | object]]

    @property
    def backends(self) -> list[str]:
        return [board.backend for board in self.boards]

    def pair(self, a: str, b: str, field: str, rule: Rule = EXACT) -> Pair:
        first, second = self.scores[a], self.scores[b]
        keys = [key for key in first.keys() & second.keys() if key[1] == field]
        only_a = sum(rule(first[key]) and not rule(second[key]) for key in keys)
        only_b = sum(rule(second[key]) and not rule(first[key]) for key in keys)
        return Pair(a, b, field, only_a, only_b, mcnemar(only_a, only_b))

    def right(self, backend: str, field: str, rule: Rule = EXACT) -> tuple[int, int]:
        """How many of the labelled values are right, and how many there are."""
        of_field = [score for (_, name), score in self.scores[backend].items() if name == field and score.truth]
        return sum(map(rule, of_field)), len(of_field)

    def all_right(self, backend: str, fields: Sequence[str] = FIELDS) -> tuple[int, int]:
        """Documents in which all of these fields that are labelled are right."""
        found: dict[str, bool] = {}
        for (document, field), score in self.scores[backend].items():
            if field in fields:
                found[document] = found.get(document, True) and score.is_right
        return sum(found.values()), len(found)


def with_holm(pairs: Sequence[Pair]) -> list[tuple[Pair, float]]:
    """The pairs with p corrected within this family."""
    return list(zip(pairs, holm([pair.p for pair in pairs]), strict=True))


def _paid_for(cells: Mapping[str, ExtractionCell], documents: Collection[str]) -> int:
    return sum(cell.cost_usd != 0 for key, cell in cells.items() if key in documents)


def load_results(project: Project, dataset: str) -> Results:
    """Load what `run` computed, current scores only."""
    scoring = scoring_of(project)
    with open_warehouse(project).snapshot() as reader:
        boards = tables.ranking.leaderboard(reader, dataset)
        fields = {(row.backend, row.field): row for row in tables.ranking.leaderboard_fields(reader, dataset)}
        scores: dict[str, dict[tuple[str, str], StoredScore]] = {}
        for score in tables.scores.current(reader, scoring):
            if score.dataset == dataset:
                scores.setdefault(score.backend, {})[score.document_id, score.field] = score
        ran = [row for row in boards if row.backend in scores]
        documents = {key for of_backend in scores.values() for key, _ in of_backend}
        every = tables.labels.valid_labels(reader)
        return Results(
            dataset=dataset,
            boards=sorted(ran, key=lambda row: -(fields[row.backend, "all_fields"].f1 or 0)),
            not_run=[row for row in boards if row.backend not in scores],
            fields=fields,
            scores=scores,
            comparisons=tables.comparisons.comparisons(reader, None, None, dataset=dataset),
            attributions=tables.diagnosis.current_attributions(reader, scoring, {"dataset": dataset}),
            confidences={
                name: {
                    key: found.score
                    for key, found in tables.evidence.evidence(reader, name).items()
                    if key in scores[name]
                }
                for name in scores
            },
            asked={name: _paid_for(tables.extractions.extraction_cells(reader, name), documents) for name in scores},
            labels={key: every[key] for key in documents if key in every},
            extractions={name: tables.extractions.extractions(reader, name) for name in scores},
        )
