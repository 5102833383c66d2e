"""The tables `evaluation_history`, `evaluation_documents` and `evaluation_baselines`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ocr_pipeline.evaluation.ranking.history import Evaluation, HistoryEntry, HistoryRow, evaluation_of
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow

COLUMNS = {
    "evaluation_history": {
        "evaluation_id": "One backend on one data set at one time.",
        "field": "Field, or all_fields.",
        "fingerprints": "engine/extractor fingerprints of the results.",
        "documents_hash": "Hash of the ids of the documents.",
        "set_id": "Hash of the ids and labels of the documents (evaluation_documents).",
        "content": "Hash of everything that distinguishes this evaluation from another.",
        "testset": "Test set and version that was evaluated (receipts@2); empty: all labelled documents of the data set.",
        "outcomes": "A letter per document: c(orrect), w(rong), i (spurious), m(issing), b(oth empty), - not labelled.",
    },
    "evaluation_documents": {
        "set_id": "Set of documents that evaluations refer to.",
        "document_ids": "The documents, sorted.",
        "label_sha256": "Hash of the label of each.",
    },
    "evaluation_baselines": {
        "evaluation_id": "Evaluation that later ones are compared with.",
        "pinned_at": "When it was pinned (UTC).",
        "testset": "Test set that the baseline is for, without its version; empty: none.",
    },
}


class LastEvaluation(NamedTuple):
    """The last evaluation of a backend on a data set or test set. `content`: see `Evaluation.content`."""

    dataset: str
    backend: str
    testset: str
    evaluation_id: str
    content: str
    evaluated_at: datetime


class Baseline(NamedTuple):
    """The evaluation that the last one is compared with. `pinned_at`: None if it is simply the one before."""

    dataset: str
    backend: str
    testset: str
    evaluation_id: str
    evaluated_at: datetime
    pinned_at: datetime | None


def append_evaluations(warehouse: Warehouse, evaluations: Sequence[Evaluation], run_id: str) -> list[HistoryRow]:
    """Store evaluations and return the new rows of `evaluation_history`."""
    now = str(utc_now())
    rows = [row for evaluation in evaluations for row in evaluation.rows(now, run_id)]
    sets: dict[str, NewRow] = {
        evaluation.set_id: {"document_ids": evaluation.documents, "label_sha256": evaluation.label_sha256}
        for evaluation in evaluations
    }
    documents = [{"set_id": set_id, **row} for set_id, row in sets.items()]
    warehouse.replace(("set_id",), [(set_id,) for set_id in sets], {"evaluation_documents": documents})
    ids = sorted({row.evaluation_id for row in rows})
    history_rows = [vars(row) for row in rows]
    warehouse.replace(("evaluation_id",), [(key,) for key in ids], {"evaluation_history": history_rows})
    return rows


Key = tuple[str, str, str]
"""(data set, backend, test set without its version; empty: all labelled documents of the data set)."""

_OF = "split_part(testset, '@', 1)"
"""SQL: the name of a test set without its version."""


def latest_evaluations(reader: Reader) -> dict[Key, LastEvaluation]:
    """The last evaluation of each data set, backend and test set."""
    rows = reader.rows(
        f"""
        SELECT dataset, backend, {_OF} AS name, max_by(testset, evaluated_at) AS testset,
               max_by(evaluation_id, evaluated_at) AS evaluation_id,
               max_by(content, evaluated_at) AS content, max(evaluated_at) AS evaluated_at
        FROM evaluation_history GROUP BY dataset, backend, name ORDER BY dataset, backend, name
        """
    )
    return {(row["dataset"], row["backend"], row.pop("name")): LastEvaluation(**row) for row in rows}


def baselines(reader: Reader) -> dict[Key, Baseline]:
    """The baseline of the last evaluation of each data set, backend and test set; backends without one are left out.

    It is the pinned evaluation, even if that is the last one itself, or one of another version of the test set. If none is
    pinned, it is the evaluation before the last, of the same version, that was scored by the same rules.
    """
    rows = reader.rows(
        f"""
        WITH every AS (
            SELECT DISTINCT dataset, backend, testset, {_OF} AS name, evaluation_id, evaluated_at, scoring_version, rules
            FROM evaluation_history
        ), last AS (
            SELECT * FROM every
            QUALIFY row_number() OVER (PARTITION BY dataset, backend, name ORDER BY evaluated_at DESC) = 1
        ), previous AS (
            SELECT every.* FROM every JOIN last USING (dataset, backend, testset, scoring_version, rules)
            WHERE every.evaluated_at < last.evaluated_at
            QUALIFY row_number() OVER (
                PARTITION BY every.dataset, every.backend, every.testset ORDER BY every.evaluated_at DESC
            ) = 1
        )
        SELECT p.dataset, p.backend, p.testset AS name, every.testset, p.evaluation_id, every.evaluated_at, p.pinned_at
        FROM evaluation_baselines p JOIN every USING (evaluation_id)
        UNION ALL
        SELECT dataset, backend, name, testset, evaluation_id, evaluated_at, NULL FROM previous
        WHERE (dataset, backend, name) NOT IN (SELECT (dataset, backend, testset) FROM evaluation_baselines)
        ORDER BY 1, 2, 3
        """
    )
    return {(row["dataset"], row["backend"], row.pop("name")): Baseline(**row) for row in rows}


def evaluation(reader: Reader, evaluation_id: str) -> Evaluation:
    """Load one evaluation with the outcome of every value."""
    rows = [
        HistoryRow(**row) for row in reader.rows("FROM evaluation_history WHERE evaluation_id = ?", [evaluation_id])
    ]
    [documents] = reader.rows("FROM evaluation_documents WHERE set_id = ?", [rows[0].set_id])
    return evaluation_of(rows, documents["document_ids"], documents["label_sha256"])


class KnownEvaluation(NamedTuple):
    """An evaluation, and whether it is the last of its data set, backend and test set."""

    dataset: str
    backend: str
    testset: str
    evaluation_id: str
    evaluated_at: datetime
    is_last: bool


def every_evaluation(reader: Reader) -> list[KnownEvaluation]:
    """Every evaluation, oldest first."""
    return reader.select(
        KnownEvaluation,
        f"""
        WITH every AS (SELECT DISTINCT dataset, backend, testset, evaluation_id, evaluated_at FROM evaluation_history)
        SELECT *, evaluated_at = max(evaluated_at) OVER (PARTITION BY dataset, backend, {_OF}) AS is_last
        FROM every ORDER BY evaluated_at, dataset, backend
        """,
    )


@dataclass(frozen=True, kw_only=True)
class PinnableEntry(HistoryEntry):
    """One field of one evaluation, and whether the evaluation is pinned."""

    evaluated_at: datetime
    pinned: bool


def history(
    reader: Reader, dataset: str | None, backend: str | None, field: str | None, testset: str = ""
) -> list[PinnableEntry]:
    """One field (None: each) of every evaluation, oldest first, without the outcomes. `testset`: of this one, `receipts` or
    `receipts@1`; empty: of whole data sets."""
    return reader.select(
        PinnableEntry,
        f"""
        SELECT h.* EXCLUDE (outcomes), b.evaluation_id IS NOT NULL AS pinned
        FROM evaluation_history h LEFT JOIN evaluation_baselines b USING (evaluation_id)
        WHERE ($field IS NULL OR h.field = $field) AND ($dataset IS NULL OR h.dataset = $dataset)
            AND ($backend IS NULL OR h.backend = $backend) AND $testset IN (h.testset, {_OF.replace("testset", "h.testset")})
        ORDER BY h.dataset, h.backend, h.evaluated_at, h.rowid
        """,
        {"dataset": dataset, "backend": backend, "field": field, "testset": testset},
    )


@dataclass(frozen=True, kw_only=True)
class PastOutcome:
    """The outcome of one field of a document in one evaluation, as a letter."""

    evaluation_id: str
    evaluated_at: datetime
    field: str
    letter: str


def outcomes_of(reader: Reader, document_id: str, backend: str) -> list[PastOutcome]:
    """The outcomes of a document in every evaluation of `backend` that has it, oldest first."""
    return reader.select(
        PastOutcome,
        """
        SELECT h.evaluation_id, h.evaluated_at, h.field,
               substr(h.outcomes, list_position(d.document_ids, $document)::INTEGER, 1) AS letter
        FROM evaluation_history h JOIN evaluation_documents d USING (set_id)
        WHERE h.backend = $backend AND h.testset = '' AND h.outcomes IS NOT NULL
            AND list_contains(d.document_ids, $document)
        ORDER BY h.evaluated_at, h.evaluation_id
        """,
        {"document": document_id, "backend": backend},
    )


_KEY = ("dataset", "backend", "testset")


def pinned(reader: Reader) -> list[Key]:
    """The keys of all pinned baselines."""
    rows = reader.rows("FROM evaluation_baselines ORDER BY dataset, backend, testset")
    return [(row["dataset"], row["backend"], row["testset"]) for row in rows]


def pin(warehouse: Warehouse, evaluations: Sequence[KnownEvaluation]) -> None:
    """Make these evaluations baselines."""
    now = utc_now()
    keys = [(row.dataset, row.backend, row.testset.partition("@")[0]) for row in evaluations]
    rows = [
        {**dict(zip(_KEY, key, strict=True)), "evaluation_id": row.evaluation_id, "pinned_at": now}
        for key, row in zip(keys, evaluations, strict=True)
    ]
    warehouse.replace(_KEY, keys, {"evaluation_baselines": rows})


def unpin(warehouse: Warehouse, keys: Sequence[Key]) -> None:
    """Remove the baselines of these keys."""
    warehouse.replace(_KEY, keys, {"evaluation_baselines": []})
