"""The tables `field_scores`, `line_item_scores` and `line_item_cells`."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from ocr_pipeline.evaluation.scoring.fields import FieldScore
from ocr_pipeline.evaluation.scoring.line_items import ListCounts, StoredList, list_counts
from ocr_pipeline.evaluation.scoring.places import PlaceScore
from ocr_pipeline.evaluation.scoring.repeats import RepeatScore
from ocr_pipeline.evaluation.scoring.settings import Rules
from ocr_pipeline.evaluation.scoring.stage import DocumentScores, StoredScore
from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
from ocr_pipeline.evaluation.statistics.counts import RIGHT, Outcome
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.inserting import CodedRows, Rows
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows, described, empty, where_equal
from ocr_pipeline.warehouse.tables.current import COUNTED, CURRENT, CURRENT_SCORES, STALE, Scoring
from ocr_pipeline.warehouse.tables.places import place_columns


@dataclass(frozen=True, kw_only=True)
class ListCellRow:
    """A row of `line_item_cells`."""

    document_id: str
    dataset: str
    backend: str
    list: str
    truth_position: Annotated[int | None, "Row in the label (position in its list); NULL: a spurious row."]
    prediction_position: Annotated[int | None, "Extracted row (position in its list); NULL: a missing row."]
    row_outcome: Annotated[str, "Outcome of the row: correct, wrong, spurious or missing."]
    column_name: str
    kind: str
    truth: str | None
    prediction: str | None
    outcome: str
    outcome_strict: str
    outcome_lenient: str
    anls: float | None


RULES = {
    "headline": "s.outcome",
    "strict": "s.outcome_strict",
    "lenient": "s.outcome_lenient",
    "within_0_05": "CASE WHEN s.outcome = 'wrong' AND s.within_0_05 THEN 'correct' ELSE s.outcome END",
}
"""The outcome of a value under each set of rules, in SQL. The headline's, which are the normalised ones, first.

