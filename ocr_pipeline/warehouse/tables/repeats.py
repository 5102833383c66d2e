"""The tables `repeated_answers`, `repeat_scores` and `repeat_spread`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows
from ocr_pipeline.warehouse.tables.current import CURRENT_SCORES, Scoring

if TYPE_CHECKING:
    from ocr_pipeline.evaluation.ranking.repeats import Spread
    from ocr_pipeline.evaluation.scoring.repeats import RepeatScore
    from ocr_pipeline.extraction.repeats import RepeatedAnswer
    from ocr_pipeline.schemas import DocumentFailure, Extraction

_NOT_SCORED = {"evidence", "candidates", "logprobs", "warnings"}


def add_answers(tables: NewRows, key: NewRow, answers: "Iterable[RepeatedAnswer]") -> None:
    """Add the rows of the answers about one cell after the first one."""
    for answer in answers:
        failure, extraction = answer.failure, answer.extraction
        tables["repeated_answers"].append(
            {
                **key,
                "repeat": answer.repeat,
                "reason": failure.reason if failure else None,
                "message": failure.message if failure else None,
                "answer": extraction.model_dump_json(exclude=_NOT_SCORED) if extraction else None,
            }
        )


def answers(reader: Reader, backend: str) -> "dict[int, dict[str, Extraction | DocumentFailure]]":
    """The answers of a backend after the first one, by number and document."""
    from ocr_pipeline.schemas import DocumentFailure, Extraction

    found: dict[int, dict[str, Extraction | DocumentFailure]] = defaultdict(dict)
    for row in reader.rows("FROM repeated_answers WHERE backend = ? ORDER BY repeat, document_id", [backend]):
        found[row["repeat"]][row["document_id"]] = (
            Extraction.model_validate_json(row["answer"])
            if row["answer"] is not None
            else DocumentFailure.model_validate({"reason": row["reason"], "message": row["message"]})
        )
    return found


def current_scores(reader: Reader, scoring: Scoring) -> "list[RepeatScore]":
    """The scores of all answers about documents whose scores are current."""
    from ocr_pipeline.evaluation.scoring.repeats import RepeatScore

    return reader.select(
        RepeatScore,
        f"""
        SELECT r.* FROM repeat_scores r
        WHERE (r.document_id, r.backend) IN (SELECT (s.document_id, s.backend) FROM {CURRENT_SCORES})
        ORDER BY r.document_id, r.backend, r.repeat, r.rowid
        """,
        scoring.parameters,
    )


def replace_spread(warehouse: Warehouse, rows: "Sequence[Spread]") -> None:
    """Replace `repeat_spread`."""
    warehouse.replace_all({"repeat_spread": [vars(row) for row in rows]})


def spread(reader: Reader, dataset: str | None = None) -> "list[Spread]":
    """How far the scores of backends with several answers vary, all fields together first."""
    rows = reader.rows("FROM repeat_spread WHERE ? IS NULL OR dataset = ? ORDER BY rowid", [dataset, dataset])
    if not rows:  # most projects have none, and need not import what it takes
        return []
    from ocr_pipeline.evaluation.ranking.repeats import Spread

    return [Spread(**row) for row in rows]


def temperatures(reader: Reader) -> list[tuple[str, str, list[str | None]]]:
    """(data set, backend, temperatures) of the results on labelled documents; None: not set, or not known."""
    rows = reader.rows(
        """
        SELECT l.dataset, e.backend, list(DISTINCT coalesce(json_extract_string(e.extractor_settings, '$.temperature'), ''))
            AS temperatures
        FROM extractions e JOIN labels l USING (document_id)
        WHERE e.extractor_settings IS NOT NULL GROUP BY l.dataset, e.backend ORDER BY l.dataset, e.backend
        """
    )
    return [(row["dataset"], row["backend"], [value or None for value in sorted(row["temperatures"])]) for row in rows]


COLUMNS = {
    "repeated_answers": {
        "repeat": "Which time the document was asked about, from 2; the first answer is in `extractions`.",
        "answer": "Values as JSON; NULL: it failed.",
    },
    "repeat_scores": {
        "repeat": "Which time the document was asked about; 1 is the answer that counts in all other scores.",
        "field": "Field, or list: then its cells are counted.",
        "differs": "Whether the value is another one than that of the first answer.",
        "in_all": "Whether it counts in all_fields; lists do not.",
    },
    "repeat_spread": {
        "field": "Field, all_fields, or list: then its cells.",
        "repeats": "Answers about each document.",
        "documents": "Labelled documents that were asked about this often.",
        "differing": "Of these, documents with another value in a later answer than in the first.",
        "f1_first": "F1 of the first answers, which all other scores use.",
        "f1_mean": "Mean F1 of the answers.",
        "f1_min": "F1 of the worst round of answers.",
        "f1_max": "F1 of the best round of answers.",
    },
}
