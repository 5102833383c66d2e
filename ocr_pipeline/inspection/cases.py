"""Everything that is known about how a document was read: one `Case` per backend, with a chain from page to attribution."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.schemas import FIELD_KINDS, Box
from ocr_pipeline.warehouse.connection import Reader

Row = Mapping[str, Any]

BATCH = 50
"""Documents whose words are in memory at once."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something stands. `box` is relative to the page (0..1: left, top, right, bottom) as an engine read it, which
    may be turned against the file: `EngineReading.rotations`. `words` are indices into the words of the engine."""

    page: int
    box: Box
    text: str | None = None
    words: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FieldCase:
    """One field of one backend. `truth` is None where the label says that there is none, and where nothing is `labelled`.
    There is no `outcome` where nothing is labelled, and none of a label or result that has changed since it was scored.

    `evidence` is where the value was read, `label_place` where the labelled value stands (or what looks most like it).
    `method`, `score` and `correction` are the extractor's own words on its evidence.
    """

    field: str
    value: str | None
    labelled: bool
    truth: str | None
    outcome: str | None
    outcome_strict: str | None = None
    outcome_lenient: str | None = None
    attribution: str | None = None
    reason: str | None = None
    confidence: float | None = None
    logprob: float | None = None
    evidence: Place | None = None
    method: str | None = None
    score: float | None = None
    correction: str | None = None
    label_place: Place | None = None
    candidates: tuple[Row, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Wrong, missing or spurious."""
        return self.outcome not in (None, "correct", "both_empty")


@dataclass(frozen=True, kw_only=True)
class Case:
    """How one backend read one document. `extraction` is its row of that table, `calls` rows of `model_calls` in order,
    `cells` rows of `line_item_cells`, `places` evidence of the cells of lists by path, like `line_items.0.amount`."""

    document_id: str
    backend: str
    extraction: Row
    fields: tuple[FieldCase, ...]
    cells: tuple[Row, ...] = ()
    lists: Mapping[str, Sequence[Row]]
    places: Mapping[str, Place]
    calls: tuple[Row, ...] = ()

    @property
    def failed(self) -> bool:
        return bool(self.extraction["status"] == "failed")

    def field(self, name: str) -> FieldCase | None:
        """A field by name; None where nobody gives it and nothing is labelled."""
        return next((one for one in self.fields if one.field == name), None)


@dataclass(frozen=True, kw_only=True)
class EngineReading:
    """What an engine read: its row of `ocr_text`, rows of `ocr_pages` and `ocr_words`."""

    engine: str
    row: Row
    pages: tuple[Row, ...]
    words: tuple[Row, ...]

    @property
    def rotations(self) -> dict[int, int]:
        """By page, the degrees clockwise by which the file was turned before it was read."""
        return {page["page"]: page["rotation"] or 0 for page in self.pages}


@dataclass(frozen=True, kw_only=True)
class DocumentCases:
    """A document with its label and all that was made of it. `document` is its row of that table, `label` of `labels`;
    `truth` has a row of `ground_truth` per labelled field, `issues` rows of `label_issues`."""

    document: Row
    pages: tuple[Row, ...]
    label: Row | None
    truth: Mapping[str, Row]
    truth_lists: Mapping[str, Sequence[Row]]
    readings: Mapping[str, EngineReading]
    cases: Mapping[str, Case]
    issues: tuple[Row, ...]
    duplicate: Row | None

    @property
    def document_id(self) -> str:
        return str(self.document["document_id"])


_TABLES = {
    "documents": "",
    "pages": "page",
    "labels": "",
    "ground_truth": "",
    "ground_truth_line_items": "position",
    "ground_truth_tax_lines": "position",
    "ocr_text": "engine",
    "ocr_pages": "engine, page",
    "ocr_words": "engine, word",
    "extractions": "",
    "extracted_fields": "",
    "extracted_line_items": "position",
    "extracted_tax_lines": "position",
    "evidence": "",
    "candidates": "backend, field, rank",
    "value_logprobs": "",
    "model_calls": "position",
    "field_scores": "",
    "line_item_cells": "list, truth_position, prediction_position, column_name",
    "attributions": "",
    "confidences": "",
    "label_issues": "field",
    "duplicates": "",
}
"""What a document has rows in, and in which order they come."""


def load_cases(
    reader: Reader, document_ids: Sequence[str], backends: Sequence[str], *, words: bool = True
) -> Iterator[DocumentCases]:
    """The cases of these documents, in their order; documents that were never taken in are left out.

    Two dozen queries for each 50 documents, whatever their number of backends.

    Args:
        reader: a snapshot, so that all tables are of one state.
        backends: those to show, in this order.
        words: also the words of the engines and the candidates: most of the volume.
    """
    for start in range(0, len(document_ids), BATCH):
        batch = list(document_ids[start : start + BATCH])
        tables = {
            table: _by_document(reader, table, order, batch)
            for table, order in _TABLES.items()
            if words or table not in ("ocr_words", "candidates")
        }
        for document_id in batch:
            rows = {table: found.get(document_id, []) for table, found in tables.items()}
            if rows["documents"]:
                yield _document(rows, backends)


