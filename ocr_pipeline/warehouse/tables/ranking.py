"""The tables `leaderboard`, `leaderboard_fields`, `leaderboard_slices`, `comparisons` and `rule_sensitivity`."""

from ocr_pipeline.evaluation.ranking.pairwise import Comparison
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.common import Row


def failure_rates(reader: Reader) -> list[Row]:
    """dataset, backend, documents, failures, share of every backend that ran."""
    return reader.rows(
        """
        SELECT dataset, backend, documents, failures, failures / documents AS share
        FROM leaderboard WHERE status = 'ok' AND documents > 0 ORDER BY dataset, backend
        """
    )


def costs_and_seconds(reader: Reader) -> list[Row]:
    """dataset, backend, cost_per_document, seconds_per_document of every backend that ran; NULL: not known."""
    return reader.rows(
        "SELECT dataset, backend, cost_per_document, seconds_per_document FROM leaderboard WHERE status = 'ok' ORDER BY ALL"
    )


def slices(reader: Reader, dimension: str, dataset: str | None) -> list[Row]:
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
) -> list[Row]:
    """dict[str, Row] of `comparisons` in their order: of one pair, with `backend_a` as A, or of all (None, None)."""
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


def _swapped(row: Row) -> Row:
    values = {name: row[name] for name in Comparison.__dataclass_fields__}
    return {**row, **vars(Comparison(**values).swapped())}


def compared_names(reader: Reader) -> list[Row]:
    """dataset and backend of everything that is in a comparison."""
    return reader.rows(
        "SELECT DISTINCT dataset, unnest([backend_a, backend_b]) AS backend FROM comparisons ORDER BY ALL"
    )


def rule_sensitivity(reader: Reader, dataset: str | None, field: str | None) -> list[Row]:
    """The rows of `rule_sensitivity` in their order."""
    return reader.rows(
        """
        FROM rule_sensitivity
        WHERE ($dataset IS NULL OR dataset = $dataset) AND ($field IS NULL OR field = $field) ORDER BY rowid
        """,
        {"dataset": dataset, "field": field},
    )
