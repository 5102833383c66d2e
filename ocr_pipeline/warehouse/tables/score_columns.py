"""The current scores of `field_scores` as columns of numbers, for what is computed over all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ocr_pipeline.evaluation.ranking.columns import CODES, FLAGS, READS, ScoreColumns
from ocr_pipeline.warehouse.connection import Columns, Reader
from ocr_pipeline.warehouse.tables.current import CURRENT, Scoring
from ocr_pipeline.warehouse.tables.scores import RULES


def outcome_columns(reader: Reader, scoring: Scoring, levels: Sequence[str] = ("headline",)) -> ScoreColumns:
    """The current scores as columns, with the outcome by each of `levels` of `RULES`. `reader`: a snapshot."""
    return _columns(reader, scoring, {name: _code(RULES[name], CODES) for name in levels})


def score_columns(reader: Reader, scoring: Scoring) -> ScoreColumns:
    """The current scores as columns, with everything that a leaderboard is made from. `reader`: a snapshot."""
    outcomes = {name: _code(f"s.{name}", CODES) for name in ("outcome", "outcome_strict", "outcome_lenient")}
    flags = {name: f"coalesce(s.{name}::INTEGER::FLOAT, 'nan'::FLOAT)" for name in FLAGS}
    others = {"anls": "coalesce(s.anls, 'nan'::DOUBLE)", "printed_reads": _code("s.printed_reads", READS)}
    return _columns(reader, scoring, {**outcomes, **flags, **others})


def _code(column: str, codes: Mapping[str, int]) -> str:
    """SQL: the number of a text, and 0 for NULL."""
    cases = " ".join(f"WHEN '{text}' THEN {code}" for text, code in codes.items())
    return f"(CASE {column} {cases} ELSE 0 END)::TINYINT"


_NUMBERED = f"""
    WITH numbers AS (SELECT document_id, row_number() OVER (ORDER BY document_id) AS number FROM documents)
    SELECT (n.number - 1)::INTEGER AS document_id,
        (list_position($datasets::VARCHAR[], s.dataset) - 1)::SMALLINT AS dataset,
        (list_position($backends::VARCHAR[], s.backend) - 1)::SMALLINT AS backend,
        (list_position($fields::VARCHAR[], s.field) - 1)::SMALLINT AS field, {{columns}}
    FROM field_scores s JOIN numbers n ON n.document_id = s.document_id {CURRENT}
"""
"""SQL of the current scores with numbers for texts: as objects, those of 5 million scores take 2 GB."""


def _columns(reader: Reader, scoring: Scoring, columns: Mapping[str, str]) -> ScoreColumns:
    names = {
        "document_id": reader.columns("SELECT document_id AS name FROM documents ORDER BY 1"),
        "dataset": reader.columns("SELECT DISTINCT dataset AS name FROM field_scores ORDER BY 1"),
        "field": reader.columns("SELECT DISTINCT field AS name FROM field_scores ORDER BY 1"),
    }
    known = {column: found["name"].tolist() for column, found in names.items() if found}
    if not known:
        return ScoreColumns()
    known["backend"] = sorted(scoring.backends)
    lists = {f"{name}s": known[name] for name in ("dataset", "backend", "field")}
    parameters = {**scoring.parameters, **lists}
    selected = ", ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    found = reader.columns(_NUMBERED.format(columns=selected), parameters)
    metrics = reader.rows(_NUMBERED.format(columns="s.metrics") + " AND s.metrics IS NOT NULL", parameters)
    return ScoreColumns(columns=found, names=known, metrics=_by_row(found, metrics) if metrics else {})


def _by_row(columns: Columns, metrics: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, float]]:
    """The metrics by the position of their score."""
    key = ("document_id", "backend", "field")
    rows = {place: row for row, place in enumerate(zip(*(columns[name].tolist() for name in key), strict=True))}
    return {rows[tuple(entry[name] for name in key)]: entry["metrics"] for entry in metrics}