def load_case(reader: Reader, document_id: str, backends: Sequence[str], *, words: bool = True) -> DocumentCases:
    """The cases of one document, as `load_cases` gives them.

    Raises:
        ConfigurationError: it was never taken in.
    """
    found = next(load_cases(reader, [document_id], backends, words=words), None)
    if found is None:
        raise ConfigurationError(
            f"There is no document {document_id!r} in the database: `ocr-pipeline documents` lists what there is."
        )
    return found


def _by_document(reader: Reader, table: str, order: str, document_ids: Sequence[str]) -> dict[str, list[Row]]:
    ordered = f" ORDER BY {order}" if order else ""
    rows = reader.rows(f"FROM {table} WHERE document_id IN (SELECT unnest(?)){ordered}", [document_ids])
    return _by(rows, "document_id")


def _document(rows: Mapping[str, Sequence[Row]], backends: Sequence[str]) -> DocumentCases:
    pages, words = _by(rows["ocr_pages"], "engine"), _by(rows.get("ocr_words", ()), "engine")
    truth = {row["field"]: row for row in rows["ground_truth"]}
    of_backend = {
        table: _by(rows.get(table, ()), "backend")
        for table in (
            *("extracted_fields", "extracted_line_items", "extracted_tax_lines", "evidence", "candidates"),
            *("value_logprobs", "model_calls", "field_scores", "line_item_cells", "attributions", "confidences"),
        )
    }
    extractions = {row["backend"]: row for row in rows["extractions"]}
    label = next(iter(rows["labels"]), None)
    return DocumentCases(
        document=rows["documents"][0],
        pages=tuple(rows["pages"]),
        label=label,
        truth=truth,
        truth_lists={
            "line_items": rows["ground_truth_line_items"],
            "tax_lines": rows["ground_truth_tax_lines"],
        },
        readings={
            row["engine"]: EngineReading(
                engine=row["engine"],
                row=row,
                pages=tuple(pages.get(row["engine"], ())),
                words=tuple(words.get(row["engine"], ())),
            )
            for row in rows["ocr_text"]
        },
        cases={
            backend: _case(
                extractions[backend],
                {table: found.get(backend, []) for table, found in of_backend.items()},
                truth,
                label,
            )
            for backend in backends
            if backend in extractions
        },
        issues=tuple(rows["label_issues"]),
        duplicate=next(iter(rows["duplicates"]), None),
    )


def _case(extraction: Row, rows: Mapping[str, Sequence[Row]], truth: Mapping[str, Row], label: Row | None) -> Case:
    by_field = {table: {row["field"]: row for row in rows[table]} for table in _BY_FIELD}
    if any(_is_outdated(row, extraction, label) for row in rows["field_scores"]):
        by_field |= {table: {} for table in ("field_scores", "attributions", "confidences")}
    candidates = _by(rows["candidates"], "field")
    fields = [
        _field(name, {table: found.get(name) for table, found in by_field.items()}, truth, candidates.get(name, ()))
        for name in FIELD_KINDS
        if name in truth or name in by_field["extracted_fields"] or name in by_field["field_scores"]
    ]
    places = {row["field"]: _place(row) for row in rows["evidence"] if "." in row["field"]}
    return Case(
        document_id=extraction["document_id"],
        backend=extraction["backend"],
        extraction=extraction,
        fields=tuple(fields),
        cells=tuple(rows["line_item_cells"]),
        lists={"line_items": rows["extracted_line_items"], "tax_lines": rows["extracted_tax_lines"]},
        places={path: place for path, place in places.items() if place},
        calls=tuple(rows["model_calls"]),
    )


def _is_outdated(score: Row, extraction: Row, label: Row | None) -> bool:
    """Whether a score is of another label or another result than there is now."""
    of_result = ("result_key", "engine_fingerprint", "extractor_fingerprint")
    return label is None or (score["label_sha256"], *(score[name] for name in of_result)) != (
        label["label_sha256"],
        *(extraction[name] for name in of_result),
    )


_BY_FIELD = ("extracted_fields", "evidence", "value_logprobs", "field_scores", "attributions", "confidences")


def _field(name: str, rows: Mapping[str, Row | None], truth: Mapping[str, Row], candidates: Sequence[Row]) -> FieldCase:
    none: Row = {}
    value, score, attribution = (rows[table] or none for table in ("extracted_fields", "field_scores", "attributions"))
    evidence, confidence, logprob = (rows[table] or none for table in ("evidence", "confidences", "value_logprobs"))
    return FieldCase(
        field=name,
        value=value.get("value"),
        labelled=name in truth,
        truth=truth.get(name, none).get("value"),
        outcome=score.get("outcome"),
        outcome_strict=score.get("outcome_strict"),
        outcome_lenient=score.get("outcome_lenient"),
        attribution=attribution.get("attribution"),
        reason=attribution.get("reason"),
        confidence=confidence.get("confidence"),
        logprob=logprob.get("logprob"),
        evidence=_place(evidence),
        method=evidence.get("method"),
        score=evidence.get("score"),
        correction=evidence.get("correction"),
        label_place=_place(attribution),
        candidates=tuple(candidates),
    )


def _place(row: Row) -> Place | None:
    if row.get("page") is None or row.get("x0") is None:
        return None
    return Place(
        page=row["page"],
        box=(row["x0"], row["y0"], row["x1"], row["y1"]),
        text=row.get("text"),
        words=tuple(row.get("words") or ()),
    )


def _by(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found
