"""The tables `evidence`, `candidates`, `value_logprobs` and `codes`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from ocr_pipeline.evaluation.diagnosis.records import Key, ValueEvidence
from ocr_pipeline.schemas import Extraction
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.common import NewRow, NewRows, box_columns, described


@dataclass(frozen=True, kw_only=True)
class EvidenceRow:
    """A row of `evidence`."""

    document_id: str
    backend: str
    field: Annotated[str, "Path of the value: total_amount, line_items.0.amount."]
    page: int
    text: Annotated[str, "The text there, as printed."]
    x0: float
    y0: float
    x1: float
    y1: float
    words: list[int]
    method: Annotated[str, "How the extractor located the value."]
    score: Annotated[float, "The extractor's score of the place."]
    correction: str | None


@dataclass(frozen=True, kw_only=True)
class CandidateRow:
    """A row of `candidates`."""

    document_id: str
    backend: str
    field: str
    rank: Annotated[int, "Rank by score, from 0."]
    value: str
    score: Annotated[float, "Weighted sum of the features; comparable within one field only."]
    chosen: Annotated[bool, "Whether this candidate became the value."]
    reason: Annotated[str, "The feature with the largest contribution."]
    correction: str | None
    features: Annotated[dict[str, float], "Features that are not 0."]
    page: int
    text: Annotated[str, "The text there, as printed."]
    x0: float
    y0: float
    x1: float
    y1: float
    words: list[int]


@dataclass(frozen=True, kw_only=True)
class LogprobRow:
    """A row of `value_logprobs`."""

    document_id: str
    backend: str
    field: str
    logprob: Annotated[float, "Natural logarithm of the probability of the value's tokens; at most 0."]


@dataclass(frozen=True, kw_only=True)
class CodeRow:
    """A row of `codes`."""

    document_id: str
    backend: str
    position: Annotated[int, "From 0."]
    page: int
    symbology: Annotated[str, "QR Code, Code 128."]
    format: Annotated[str | None, "The specification of its content; NULL: unknown."]
    version: Annotated[str, "Version of that specification, as the code states it."]
    text: Annotated[str, "The beginning of its content."]
    content: Annotated[dict[str, str], "Fields, and what has no field: iban, reference."]
    x0: float
    y0: float
    x1: float
    y1: float


def evidence(reader: Reader, backend: str) -> dict[Key, ValueEvidence]:
    """Evidence of a backend by (document, field), single-valued fields only."""
    rows = reader.rows(
        "SELECT document_id, field, words, score, correction FROM evidence"
        " WHERE backend = ? AND NOT contains(field, '.')",
        [backend],
    )
    return {
        (row["document_id"], row["field"]): ValueEvidence(row["words"], row["score"], row["correction"]) for row in rows
    }


def printed_dates(reader: Reader, backend: str) -> dict[str, dict[str, str]]:
    """The printed text of each date, by document and field, if the backend gives evidence."""
    rows = reader.rows(
        "SELECT document_id, field, text FROM evidence JOIN extracted_fields USING (document_id, backend, field)"
        " WHERE backend = ? AND value_date IS NOT NULL AND text <> ''",
        [backend],
    )
    printed: dict[str, dict[str, str]] = {}
    for row in rows:
        printed.setdefault(row["document_id"], {})[row["field"]] = row["text"]
    return printed


def margins(reader: Reader, backend: str) -> dict[tuple[str, str], float]:
    """Score of the chosen candidate minus the best score of another value, by (document, field).

    Negative if another value has a higher score. Fields without another value are left out.
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


def confidence_limits(reader: Reader, backend: str, limits: Mapping[str, float]) -> dict[Key, float]:
    """By (document, field), the lowest of `limits` (by feature) that applies to the chosen candidate; none: left out."""
    rows = reader.rows(
        """
        SELECT c.document_id, c.field, min(l.most) AS most
        FROM candidates c JOIN (SELECT unnest(?) AS feature, unnest(?) AS most) l ON c.features[l.feature] > 0
        WHERE c.backend = ? AND c.chosen GROUP BY c.document_id, c.field
        """,
        [list(limits), list(limits.values()), backend],
    )
    return {(row["document_id"], row["field"]): row["most"] for row in rows}


def logprobs(reader: Reader, backend: str) -> dict[tuple[str, str], float]:
    """Natural logarithm of the probability that the model gave each value, by (document, field)."""
    rows = reader.rows("SELECT document_id, field, logprob FROM value_logprobs WHERE backend = ?", [backend])
    return {(row["document_id"], row["field"]): row["logprob"] for row in rows}


def word_confidences(reader: Reader, backend: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean and lowest confidence of the words of each value, by (document, field)."""
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


def add_evidence(tables: NewRows, key: NewRow, extraction: Extraction) -> None:
    """Add the evidence, candidates, probabilities and codes of one cell of `extractions`."""
    for field, found in extraction.evidence.items():
        tables["evidence"].append(
            {
                **key,
                "field": field,
                "page": found.page,
                "text": found.text,
                **box_columns(found.box),
                "words": found.words,
                "method": found.method,
                "score": found.score,
                "correction": found.correction,
            }
        )
    for field, logprob in extraction.logprobs.items():
        tables["value_logprobs"].append({**key, "field": field, "logprob": logprob})
    for position, code in enumerate(extraction.codes):
        row = code.model_dump(exclude={"box", "values"})
        tables["codes"].append({**key, **row, "position": position, "content": code.values, **box_columns(code.box)})
    ranks: Counter[str] = Counter()
    for candidate in extraction.candidates:
        row = candidate.model_dump(exclude={"box"})
        tables["candidates"].append({**key, **row, "rank": ranks[candidate.field], **box_columns(candidate.box)})
        ranks[candidate.field] += 1


COLUMNS = {
    "evidence": described(EvidenceRow),
    "candidates": described(CandidateRow),
    "value_logprobs": described(LogprobRow),
    "codes": described(CodeRow),
}
