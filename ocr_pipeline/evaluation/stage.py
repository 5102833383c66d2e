"""The evaluation stage: labels and extractions in, scores and leaderboard rows out. Never calls an engine or a model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from ocr_pipeline.evaluation.aggregate import leaderboard
from ocr_pipeline.evaluation.compare import FieldScore
from ocr_pipeline.evaluation.line_items import list_counts
from ocr_pipeline.evaluation.rules import USUAL, Rules
from ocr_pipeline.evaluation.score import score_document, score_lists
from ocr_pipeline.evaluation.version import label_version
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label

Row = dict[str, Any]


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
    versions = {
        dataset: label_version({key: label for key, label in labels.items() if datasets[key] == dataset})
        for dataset in sorted(set(datasets.values()))
    }
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
