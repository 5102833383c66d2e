"""The tables `label_issues`, `attributions` and `consensus`."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Annotated

from ocr_pipeline.document_fields import FIELD_KINDS
from ocr_pipeline.evaluation.diagnosis.agreement import Consensus
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.evaluation.diagnosis.records import AttributionRow
from ocr_pipeline.warehouse.connection import Reader, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow, described
from ocr_pipeline.warehouse.tables.current import CURRENT_SCORES, Scoring


@dataclass(frozen=True, kw_only=True)
class LabelIssueRow:
    """A row of `label_issues`."""

    document_id: str
    dataset: str
    field: str
    label: Annotated[str | None, "The labelled value."]
    value: Annotated[str | None, "Proposed value; NULL: none."]
    kinds: Annotated[
        list[str], "agreement, arithmetic, duplicate, transcript, truth (a code or XML), page, typo, convention."
    ]
    reason: Annotated[str, "Why the label is in doubt, as a sentence."]
    backends: Annotated[list[str], "Backends that agree on the value."]
    independent: Annotated[bool, "Whether two extractors agree, or the doubt does not rest on agreement."]
    score: Annotated[float, "Doubt; the largest first."]
    run_id: str | None
    found_at: Annotated[datetime, "When it was computed (UTC)."]


@dataclass(frozen=True, kw_only=True)
class ConsensusRow:
    """A row of `consensus`."""

    document_id: str
    dataset: str
    field: str
    labelled: Annotated[bool, "Whether the field is labelled."]
    value: Annotated[str | None, "Value of most backends; NULL: most gave none."]
    backends: Annotated[int, "Backends that were run on the document."]
    agreeing: Annotated[int, "Backends that gave this value."]
    distinct_values: Annotated[int, "Number of different values; none counts as one."]
    agreement: Annotated[float, "Share of the pairs of backends that agree; 1 for a single backend."]
    run_id: str | None
    computed_at: datetime


@dataclass(frozen=True, kw_only=True)
class QueuedIssue(LabelIssueRow):
    """A label issue and the file of its document."""

    path: str


@dataclass(frozen=True, kw_only=True)
class WrongValueRow(AttributionRow):
    """An attribution, the kind and confidence of the value, the currency of the label, and the printed text that the value
    differs from by a power of ten (None: there is none)."""

    kind: str
    confidence: float | None
    currency: str | None
    scale_text: str | None = None


OF_CURRENT_SCORES = """s.document_id = a.document_id AND s.backend = a.backend AND s.field = a.field
    AND s.outcome = a.outcome AND s.truth IS NOT DISTINCT FROM a.truth AND s.prediction IS NOT DISTINCT FROM a.prediction"""
"""SQL: whether an attribution (`a`) is that of a score (`s`)."""

_CURRENT = f"JOIN (SELECT s.* FROM {CURRENT_SCORES}) s ON {OF_CURRENT_SCORES}"
"""Attributions (`a`) of current scores (`s`)."""


def current_attributions(
    reader: Reader, scoring: Scoring, filters: Mapping[str, str], document_ids: Sequence[str] | None = None
) -> list[WrongValueRow]:
    """The attributions of current scores.

    Args:
        filters: columns and the value that they must have.
        document_ids: of these documents only.
    """
    where = " AND ".join(["true", *(f"a.{name} = ${name}" for name in filters)])
    parameters = {**scoring.parameters, **filters}
    if document_ids is not None:
        where += " AND a.document_id IN (SELECT unnest($documents))"
        parameters["documents"] = list(document_ids)
    return reader.select(
        WrongValueRow,
        f"""
        SELECT a.*, s.kind, c.confidence, g.value AS currency, x.text AS scale_text FROM attributions a {_CURRENT}
        LEFT JOIN confidences c ON c.document_id = a.document_id AND c.backend = a.backend AND c.field = a.field
        LEFT JOIN scale_suspects x ON x.document_id = a.document_id AND x.backend = a.backend AND x.field = a.field
            AND x.value = a.prediction
        LEFT JOIN ground_truth g ON g.document_id = a.document_id AND g.field = 'currency'
        WHERE {where} ORDER BY a.dataset, a.backend, a.field, a.document_id
        """,
        parameters,
    )


def attributions(reader: Reader) -> list[AttributionRow]:
    """Every stored attribution."""
    return reader.select(AttributionRow, "FROM attributions")


def attribution_rows(rows: Sequence[AttributionRow], run_id: str) -> list[NewRow]:
    """New rows of `attributions`. Those that were loaded keep their run and time."""
    now = str(utc_now())
    return [vars(row if row.judged_at else replace(row, run_id=run_id, judged_at=now)) for row in rows]


def first_attributions(reader: Reader, limit: int) -> tuple[dict[str, int], list[NewRow]]:
    """How many attributions name each cause, and the first ones."""
    counts = reader.rows("SELECT attribution, count(*) AS n FROM attributions GROUP BY attribution")
    rows = reader.rows("FROM attributions ORDER BY document_id, backend, field LIMIT ?", [limit])
    return {row["attribution"]: row["n"] for row in counts}, rows


def label_issues(reader: Reader) -> list[LabelIssue]:
    """Every doubtful label."""
    columns = [field.name for field in fields(LabelIssue)]
    rows = reader.rows(f"SELECT {', '.join(columns)} FROM label_issues")
    lists = ("kinds", "backends")
    return [LabelIssue(**{**row, **{name: tuple(row[name] or ()) for name in lists}}) for row in rows]


def label_issue_rows(issues: Iterable[LabelIssue], datasets: Mapping[str, str], run_id: str) -> list[NewRow]:
    """New rows of `label_issues`. `datasets`: by document."""
    stamp = {"run_id": run_id, "found_at": utc_now()}
    return [{**vars(issue), "dataset": datasets[issue.document_id], **stamp} for issue in issues]


def first_label_issues(reader: Reader, limit: int) -> tuple[int, list[NewRow]]:
    """How many label issues there are, and the worst ones."""
    return _first(reader, "label_issues", "score DESC, document_id, field", limit)


def _first(reader: Reader, table: str, order: str, limit: int) -> tuple[int, list[NewRow]]:
    [count] = reader.rows(f"SELECT count(*) AS n FROM {table}")
    return count["n"], reader.rows(f"FROM {table} ORDER BY {order} LIMIT ?", [limit])


def queued_issues(
    reader: Reader, scoring: Scoring, dataset: str | None = None, document_id: str | None = None
) -> list[QueuedIssue]:
    """The label issues, worst first, without those of labels whose scores are all stale."""
    return reader.select(
        QueuedIssue,
        f"""
        SELECT i.*, d.path FROM label_issues i JOIN documents d USING (document_id)
        WHERE ($dataset IS NULL OR i.dataset = $dataset) AND ($document IS NULL OR i.document_id = $document)
            AND ((i.document_id, i.field) IN (SELECT (s.document_id, s.field) FROM {CURRENT_SCORES})
                 OR (i.document_id, i.field) NOT IN (SELECT (document_id, field) FROM field_scores))
        ORDER BY i.score DESC, i.document_id, i.field
        """,
        {**scoring.parameters, "dataset": dataset, "document": document_id},
    )


def consensus_rows(
    entries: Iterable[Consensus], datasets: Mapping[str, str], labelled: Container[tuple[str, str]], run_id: str
) -> list[NewRow]:
    """New rows of `consensus`. `datasets`: by document; `labelled`: (document, field) of every labelled field."""
    stamp = {"run_id": run_id, "computed_at": utc_now()}
    return [
        {
            **vars(entry),
            "dataset": datasets[entry.document_id],
            "labelled": (entry.document_id, entry.field) in labelled,
            **stamp,
        }
        for entry in entries
    ]


def first_consensus(reader: Reader, limit: int) -> tuple[int, list[NewRow]]:
    """How many rows there are, and the first ones."""
    return _first(reader, "consensus", "document_id", limit)


def consensus(reader: Reader) -> list[ConsensusRow]:
    """Every row by document, fields in display order."""
    order = "document_id, coalesce(list_position(?::VARCHAR[], field), 1000), field"
    return reader.select(ConsensusRow, f"FROM consensus ORDER BY {order}", [list(FIELD_KINDS)])


COLUMNS = {
    "label_issues": described(LabelIssueRow),
    "attributions": {
        "attribution": "Cause: ocr_missing, ocr_misread, selection, spurious, normalisation, label_issue, document_failed.",
        "reason": "The cause as a sentence.",
        "page": "Page of the labelled value, or of what resembles it most.",
        "similarity": "Similarity of the words there with the labelled value, 0..1.",
        "judged_at": "When it was computed (UTC).",
        "content": "Hash of what it was computed from; while it stays the same, the row is kept.",
    },
    "consensus": described(ConsensusRow),
}
