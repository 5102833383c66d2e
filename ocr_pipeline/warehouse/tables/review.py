"""The tables `review` and `acceptances`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, NamedTuple

from ocr_pipeline.evaluation.diagnosis.confidence import Value
from ocr_pipeline.evaluation.diagnosis.review import ALL, DOCUMENT
from ocr_pipeline.evaluation.statistics.proof import Proof
from ocr_pipeline.warehouse.changes import Replacement
from ocr_pipeline.warehouse.connection import Reader, Warehouse, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow, described, where_equal


@dataclass(frozen=True, kw_only=True)
class ReviewRow:
    """A row of `review`."""

    document_id: str
    dataset: str
    backend: str
    status: Annotated[str, "accepted: without a look; check: a person should look at `fields`."]
    confidence: Annotated[float | None, "Probability that all chosen fields are right, 0..1; NULL: too few labels."]
    threshold: Annotated[float | None, "Documents are accepted from this confidence on; NULL: nothing is proved."]
    fields: Annotated[Sequence[str], "Fields to look at, the least sure first."]
    reasons: Annotated[Mapping[str, str], "Why, by field; the key '' is about the whole document."]
    labelled: Annotated[bool, "Whether all chosen fields are labelled."]
    sampled: Annotated[bool, "Accepted without a label, and drawn for a check by a person."]
    accepted_at: Annotated[datetime | None, "When it was accepted without a label (UTC); NULL: never."]
    accepted_values: Annotated[Mapping[str, str] | None, "The values as they were accepted."]
    accepted_right: Annotated[bool | None, "Whether these are right, by a later label; NULL: not checked."]
    run_id: str | None
    computed_at: datetime

    @property
    def sentence(self) -> str:
        """Why it is not accepted."""
        parts = [f"{name}: {reason}" if name != DOCUMENT else reason for name, reason in self.reasons.items()]
        return "; ".join(parts)


@dataclass(frozen=True, kw_only=True)
class AcceptanceRow:
    """A row of `acceptances`."""

    dataset: str
    backend: str
    field: Annotated[str, "Field, or `all`: the chosen fields together."]
    fields: Annotated[Sequence[str], "The chosen fields."]
    target: Annotated[float, "Highest share of wrong documents among the accepted ones, 0..1."]
    wanted: Annotated[bool, "Whether it is the target of evaluation.yaml."]
    threshold: Annotated[float | None, "Accept from this confidence on; NULL: nothing is proved."]
    labelled: Annotated[int, "Labelled documents."]
    accepted: Annotated[int, "Of these, above the threshold; without one, the fewest that could prove the target."]
    errors: Annotated[int, "Wrong ones among the accepted."]
    bound: Annotated[float, "Upper bound of their error rate (Clopper-Pearson, one-sided, 95 %)."]
    needed: Annotated[int, "Accepted documents without an error that prove the target."]
    smallest: Annotated[float | None, "Smallest target that can be proved; NULL: none, or the target is proved."]
    run_id: str | None
    computed_at: datetime

    @property
    def proof(self) -> Proof:
        names = ("target", "threshold", "labelled", "accepted", "errors", "bound", "needed", "smallest")
        return Proof(**{name: getattr(self, name) for name in names})

    @property
    def is_choice(self) -> bool:
        """Whether documents are accepted by it."""
        return self.wanted and self.field == ALL


def review(reader: Reader, filters: Mapping[str, str]) -> list[ReviewRow]:
    """Those to look at first, the least sure first."""
    where, values = where_equal(filters)
    order = "dataset, backend, status = 'accepted', confidence NULLS FIRST, document_id"
    return reader.select(ReviewRow, f"FROM review WHERE {where} ORDER BY {order}", values)


def acceptances(reader: Reader, filters: Mapping[str, str]) -> list[AcceptanceRow]:
    """The wanted target first, the chosen set before its fields."""
    where, values = where_equal(filters)
    order = f"dataset, backend, wanted DESC, target, field = '{ALL}' DESC"
    return reader.select(AcceptanceRow, f"FROM acceptances WHERE {where} ORDER BY {order}", values)


def stored_values(
    reader: Reader, dataset: str, backend: str, fields: Sequence[str], groups: Mapping[str, str]
) -> list[Value]:
    """The values of these fields with their evidence, as `confidences` stores them."""
    rows = reader.rows(
        "SELECT document_id, field, prediction, correct, features FROM confidences"
        " WHERE dataset = ? AND backend = ? AND field IN (SELECT unnest(?)) ORDER BY document_id",
        [dataset, backend, list(fields)],
    )
    return [Value(**row, group=groups.get(row["document_id"], row["document_id"])) for row in rows]


class ReadCell(NamedTuple):
    """What a review has to know of a cell of `extractions`."""

    document_id: str
    failed: bool
    reason: str | None
    message: str | None
    country: str | None


def read_cells(reader: Reader, backend: str) -> dict[str, ReadCell]:
    """The cells of a backend by document."""
    query = (
        "SELECT document_id, status = 'failed' AS failed, reason, message, country FROM extractions WHERE backend = ?"
    )
    return {row.document_id: row for row in reader.select(ReadCell, query, [backend])}


def labelled_fields(reader: Reader) -> dict[str, set[str]]:
    """The fields that valid labels mention, by document."""
    query = """
        SELECT l.document_id, list(g.field) FILTER (g.field IS NOT NULL) AS fields
        FROM labels l LEFT JOIN ground_truth g USING (document_id) WHERE l.status = 'ok' GROUP BY l.document_id
        """
    return {row["document_id"]: set(row["fields"] or ()) for row in reader.rows(query)}


def label_shapes(reader: Reader) -> dict[str, str | None]:
    """The shape of the values of each valid label, by document; None: an invoice."""
    query = "SELECT document_id, shape FROM labels WHERE status = 'ok' ORDER BY document_id"
    return {row["document_id"]: row["shape"] for row in reader.rows(query)}


def labelled_values(reader: Reader, field: str) -> dict[str, str]:
    """The labelled values of a field, by document; documents without one are left out."""
    query = "SELECT document_id, value FROM ground_truth WHERE field = ? AND value IS NOT NULL"
    return {row["document_id"]: row["value"] for row in reader.rows(query, [field])}


def recognised(reader: Reader) -> dict[str, str]:
    """By document, a text that changes with the words of any engine."""
    query = """
        SELECT document_id, string_agg(engine || '=' || coalesce(result_key, concat_ws(' ', status, run_id, updated_at)), ' '
            ORDER BY engine) AS words
        FROM ocr_text GROUP BY document_id
        """
    return {row["document_id"]: row["words"] for row in reader.rows(query)}


def inputs(reader: Reader) -> list[object]:
    """What reviews of all data sets are made from, but for configuration and values (`confidence.values_from`): texts that
    change with labels, words, cells, schemas and copies."""
    digests = []
    for table, columns in _INPUTS.items():
        digest = f"md5(string_agg(concat_ws('|', {columns}), ' ' ORDER BY document_id, {columns}))"
        digests += [row["digest"] for row in reader.rows(f"SELECT {digest} AS digest FROM {table}")]
    return digests


_INPUTS = {
    "documents": "document_id, dataset, status, reason, schema_state",
    "labels": "document_id, status, label_sha256, shape",
    "ocr_text": "document_id, engine, coalesce(result_key, concat_ws(' ', status, run_id, updated_at))",
    "extractions": "document_id, backend, status, reason, message, country",
    "duplicates": "document_id, group_id",
}


def right_values(reader: Reader, backends: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """The fields that are right, by (backend, document)."""
    rows = reader.rows(
        "SELECT backend, document_id, list(field) AS fields FROM confidences"
        " WHERE correct AND backend IN (SELECT unnest(?)) GROUP BY backend, document_id",
        [list(backends)],
    )
    return {(row["backend"], row["document_id"]): set(row["fields"]) for row in rows}


def values_of_field(reader: Reader, backend: str, field: str) -> dict[str, str]:
    """The extracted values of a field, by document."""
    query = "SELECT document_id, value FROM extracted_fields WHERE backend = ? AND field = ?"
    return {row["document_id"]: row["value"] for row in reader.rows(query, [backend, field])}


def texts(reader: Reader, engine: str | None, documents: Sequence[str]) -> dict[str, str]:
    """The words of documents in one text, as an engine recognised them; without one, as the first engine did."""
    rows = reader.rows(
        "SELECT document_id, arg_min(text, engine) AS text FROM (SELECT document_id, engine, string_agg(text, ' ') AS text"
        " FROM ocr_words WHERE document_id IN (SELECT unnest($documents)) AND ($engine IS NULL OR engine = $engine)"
        " GROUP BY document_id, engine) GROUP BY document_id",
        {"documents": list(documents), "engine": engine},
    )
    return {row["document_id"]: row["text"] for row in rows}


def replace_review(
    warehouse: Warehouse,
    rows: Sequence[NewRow],
    proofs: Sequence[NewRow],
    run_id: str,
    more: Sequence[Replacement] = (),
) -> None:
    """Replace both tables. `more`: other rows to replace with them."""
    stamp: NewRow = {"run_id": run_id, "computed_at": utc_now()}
    new_rows = {"review": [{**row, **stamp} for row in rows], "acceptances": [{**row, **stamp} for row in proofs]}
    warehouse.replace_all(new_rows, more)


def summary(reader: Reader, limit: int) -> tuple[int, int, list[ReviewRow]]:
    """How many documents were reviewed and how many of them accepted, and the first of those to look at."""
    [counts] = reader.rows("SELECT count(*) AS n, count(*) FILTER (status = 'accepted') AS accepted FROM review")
    query = "FROM review WHERE status <> 'accepted' ORDER BY dataset, document_id LIMIT ?"
    return counts["n"], counts["accepted"], reader.select(ReviewRow, query, [limit])


COLUMNS = {"review": described(ReviewRow), "acceptances": described(AcceptanceRow)}
