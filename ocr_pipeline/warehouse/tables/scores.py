"""The tables `field_scores`, `line_item_scores` and `line_item_cells`."""

from collections.abc import Sequence

from ocr_pipeline.warehouse.connection import Columns, Reader
from ocr_pipeline.warehouse.tables.common import Row

COLUMNS = {
    "field_scores": {
        "within_0_01": "Whether the amounts differ by at most 0.01.",
        "within_0_05": "Whether the amounts differ by at most 0.05.",
        "within_1_percent": "Whether the amounts differ by at most 1 %.",
        "anls_match": "Whether the similarity counts as a match.",
        "printed": "Dates: the text that the value was extracted from.",
        "printed_reads": "Dates: what that text says by itself: correct, wrong or unreadable.",
    },
    "line_item_scores": {
        "rows_correct": "Rows in which every cell is correct or rightly empty.",
        "rows_wrong": "Rows that match a labelled row and have a cell that is not correct.",
        "rows_spurious": "Extracted rows that match no labelled row.",
        "rows_missing": "Labelled rows without an extracted row.",
        "rows_correct_strict": "Correct rows by the strict rules.",
        "rows_correct_lenient": "Correct rows by the lenient rules.",
        "cells_correct": "Correct cells, of the columns that the label uses in this list.",
        "cells_wrong": "Wrong cells.",
        "cells_spurious": "Spurious cells.",
        "cells_missing": "Missing cells.",
        "cells_both_empty": "Cells that are empty in both.",
        "cells_correct_strict": "Correct cells by the strict rules.",
        "cells_correct_lenient": "Correct cells by the lenient rules.",
    },
    "line_item_cells": {
        "truth_position": "Row in the label (position in its list); NULL: a spurious row.",
        "prediction_position": "Extracted row (position in its list); NULL: a missing row.",
        "row_outcome": "Outcome of the row: correct, wrong, spurious or missing.",
        "column_name": "Column of the list: description, amount and so on.",
    },
}

_OF_TODAY = """
    JOIN documents d ON d.document_id = s.document_id AND d.dataset = s.dataset
    JOIN labels l ON l.document_id = s.document_id AND l.label_sha256 = s.label_sha256
    JOIN extractions e ON e.document_id = s.document_id AND e.backend = s.backend
        AND e.extractor_fingerprint = s.extractor_fingerprint
        AND e.engine_fingerprint IS NOT DISTINCT FROM s.engine_fingerprint
        AND e.result_key IS NOT DISTINCT FROM s.result_key
    WHERE s.backend IN (SELECT unnest($backends)) AND s.scoring_version = $scoring_version AND s.rules = $rules
        AND d.reason IS DISTINCT FROM 'missing_file' AND e.reason IS DISTINCT FROM 'no_transcript'
"""

CURRENT_SCORES = f"field_scores s {_OF_TODAY}"
"""SQL of the scores (`s`) that belong to the cells of `run_facts` and to today's labels.

A score whose label, engine, extractor or scoring rules (`$rules`: their fingerprint) are not those of today is left out: it is
of something else.
"""

RULES = {
    "headline": "s.outcome",
    "strict": "s.outcome_strict",
    "lenient": "s.outcome_lenient",
    "within_0_05": "CASE WHEN s.outcome = 'wrong' AND s.within_0_05 THEN 'correct' ELSE s.outcome END",
}
"""The outcome of a value under each set of rules, in SQL. The headline's, which are the normalised ones, first.

`within_0_05` stands between them and the lenient ones: cash rounding, and no share of the amount.
"""


def scores(reader: Reader, backends: Sequence[str], scoring_version: int, rules: str) -> list[Row]:
    """The rows of `field_scores` that are of today: `CURRENT_SCORES`."""
    return reader.rows(
        f"SELECT s.* FROM {CURRENT_SCORES} ORDER BY s.document_id",  # noqa: S608 - the text is this module's own
        {"backends": list(backends), "scoring_version": scoring_version, "rules": rules},
    )


def line_item_scores(reader: Reader, backends: Sequence[str], scoring_version: int, rules: str) -> list[Row]:
    """The rows of `line_item_scores`, as `scores`."""
    return reader.rows(
        f"SELECT s.* FROM line_item_scores s {_OF_TODAY} ORDER BY s.document_id",  # noqa: S608 - as above
        {"backends": list(backends), "scoring_version": scoring_version, "rules": rules},
    )


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
) -> list[Row]:
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
