"""Queries of comparisons, slices and history."""

from collections.abc import Sequence
from typing import Any

from ocr_pipeline.evaluation.ranking.history import Evaluation, evaluation_of
from ocr_pipeline.evaluation.ranking.pairwise import Comparison
from ocr_pipeline.warehouse.queries import CURRENT_SCORES
from ocr_pipeline.warehouse.warehouse import Columns, Reader

RULES = {
    "headline": "s.outcome",
    "strict": "s.outcome_strict",
    "lenient": "s.outcome_lenient",
    "within_0_05": "CASE WHEN s.outcome = 'wrong' AND s.within_0_05 THEN 'correct' ELSE s.outcome END",
}
"""The outcome of a value under each set of rules, in SQL. The headline's, which are the normalised ones, first.

`within_0_05` stands between them and the lenient ones: cash rounding, and no share of the amount.
"""


def outcome_columns(
    reader: Reader, backends: Sequence[str], scoring_version: int, rules: str, levels: Sequence[str] = ("headline",)
) -> Columns:
    """`dataset`, `document_id`, `backend`, `field` of every current score, and its outcome by each of `levels` of `RULES`.

    `rules`: the fingerprint of the rules that the scores were made by.
    """
    outcomes = ", ".join(f'{RULES[name]} AS "{name}"' for name in levels)
    return reader.columns(
        f"SELECT s.dataset, s.document_id, s.backend, s.field, {outcomes} FROM {CURRENT_SCORES}",  # noqa: S608 - ours
        {"backends": list(backends), "scoring_version": scoring_version, "rules": rules},
    )


def flipped_values(
    reader: Reader,
    backend_a: str,
    backend_b: str,
    scoring_version: int,
    rules: str,
    dataset: str,
    field: str | None = None,
) -> list[dict[str, Any]]:
    """Values that exactly one of two backends has right, with what each gave: document_id, field, truth, prediction_a,
    prediction_b, right ('a' or 'b'). Those that only A has right come first."""
    return reader.rows(
        f"""
        WITH current AS (
            SELECT s.*, s.outcome IN ('correct', 'both_empty') AS is_right FROM {CURRENT_SCORES} AND s.dataset = $dataset
        )
        SELECT a.document_id, a.field, coalesce(a.truth, b.truth) AS truth,
               a.prediction AS prediction_a, b.prediction AS prediction_b,
               CASE WHEN a.is_right THEN 'a' ELSE 'b' END AS "right"
        FROM current a JOIN current b USING (document_id, field)
        WHERE a.backend = $backend_a AND b.backend = $backend_b AND a.is_right <> b.is_right
            AND ($field IS NULL OR field = $field)
        ORDER BY 6, document_id, field
        """,  # noqa: S608 - the text is this module's own
        {
            "backends": [backend_a, backend_b],
            "scoring_version": scoring_version,
            "rules": rules,
            "dataset": dataset,
            "backend_a": backend_a,
            "backend_b": backend_b,
            "field": field,
        },
    )


def document_facts(reader: Reader) -> dict[str, dict[str, Any]]:
    """What slices are made by, per document: document_type and currency as labelled, language, split, pages."""
    rows = reader.rows(
        """
        SELECT d.document_id, d.pages, l.language, coalesce(u.split, l.split) AS split,
               t.value AS document_type, c.value AS currency
        FROM documents d
        JOIN labels l USING (document_id)
        LEFT JOIN duplicates u USING (document_id)
        LEFT JOIN ground_truth t ON t.document_id = d.document_id AND t.field = 'document_type'
        LEFT JOIN ground_truth c ON c.document_id = d.document_id AND c.field = 'currency'
        """
    )
    return {row["document_id"]: row for row in rows}


def confidences(reader: Reader, backends: Sequence[str]) -> dict[tuple[str, str], float]:
    """The mean confidence of the words that the engine of a backend read, by (backend, document), where it gives one."""
    rows = reader.rows(
        """
        SELECT e.backend, e.document_id, o.mean_confidence FROM extractions e
        JOIN ocr_text o ON o.document_id = e.document_id AND o.engine = e.engine
        WHERE o.mean_confidence IS NOT NULL AND e.backend IN (SELECT unnest(?))
        """,
        [list(backends)],
    )
    return {(row["backend"], row["document_id"]): row["mean_confidence"] for row in rows}


def latest_evaluations(reader: Reader) -> dict[tuple[str, str], dict[str, Any]]:
    """evaluation_id, content and evaluated_at of the last evaluation of each (dataset, backend)."""
    rows = reader.rows(
        """
        SELECT dataset, backend, max_by(evaluation_id, evaluated_at) AS evaluation_id,
               max_by(content, evaluated_at) AS content, max(evaluated_at) AS evaluated_at
        FROM evaluation_history GROUP BY dataset, backend ORDER BY dataset, backend
        """
    )
    return {(row["dataset"], row["backend"]): row for row in rows}


