"""The tables `extractions`, `extracted_fields` and its lists."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

from ocr_pipeline.evaluation.ranking.runs import ExtractionRun
from ocr_pipeline.schemas import DocumentFailure, Extraction, Invoice
from ocr_pipeline.warehouse.connection import Reader, utc_now
from ocr_pipeline.warehouse.tables.calls import add_calls
from ocr_pipeline.warehouse.tables.common import APPLICABLE, NewRow, NewRows, described
from ocr_pipeline.warehouse.tables.evidence import add_evidence
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell, origin_columns
from ocr_pipeline.warehouse.tables.labels import ItemRow, TaxRow, TruthCellRow
from ocr_pipeline.warehouse.tables.repeats import add_answers
from ocr_pipeline.warehouse.tables.values import add_lists, load_values, shape_columns, typed_value, values_of_rows

if TYPE_CHECKING:
    from ocr_pipeline.extraction.stage import ExtractionOutcome


Values = dict[str, dict[str, dict[str, str]]]

EXTRACTION_KEY = ("document_id", "backend")

EXTRACTION_TABLES = (
    "extractions",
    "extracted_fields",
    "extracted_line_items",
    "extracted_tax_lines",
    "extracted_rows",
    "evidence",
    "candidates",
    "value_logprobs",
    "codes",
    "model_calls",
    "repeated_answers",
)

_OF_BACKEND = "backend = $backend AND ($document IS NULL OR document_id = $document)"


@dataclass(frozen=True, kw_only=True)
class FieldValueRow:
    """A row of `extracted_fields`."""

    document_id: str
    backend: str
    field: str
    value: str
    value_amount: Decimal | None
    value_date: date | None
    read_from: Annotated[
        str | None, "What the value was read from: page, code or xml; NULL: not known, it was imported."
    ]
    others: Annotated[dict[str, str] | None, "What the other sources have for it, by source; NULL: nothing."]


@dataclass(frozen=True, kw_only=True)
class ExtractedItemRow(ItemRow):
    """A row of `extracted_line_items`."""

    backend: str


@dataclass(frozen=True, kw_only=True)
class ExtractedTaxRow(TaxRow):
    """A row of `extracted_tax_lines`."""

    backend: str


@dataclass(frozen=True, kw_only=True)
class ExtractedCellRow(TruthCellRow):
    """A row of `extracted_rows`."""

    backend: str


def extraction_cells(reader: Reader, backend: str, document_id: str | None = None) -> dict[str, ExtractionCell]:
    """The cells of one backend by document. `document_id`: of this document only."""
    of = {"backend": backend, "document": document_id}
    rows = partial(reader.select, ExtractionCell, f"FROM extractions WHERE {_OF_BACKEND}", of)
    return reader.once(("extractions", *of.values()), lambda: {row.document_id: row for row in rows()})


def extractions(
    reader: Reader, backend: str, document_id: str | None = None
) -> dict[str, Extraction | DocumentFailure]:
    """The extraction or the failure of `backend` by document: values, and fields that cannot be read. `document_id`: of this
    document only."""
    of = {"backend": backend, "document": document_id}
    where = f"WHERE {_OF_BACKEND}"
    values = values_of_rows(load_values(reader, "extracted", "extracted_fields", where, of, "extractions"))
    nothing = Invoice()
    return {
        row["document_id"]: DocumentFailure.model_validate({"reason": row["reason"], "message": row["message"]})
        if row["status"] == "failed"
        else _without_evidence(invoice=values.get(row["document_id"], nothing), unreadable=row["unreadable"] or {})
        for row in reader.rows(f"SELECT document_id, status, reason, message, unreadable FROM extractions {where}", of)
    }


# Empty fields are named, as Pydantic makes deep copies of defaults: that took half of the time.
_without_evidence = partial(
    Extraction, evidence={}, candidates=[], logprobs={}, warnings=[], read_from={}, others={}, codes=[]
)


def backends_of(reader: Reader, document_id: str) -> list[str]:
    """The backends that were run on a document, by name."""
    rows = reader.rows("SELECT backend FROM extractions WHERE document_id = ? ORDER BY backend", [document_id])
    return [row["backend"] for row in rows]


def backends(reader: Reader) -> list[str]:
    """The backends that were run on any document, by name."""
    return [row["backend"] for row in reader.rows("SELECT DISTINCT backend FROM extractions ORDER BY backend")]


def values_of(reader: Reader, document_id: str, backend: str) -> dict[str, str]:
    """The extracted values of a cell as text, by field."""
    rows = reader.rows(
        "SELECT field, value FROM extracted_fields WHERE document_id = ? AND backend = ?", [document_id, backend]
    )
    return {row["field"]: row["value"] for row in rows}


def reported_models(reader: Reader) -> dict[str, list[str]]:
    """By backend with imported predictions, the models that they name."""
    rows = reader.rows(
        "SELECT backend, list(DISTINCT reported_model) AS models FROM extractions"
        " WHERE reported_model IS NOT NULL GROUP BY backend"
    )
    return {row["backend"]: sorted(row["models"]) for row in rows}


def result_keys(reader: Reader) -> set[str]:
    """Addresses of the results in use."""
    return {row["result_key"] for row in reader.rows("SELECT result_key FROM extractions WHERE result_key IS NOT NULL")}


def extraction_failures(reader: Reader, backend: str | None = None) -> dict[str, dict[str, str]]:
    """By document, the backends without a result and the reason: that of the engine if it failed."""
    reasons: dict[str, dict[str, str]] = {}
    for row in reader.rows(
        """
        SELECT e.document_id, e.backend, coalesce(o.reason, e.reason) AS reason
        FROM extractions e
        LEFT JOIN ocr_text o ON o.document_id = e.document_id AND o.engine = e.engine AND e.reason = 'ocr_failed'
        WHERE e.status = 'failed' AND ($backend IS NULL OR e.backend = $backend) ORDER BY e.document_id, e.backend
        """,
        {"backend": backend},
    ):
        reasons.setdefault(row["document_id"], {})[row["backend"]] = row["reason"]
    return reasons


def failures(reader: Reader, backend: str) -> dict[str, str]:
    """Reasons of the failures of a backend by document, as in `extraction_failures`."""
    return {key: reasons[backend] for key, reasons in extraction_failures(reader, backend).items()}


def extracted_values(reader: Reader, backends: Sequence[str]) -> Values:
    """The values by document, backend and field. A backend without values maps to an empty dict; a failed one is left out."""
    values: Values = defaultdict(dict)
    for row in reader.rows(
        """
        SELECT e.document_id, e.backend, f.field, f.value FROM extractions e
        LEFT JOIN extracted_fields f USING (document_id, backend)
        JOIN documents d USING (document_id)
        WHERE e.status = 'ok' AND e.backend IN (SELECT unnest(?)) AND coalesce(d.reason, '') NOT IN ('missing_file', 'split')
        """,
        [list(backends)],
    ):
        of_backend = values[row["document_id"]].setdefault(row["backend"], {})
        if row["field"] is not None:
            of_backend[row["field"]] = row["value"]
    order = {backend: position for position, backend in enumerate(backends)}
    return {key: dict(sorted(found.items(), key=lambda item: order[item[0]])) for key, found in sorted(values.items())}


def extraction_runs(reader: Reader, backends: Sequence[str]) -> list[ExtractionRun]:
    """What each cell of `extractions` took: seconds of engine and extractor together, cost in USD, fingerprints.

    Without removed backends, documents whose file was deleted, and cells that are not applicable: their rows are kept, but
    excluded from scores.
    """
    return reader.select(
        ExtractionRun,
        f"""
        SELECT e.document_id, d.dataset, e.backend, e.status = 'failed' AS failed,
               CASE WHEN e.status = 'ok' THEN e.seconds + coalesce(e.ocr_seconds, 0) END AS seconds,
               e.cost_usd AS cost, e.reported,
               coalesce(e.engine_fingerprint, '-') || '/' || e.extractor_fingerprint AS fingerprint
        FROM extractions e JOIN documents d USING (document_id)
        WHERE e.backend IN (SELECT unnest(?)) AND coalesce(d.reason, '') NOT IN ('missing_file', 'split')
            AND {APPLICABLE}
        ORDER BY e.document_id
        """,
        [list(backends)],
    )


class FailedCell(NamedTuple):
    """A cell without a result."""

    document_id: str
    backend: str
    reason: str | None


def failed_cells(reader: Reader) -> list[FailedCell]:
    """Every cell without a result, except for those that are not applicable and deleted files."""
    return reader.select(
        FailedCell,
        f"""
        SELECT e.document_id, e.backend, e.reason FROM extractions e JOIN documents d USING (document_id)
        WHERE e.status = 'failed' AND {APPLICABLE}
            AND coalesce(d.reason, '') NOT IN ('missing_file', 'split') ORDER BY ALL
        """,
    )


def add_extraction(
    tables: NewRows,
    document_id: str,
    backend: str,
    outcome: "ExtractionOutcome",
    *,
    engine: str | None,
    extractor: str,
    ocr_seconds: float | None,
    engine_fingerprint: str | None,
    extractor_fingerprint: str,
    result_key: str | None,
    run_id: str,
    extractor_settings: str | None = None,
) -> ExtractionCell:
    """Add the rows of one cell, with its values, evidence and model calls."""
    key: NewRow = {"document_id": document_id, "backend": backend}
    reported = outcome.extraction.reported if outcome.extraction else None
    failure = outcome.failure
    cell = ExtractionCell(
        document_id=document_id,
        backend=backend,
        engine=engine,
        extractor=extractor,
        status="failed" if failure else "ok",
        reason=failure.reason if failure else None,
        message=failure.message if failure else None,
        seconds=outcome.seconds,
        ocr_seconds=ocr_seconds,
        cost_usd=outcome.cost_usd,
        reported=reported is not None,
        reported_model=reported.model if reported else None,
        reported_model_version=reported.model_version if reported else None,
        warnings=(outcome.extraction.warnings if outcome.extraction else None) or None,
        unreadable=(outcome.extraction.unreadable if outcome.extraction else None) or None,
        **origin_columns(outcome.extraction.origin if outcome.extraction else None),
        engine_fingerprint=engine_fingerprint,
        extractor_fingerprint=extractor_fingerprint,
        extractor_settings=extractor_settings,
        result_key=result_key,
        run_id=run_id,
        updated_at=utc_now(),
        **shape_columns(outcome.extraction.invoice if outcome.extraction else None),
    )
    tables["extractions"].append(asdict(cell))
    add_calls(tables, key, outcome.calls)
    add_answers(tables, key, outcome.repeats)
    if outcome.extraction is None:
        return cell
    invoice = outcome.extraction.invoice
    for field in invoice.KINDS:
        value = getattr(invoice, field)
        if value is not None:
            source = None if reported else outcome.extraction.read_from.get(field, "page")
            others = outcome.extraction.others.get(field)
            row = {**key, "field": field, **typed_value(value), "read_from": source, "others": others}
            tables["extracted_fields"].append(row)
    add_lists(tables, "extracted", key, invoice)
    add_evidence(tables, key, outcome.extraction)
    return cell


COLUMNS = {
    "extractions": described(ExtractionCell),
    "extracted_fields": described(FieldValueRow),
    "extracted_line_items": described(ExtractedItemRow),
    "extracted_tax_lines": described(ExtractedTaxRow),
    "extracted_rows": described(ExtractedCellRow),
}
