"""Outcomes for tests, written as letters: c(orrect), w(rong), i: spurious, m(issing), b(oth empty), - not scored."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import numpy as np

from ocr_pipeline.evaluation.ranking.columns import CODES, FLAGS, NAMED, READS, ScoreColumns
from ocr_pipeline.evaluation.ranking.outcomes import Outcomes, from_letters
from ocr_pipeline.evaluation.scoring.stage import StoredScore
from ocr_pipeline.evaluation.statistics.counts import Outcome

FIELDS = ("total_amount", "invoice_date", "supplier_name")


def cube(*backends: list[str], names: str = "abcdefgh", dataset: str = "demo") -> Outcomes:
    """One list per backend, of one word per document with one letter per field of `FIELDS`."""
    codes = np.array([[from_letters(word) for word in documents] for documents in backends], np.int8)
    documents = tuple(f"d{number:03}" for number in range(codes.shape[1]))
    return Outcomes(dataset, tuple(names[: len(backends)]), documents, FIELDS[: codes.shape[2]], codes)


def columns(*cubes: Outcomes) -> ScoreColumns:
    """The outcomes as columns, by the rules of the headline."""
    return encoded(
        {
            "dataset": cube.dataset,
            "backend": backend,
            "document_id": document,
            "field": field,
            "headline": get_args(Outcome)[code - 1],
        }
        for cube in cubes
        for backend, of_backend in zip(cube.backends, cube.codes, strict=True)
        for document, of_document in zip(cube.documents, of_backend, strict=True)
        for field, code in zip(cube.fields, of_document, strict=True)
        if code
    )


def score_columns(scores: Iterable[StoredScore]) -> ScoreColumns:
    """Scores as columns."""
    return encoded(score._asdict() for score in scores)


def encoded(rows: Iterable[Mapping[str, Any]]) -> ScoreColumns:
    """Rows as columns, as `warehouse.tables.scores` loads them."""
    every = list(rows)
    columns: dict[str, Any] = {}
    names: dict[str, list[str]] = {}
    for name in every[0] if every else ():
        values = [row[name] for row in every]
        if name in NAMED:
            names[name] = sorted(set(values))
            columns[name] = np.array([names[name].index(value) for value in values], np.int32)
        elif name.startswith("outcome") or name == "headline":
            columns[name] = np.array([CODES.get(value, 0) for value in values], np.int8)
        elif name == "printed_reads":
            columns[name] = np.array([READS.get(value, 0) for value in values], np.int8)
        elif name in FLAGS or name == "anls":
            columns[name] = np.array([np.nan if value is None else value for value in values])
    metrics = {number: row["metrics"] for number, row in enumerate(every) if row.get("metrics")}
    return ScoreColumns(columns=columns, names=names, metrics=metrics)