def baselines(reader: Reader) -> dict[tuple[str, str], dict[str, Any]]:
    """What the last evaluation of each (dataset, backend) is held against: evaluation_id, evaluated_at, and pinned_at.

    The pinned one; where none is pinned (pinned_at is NULL), the one before the last that was scored by the same rules.
    The last itself where it is pinned. Left out: a backend with neither.
    """
    rows = reader.rows(
        """
        WITH every AS (
            SELECT DISTINCT dataset, backend, evaluation_id, evaluated_at, scoring_version, rules
            FROM evaluation_history
        ), last AS (
            SELECT * FROM every QUALIFY row_number() OVER (PARTITION BY dataset, backend ORDER BY evaluated_at DESC) = 1
        ), previous AS (
            SELECT every.* FROM every JOIN last USING (dataset, backend, scoring_version, rules)
            WHERE every.evaluated_at < last.evaluated_at
            QUALIFY row_number() OVER (PARTITION BY every.dataset, every.backend ORDER BY every.evaluated_at DESC) = 1
        )
        SELECT p.dataset, p.backend, p.evaluation_id, every.evaluated_at, p.pinned_at
        FROM evaluation_baselines p JOIN every USING (evaluation_id)
        UNION ALL
        SELECT dataset, backend, evaluation_id, evaluated_at, NULL FROM previous
        WHERE (dataset, backend) NOT IN (SELECT (dataset, backend) FROM evaluation_baselines)
        ORDER BY 1, 2
        """
    )
    return {(row["dataset"], row["backend"]): row for row in rows}


def evaluation(reader: Reader, evaluation_id: str) -> Evaluation:
    """One evaluation with the outcome of every value."""
    rows = reader.rows("FROM evaluation_history WHERE evaluation_id = ?", [evaluation_id])
    [documents] = reader.rows("FROM evaluation_documents WHERE set_id = ?", [rows[0]["set_id"]])
    return evaluation_of(rows, documents)


def every_evaluation(reader: Reader) -> list[dict[str, Any]]:
    """dataset, backend, evaluation_id, evaluated_at, is_last of every evaluation, oldest first."""
    return reader.rows(
        """
        WITH every AS (SELECT DISTINCT dataset, backend, evaluation_id, evaluated_at FROM evaluation_history)
        SELECT *, evaluated_at = max(evaluated_at) OVER (PARTITION BY dataset, backend) AS is_last
        FROM every ORDER BY evaluated_at, dataset, backend
        """
    )


def history(reader: Reader, dataset: str | None, backend: str | None, field: str) -> list[dict[str, Any]]:
    """The rows of one field of `evaluation_history` without the outcomes, oldest first, and whether each is pinned."""
    return reader.rows(
        """
        SELECT h.* EXCLUDE (outcomes), b.evaluation_id IS NOT NULL AS pinned
        FROM evaluation_history h LEFT JOIN evaluation_baselines b USING (evaluation_id)
        WHERE h.field = $field AND ($dataset IS NULL OR h.dataset = $dataset)
            AND ($backend IS NULL OR h.backend = $backend)
        ORDER BY h.dataset, h.backend, h.evaluated_at
        """,
        {"dataset": dataset, "backend": backend, "field": field},
    )


def slices(reader: Reader, dimension: str, dataset: str | None) -> list[dict[str, Any]]:
    """The rows of one dimension of `leaderboard_slices`."""
    return reader.rows(
        """
        FROM leaderboard_slices WHERE dimension = $dimension AND ($dataset IS NULL OR dataset = $dataset)
        ORDER BY dataset, slice, backend
        """,
        {"dimension": dimension, "dataset": dataset},
    )


def compared(
    reader: Reader, backend_a: str | None, backend_b: str | None, dataset: str | None, field: str | None
) -> list[dict[str, Any]]:
    """Rows of `comparisons` in their order: of one pair, with `backend_a` as A, or of all (None, None)."""
    rows = reader.rows(
        """
        FROM comparisons
        WHERE ($a IS NULL OR (backend_a, backend_b) IN (($a, $b), ($b, $a)))
            AND ($dataset IS NULL OR dataset = $dataset) AND ($field IS NULL OR field = $field)
        ORDER BY rowid
        """,
        {"a": backend_a, "b": backend_b, "dataset": dataset, "field": field},
    )
    return [_swapped(row) if backend_a is not None and row["backend_a"] != backend_a else row for row in rows]


def _swapped(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in Comparison.__dataclass_fields__}
    return {**row, **vars(Comparison(**values).swapped())}


def compared_names(reader: Reader) -> list[dict[str, Any]]:
    """dataset and backend of everything that is in a comparison."""
    return reader.rows(
        "SELECT DISTINCT dataset, unnest([backend_a, backend_b]) AS backend FROM comparisons ORDER BY ALL"
    )


def rule_sensitivity(reader: Reader, dataset: str | None, field: str | None) -> list[dict[str, Any]]:
    """The rows of `rule_sensitivity` in their order."""
    return reader.rows(
        """
        FROM rule_sensitivity
        WHERE ($dataset IS NULL OR dataset = $dataset) AND ($field IS NULL OR field = $field) ORDER BY rowid
        """,
        {"dataset": dataset, "field": field},
    )
