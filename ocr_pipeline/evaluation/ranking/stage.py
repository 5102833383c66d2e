"""The evaluation stage: labels and extractions in, scores and leaderboard rows out. Never calls an engine or a model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ocr_pipeline.evaluation.ranking.history import Evaluation, evaluations
from ocr_pipeline.evaluation.ranking.leaderboard import leaderboard
from ocr_pipeline.evaluation.ranking.outcomes import outcomes_by_dataset
from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE, compare_under_rules, rule_sensitivity
from ocr_pipeline.evaluation.ranking.slices import DIMENSIONS, UNKNOWN, confidence_band, page_band, summarise_slices
from ocr_pipeline.evaluation.scoring.comparators import FieldScore
from ocr_pipeline.evaluation.scoring.document import score_document, score_lists
from ocr_pipeline.evaluation.scoring.line_items import list_counts
from ocr_pipeline.evaluation.scoring.settings import USUAL, Rules
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION, label_version
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label

Row = dict[str, Any]
Columns = Mapping[str, Any]


@dataclass(frozen=True)
class BackendScores:
    """The rows of one backend, by table. All have `document_id`, `dataset` and `backend`."""

    field_scores: list[Row] = field(default_factory=list)
    """One per labelled field of a document."""
    line_item_scores: list[Row] = field(default_factory=list)
    """One per list of a document."""
    line_item_cells: list[Row] = field(default_factory=list)
    """One per cell of a row of a list."""


def score_backend(
    backend: str,
    labels: Mapping[str, Label],
    extractions: Mapping[str, Extraction | DocumentFailure],
    datasets: Mapping[str, str],
    rules: Rules = USUAL,
    *,
    printed_dates: Mapping[str, Mapping[str, str]] | None = None,
) -> BackendScores:
    """Score every labelled document that this backend was run on. One that failed misses every value of its label.

    Args:
        datasets: the data set of each labelled document.
        printed_dates: the text that a date was read from, by document and field.
    """
    scores = BackendScores()
    for document_id, found in extractions.items():
        if document_id not in labels:
            continue
        label, extraction = labels[document_id], found if isinstance(found, Extraction) else None
        dataset = datasets[document_id]
        key = {"document_id": document_id, "dataset": dataset, "backend": backend}
        order, printed = rules.day_first(dataset), (printed_dates or {}).get(document_id)
        for score in score_document(label, extraction, rules, printed=printed, day_first=order):
            scores.field_scores.append({**key, **vars(score)})
        for name, rows in score_lists(label, extraction, rules).items():
            scores.line_item_scores.append({**key, "list": name, **list_counts(rows)})
            for row in rows:
                place = {
                    "list": name,
                    "truth_position": row.truth_position,
                    "prediction_position": row.prediction_position,
                    "row_outcome": row.outcome(),
                }
                scores.line_item_cells.extend({**key, **place, **_cell(cell)} for cell in row.cells)
    return scores


def _cell(score: FieldScore) -> Row:
    names = ("kind", "truth", "prediction", "outcome", "outcome_strict", "outcome_lenient", "anls")
    return {"column_name": score.field, **{name: getattr(score, name) for name in names}}


def labelled_datasets(labels: Mapping[str, Label], datasets: Mapping[str, str]) -> dict[str, str]:
    """The data set of every document whose label has a field. `datasets`: of every document whose file exists."""
    return {key: datasets[key] for key, label in labels.items() if label.labelled_fields and key in datasets}


def label_versions(labels: Mapping[str, Label], datasets: Mapping[str, str]) -> dict[str, str]:
    """The version of the labels of every data set. `datasets`: as `labelled_datasets` gives them."""
    return {
        dataset: label_version({key: labels[key] for key, value in datasets.items() if value == dataset})
        for dataset in sorted(set(datasets.values()))
    }


def leaderboard_rows(
    scores: Iterable[Row],
    lists: Iterable[Row],
    runs: Iterable[Row],
    labels: Mapping[str, Label],
    datasets: Mapping[str, str],
    backends: Sequence[str],
    not_run: Callable[[str, str], str | None],
    rules: Rules = USUAL,
) -> tuple[list[Row], list[Row]]:
    """The rows of `leaderboard` and `leaderboard_fields`.

    Args:
        scores: rows of `field_scores`.
        lists: rows of `line_item_scores`.
        runs: per cell of `extractions`: document_id, dataset, backend, failed, seconds, cost, reported, fingerprint.
        labels: the valid labels by document.
        datasets: the data set of each of these documents.
        backends: every configured backend.
        not_run: why a backend cannot run on a data set, (dataset, backend); None where it can.
        rules: those that the scores were made by.
    """
    runs, scores = list(runs), list(scores)
    now = datetime.now(UTC)
    versions = label_versions(labels, datasets)
    board = leaderboard(scores, runs, lists=lists, label_version=label_version(labels), evaluated_at=now)
    common = {
        "scoring_version": board.scoring_version,
        "rules": rules.fingerprint,
        "evaluated_at": now.replace(tzinfo=None).isoformat(sep=" "),
    }
    scored = {(score["document_id"], score["backend"]) for score in scores}
    rows: list[Row] = []
    for summary in board.backends:
        labelled = [key for key, dataset in datasets.items() if dataset == summary.dataset]
        rows.append(
            {
                **asdict(summary),
                **common,
                "status": "ok",
                "missing_documents": sum((key, summary.backend) not in scored for key in labelled),
                "label_version": versions.get(summary.dataset),
            }
        )
    present = {(row["dataset"], row["backend"]) for row in rows}
    rows += [
        {
            **common,
            "dataset": dataset,
            "backend": backend,
            "status": "not_run",
            "message": not_run(dataset, backend) or "not asked for yet",
            "missing_documents": sum(value == dataset for value in datasets.values()),
            "label_version": versions[dataset],
        }
        for dataset in versions
        for backend in backends
        if (dataset, backend) not in present
    ]
    return rows, [asdict(summary) for summary in board.fields]


def comparison_rows(columns: Columns, rules: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """The rows of `comparisons` and `rule_sensitivity`.

    `columns`: as `outcomes_by_dataset` takes them, with a column of outcomes for each of `rules`, the headline's among them.
    """
    by_rules = {name: outcomes_by_dataset(columns, name) for name in rules}
    compared = [
        row
        for position in range(len(by_rules[HEADLINE]))
        for row in compare_under_rules({name: cubes[position] for name, cubes in by_rules.items()})
    ]
    return [asdict(row) for row in compared], [asdict(row) for row in rule_sensitivity(compared)]


def slice_rows(
    columns: Columns, facts: Mapping[str, Mapping[str, Any]], confidences: Mapping[tuple[str, str], float]
) -> list[Row]:
    """The rows of `leaderboard_slices`.

    Args:
        columns: as `outcomes_by_dataset` takes them, with a column of the headline's outcomes.
        facts: per document: document_type, language, currency, pages and split.
        confidences: mean confidence of the engine's words by (backend, document), where there is one.
    """
    found: list[Row] = []
    for cube in outcomes_by_dataset(columns, HEADLINE):

        def slice_of(dimension: str, dataset: str, backend: str, document: str) -> str:
            if dimension == "confidence":
                return confidence_band(confidences.get((backend, document)))
            if dimension == "dataset":
                return dataset
            value = facts[document][dimension]
            return page_band(value) if dimension == "pages" else value or UNKNOWN

        for dimension in DIMENSIONS:
            found += map(asdict, summarise_slices(cube, dimension, partial(slice_of, dimension, cube.dataset)))
    return found


def new_evaluations(
    columns: Columns,
    label_sha256: Mapping[str, str],
    runs: Iterable[Row],
    versions: Mapping[str, str],
    latest: Mapping[tuple[str, str], Mapping[str, Any]],
    rules: Rules = USUAL,
) -> list[Evaluation]:
    """The evaluations that say something else than the last one of their data set and backend.

    Args:
        columns: as `outcomes_by_dataset` takes them, with a column of the headline's outcomes.
        label_sha256: by document.
        runs: as in `leaderboard_rows`.
        versions: of the labels, by data set.
        latest: what was evaluated last, with its `content`, by (dataset, backend).
        rules: those that the scores were made by.
    """
    fingerprints = {(run["backend"], run["document_id"]): run["fingerprint"] for run in runs}
    found = [
        one
        for cube in outcomes_by_dataset(columns, HEADLINE)
        for one in evaluations(
            cube, label_sha256, fingerprints, versions[cube.dataset], SCORING_VERSION, rules.fingerprint
        )
    ]
    return [one for one in found if latest.get((one.dataset, one.backend), {}).get("content") != one.content]
