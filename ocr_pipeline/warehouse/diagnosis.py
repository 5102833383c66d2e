"""What the diagnosis reads: values, evidence and words, for many documents at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ocr_pipeline.warehouse.warehouse import Reader

Values = dict[str, dict[str, dict[str, str]]]


def extracted_values(reader: Reader, backends: Sequence[str]) -> Values:
    """What the backends gave: document -> backend -> field -> value. A document without any value has an empty one; one
    that failed in a backend has none of that backend."""
    values: Values = defaultdict(dict)
    for row in reader.rows(
        """
        SELECT e.document_id, e.backend, f.field, f.value FROM extractions e
        LEFT JOIN extracted_fields f USING (document_id, backend)
        JOIN documents d USING (document_id)
        WHERE e.status = 'ok' AND e.backend IN (SELECT unnest(?)) AND d.reason IS DISTINCT FROM 'missing_file'
        """,
        [list(backends)],
    ):
        of_backend = values[row["document_id"]].setdefault(row["backend"], {})
        if row["field"] is not None:
            of_backend[row["field"]] = row["value"]
    order = {backend: position for position, backend in enumerate(backends)}
    return {key: dict(sorted(found.items(), key=lambda item: order[item[0]])) for key, found in sorted(values.items())}


def groups(reader: Reader) -> dict[str, str]:
    """The group of copies of each document that has copies."""
    return {row["document_id"]: row["group_id"] for row in reader.rows("SELECT document_id, group_id FROM duplicates")}


def reviewed(reader: Reader) -> set[tuple[str, str]]:
    """(document, field) of every label that a person has decided about."""
    rows = reader.rows("SELECT document_id, field FROM ground_truth WHERE decision IS NOT NULL")
    return {(row["document_id"], row["field"]) for row in rows}


def evidence(reader: Reader, backend: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Words, score, method and correction by (document, field), single-valued fields only."""
    rows = reader.rows(
        "SELECT document_id, field, words, score, method, correction FROM evidence"
        " WHERE backend = ? AND NOT contains(field, '.')",
        [backend],
    )
    return {(row["document_id"], row["field"]): row for row in rows}


def failures(reader: Reader, backend: str) -> dict[str, str]:
    """Why the backend has no result, by document; the engine's reason, where that failed."""
    rows = reader.rows(
        """
        SELECT e.document_id, coalesce(o.reason, e.reason) AS reason FROM extractions e
        LEFT JOIN ocr_text o ON o.document_id = e.document_id AND o.engine = e.engine AND e.reason = 'ocr_failed'
        WHERE e.backend = ? AND e.status = 'failed'
        """,
        [backend],
    )
    return {row["document_id"]: row["reason"] for row in rows}


def readings(reader: Reader) -> dict[str, str]:
    """By document, which results of the engines there are: another text where one of them read something else."""
    rows = reader.rows(
        """
        SELECT document_id, string_agg(engine || '=' || coalesce(result_key, status), ' ' ORDER BY engine) AS results
        FROM ocr_text GROUP BY document_id
        """
    )
    return {row["document_id"]: row["results"] for row in rows}


def margins(reader: Reader, backend: str) -> dict[tuple[str, str], float]:
    """How far the chosen candidate is ahead of the best other value, in units of its score, by (document, field).

    Negative where another one has the higher score. A field without a rival has none.
    """
    rows = reader.rows(
        """
        SELECT c.document_id, c.field, min(c.score) - max(r.score) AS lead
        FROM candidates c JOIN candidates r ON r.document_id = c.document_id AND r.backend = c.backend
            AND r.field = c.field AND r.value <> c.value
        WHERE c.backend = ? AND c.chosen GROUP BY c.document_id, c.field
        """,
        [backend],
    )
    return {(row["document_id"], row["field"]): row["lead"] for row in rows}


def logprobs(reader: Reader, backend: str) -> dict[tuple[str, str], float]:
    """How sure the model was of each value: natural logarithm of its probability, by (document, field)."""
    rows = reader.rows("SELECT document_id, field, logprob FROM value_logprobs WHERE backend = ?", [backend])
    return {(row["document_id"], row["field"]): row["logprob"] for row in rows}


def word_confidences(reader: Reader, backend: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean and lowest confidence of the words that each value was read from, by (document, field)."""
    rows = reader.rows(
        """
        SELECT e.document_id, e.field, avg(w.confidence) AS mean, min(w.confidence) AS lowest
        FROM (SELECT document_id, backend, field, unnest(words) AS word FROM evidence
              WHERE backend = ? AND NOT contains(field, '.')) e
        JOIN extractions x ON x.document_id = e.document_id AND x.backend = e.backend
        JOIN ocr_words w ON w.document_id = e.document_id AND w.engine = x.engine AND w.word = e.word
        WHERE w.confidence IS NOT NULL GROUP BY e.document_id, e.field
        """,
        [backend],
    )
    return {(row["document_id"], row["field"]): (row["mean"], row["lowest"]) for row in rows}