`within_0_05` is between normalised and lenient: it allows cash rounding, but no share of the amount.
"""

IS_RIGHT = f"s.outcome IN ({', '.join(repr(outcome) for outcome in RIGHT)})"
"""SQL: whether a value of `field_scores` (`s`) is correct, or rightly left empty."""


@dataclass(frozen=True, kw_only=True)
class ScoreOrigin:
    """What the scores of one document and backend are made from."""

    dataset: str
    label_sha256: str | None
    engine_fingerprint: str | None
    extractor_fingerprint: str
    result_key: str | None


@dataclass(frozen=True, kw_only=True)
class NewScores:
    """The scores of one backend to store. `origins`: by document. `repeats`: of all answers of a model that was asked several
    times."""

    backend: str
    documents: Sequence[DocumentScores]
    origins: Mapping[str, ScoreOrigin]
    places: Sequence[PlaceScore] = ()
    repeats: Sequence[RepeatScore] = ()


def origins(reader: Reader, backend: str) -> dict[str, ScoreOrigin]:
    """What scores of a backend would be made from, by labelled document."""
    rows = reader.rows(
        """
        SELECT e.document_id, l.dataset, l.label_sha256, e.engine_fingerprint, e.extractor_fingerprint, e.result_key
        FROM extractions e JOIN labels l USING (document_id) WHERE e.backend = ?
        """,
        [backend],
    )
    return {row.pop("document_id"): ScoreOrigin(**row) for row in rows}


def replace_scores(
    warehouse: Warehouse,
    scores: Sequence[NewScores],
    *,
    rules: Rules,
    run_id: str,
    cells: Sequence[tuple[str, str]] | None = None,
    scored_cells: Sequence[NewRow] = (),
) -> None:
    """Replace the scores of these backends.

    Args:
        rules: that they were made by.
        cells: replace only the scores of these documents and backends.
        scored_cells: rows of the table of that name.
    """
    own = rules.own_fingerprints
    made: NewRow = {"scoring_version": SCORING_VERSION, "run_id": run_id, "scored_at": str(utc_now())}
    new_rows = empty(("line_item_scores", "line_item_cells", "evidence_scores", "repeat_scores"))
    made_from: list[NewRow] = []
    scored: list[tuple[int, Sequence[FieldScore]]] = []
    for of_backend in scores:
        new_rows["repeat_scores"].extend(vars(score) for score in of_backend.repeats)
        schemas = {document.document_id: document.schema for document in of_backend.documents}
        for document in of_backend.documents:
            key: NewRow = {name: getattr(document, name) for name in ("document_id", "dataset", "backend")}
            made_by = own.get(document.schema, rules.fingerprint)
            origin = {**vars(of_backend.origins[document.document_id]), **key, "rules": made_by}
            scored.append((len(made_from), document.fields))
            made_from.append(origin)
            _add_lists(new_rows, document, key, {**origin, **made})
        for place in of_backend.places:
            row = {**vars(of_backend.origins[place.document_id]), "backend": of_backend.backend, **place_columns(place)}
            made_by = own.get(schemas.get(place.document_id, ""), rules.fingerprint)
            new_rows["evidence_scores"].append({**row, **made, "rules": made_by})
    tables: dict[str, Rows] = {
        "field_scores": _coded(scored, made_from, made),
        **new_rows,
        "scored_cells": scored_cells,
    }
    if cells is None:
        warehouse.replace(("backend",), [(of_backend.backend,) for of_backend in scores], tables)
    else:
        warehouse.replace(("document_id", "backend"), cells, tables)


def _coded(scored: Iterable[tuple[int, Sequence[FieldScore]]], made_from: Sequence[NewRow], made: NewRow) -> CodedRows:
    """The rows of `field_scores`: each score once, though many documents share it, and each document once."""
    import numpy as np

    distinct: dict[int, tuple[int, FieldScore]] = {}
    scores, documents = array("i"), array("i")
    for document, fields in scored:
        scores.extend(distinct.setdefault(id(score), (len(distinct), score))[0] for score in fields)
        documents.extend([document] * len(fields))
    values = {name: [getattr(score, name) for _, score in distinct.values()] for name in FieldScore._fields}
    origins = {name: [origin[name] for origin in made_from] for name in (made_from[0] if made_from else ())}
    numbered = [np.frombuffer(column, np.intc) for column in (scores, documents)]
    return CodedRows(parts=[(numbered[0], values), (numbered[1], origins)], constants=made)


def _add_lists(new_rows: NewRows, document: DocumentScores, key: NewRow, made_from: NewRow) -> None:
    for name, rows in document.lists.items():
        new_rows["line_item_scores"].append({**made_from, "list": name, **list_counts(rows).columns()})
        for row in rows:
            place = {
                "list": name,
                "truth_position": row.truth_position,
                "prediction_position": row.prediction_position,
                "row_outcome": row.outcome(),
            }
            new_rows["line_item_cells"].extend({**key, **place, **_cell(cell)} for cell in row.cells)


def _cell(score: FieldScore) -> NewRow:
    names = ("kind", "truth", "prediction", "outcome", "outcome_strict", "outcome_lenient", "anls")
    return {"column_name": score.field, **{name: getattr(score, name) for name in names}}


def current(reader: Reader, scoring: Scoring) -> list[StoredScore]:
    """The current scores, in an order that does not depend on when they were made."""
    columns = ", ".join(f"s.{name}" for name in StoredScore._fields)
    return reader.select(
        StoredScore,
        f"SELECT {columns} FROM {CURRENT_SCORES} ORDER BY s.document_id, s.backend, s.field",
        scoring.parameters,
    )


class CaseScore(NamedTuple):
    """The outcome of one value, and whether it is stale."""

    document_id: str
    backend: str
    field: str
    outcome: Outcome
    outcome_strict: Outcome | None
    outcome_lenient: Outcome | None
    stale: bool


def of_documents(reader: Reader, scoring: Scoring, document_ids: Sequence[str]) -> list[CaseScore]:
    """The scores of these documents, current or stale."""
    return reader.select(
        CaseScore,
        f"""
        SELECT s.document_id, s.backend, s.field, s.outcome, s.outcome_strict, s.outcome_lenient, {STALE} AS stale
        FROM field_scores s {COUNTED} AND s.document_id IN (SELECT unnest($documents))
        """,
        {**scoring.parameters, "documents": list(document_ids)},
    )


def current_lists(reader: Reader, scoring: Scoring) -> list[StoredList]:
    """The current scores of lists."""
    rows = reader.rows(
        f"SELECT s.* FROM line_item_scores s {CURRENT} ORDER BY s.document_id, s.backend, s.list", scoring.parameters
    )
    return [
        StoredList(
            document_id=row["document_id"],
            dataset=row["dataset"],
            backend=row["backend"],
            list=row["list"],
            counts=ListCounts.of_columns(row),
        )
        for row in rows
    ]


def exist(reader: Reader, filters: Mapping[str, str]) -> bool:
    """Whether there is any score, current or stale. `filters`: columns and the value that they must have."""
    where, values = where_equal(filters)
    return bool(reader.rows(f"SELECT 1 FROM field_scores WHERE {where} LIMIT 1", values))


COLUMNS = {
    "field_scores": {
        "within_0_01": "Money: off by at most 0.01.",
        "within_0_05": "Money: off by at most 0.05, as when cash totals are rounded.",
        "within_1_percent": "Money: off by at most 1 % of the truth.",
        "anls_match": "Names, addresses, text: ANLS of at least 0.8.",
        "printed": "Dates: the text that the value was extracted from, if the backend names a place. Imported: a given value"
        " that cannot be read.",
        "printed_reads": "Dates: what that text says by itself: correct, wrong or unreadable.",
        "metrics": "The project's own metrics of the value, by name; NULL: none.",
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
    "line_item_cells": described(ListCellRow),
}
