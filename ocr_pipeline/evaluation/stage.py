"""The evaluation stage: labels and extractions in, scores and leaderboard rows out. Never calls an engine or a model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ocr_pipeline.evaluation.aggregate import leaderboard
from ocr_pipeline.evaluation.score import score_document
from ocr_pipeline.evaluation.version import label_version
from ocr_pipeline.schemas import DocumentFailure, Extraction, Label

Row = dict[str, Any]


def score_backend(
    backend: str, labels: Mapping[str, Label], extractions: Mapping[str, Extraction | DocumentFailure]
) -> list[Row]:
    """One row per labelled field of every document that this backend was run on. A failed document misses them all."""
    return [
        {"document_id": document_id, "backend": backend, **asdict(score)}
        for document_id, found in extractions.items()
        if document_id in labels
        for score in score_document(labels[document_id], found if isinstance(found, Extraction) else None)
    ]


def labelled_datasets(labels: Mapping[str, Label], documents: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The data set of every document that can be scored: its file is there, and its label speaks about some field.

    `documents`: the rows of `documents` by document.
    """
    return {
        key: documents[key]["dataset"]
        for key, label in labels.items()
        if label.labelled_fields and key in documents and documents[key]["reason"] != "missing_file"
    }


def label_versions(labels: Mapping[str, Label], datasets: Mapping[str, str]) -> dict[str, str]:
    """The version of the labels of every data set. `datasets`: as `labelled_datasets` gives them."""
    return {
        dataset: label_version({key: labels[key] for key, value in datasets.items() if value == dataset})
        for dataset in sorted(set(datasets.values()))
    }


def leaderboard_rows(
    scores: Iterable[Row],
    runs: Iterable[Row],
    labels: Mapping[str, Label],
    datasets: Mapping[str, str],
    backends: Sequence[str],
    not_run: Callable[[str, str], str | None],
) -> tuple[list[Row], list[Row]]:
    """The rows of `leaderboard` and `leaderboard_fields`.

    Args:
        scores: rows of `field_scores`.
        runs: per cell of `extractions`: document_id, dataset, backend, failed, seconds, cost, reported, fingerprint.
        labels: the valid labels by document.
        datasets: the data set of each of these documents.
        backends: every configured backend.
        not_run: why a backend cannot run on a data set, (dataset, backend); None where it can.
    """
    runs, scores = list(runs), list(scores)
    now = datetime.now(UTC)
    versions = label_versions(labels, datasets)
    board = leaderboard(scores, runs, label_version=label_version(labels), evaluated_at=now)
    common = {
        "scoring_version": board.scoring_version,
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
    return rows, [asdict(field) for field in board.fields]
