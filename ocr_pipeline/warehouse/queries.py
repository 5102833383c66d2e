"""Table rows back to domain objects: what a stage reads of the stages before it."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from ocr_pipeline.schemas import (
    FIELD_KINDS,
    DocumentFailure,
    Extraction,
    Invoice,
    Label,
    LineItem,
    OcrPage,
    OcrText,
    TaxLine,
    Word,
)
from ocr_pipeline.warehouse.warehouse import Warehouse

Rows = dict[str, dict[str, Any]]


def documents(warehouse: Warehouse) -> Rows:
    """The rows of `documents` by document."""
    return {row["document_id"]: row for row in warehouse.rows("FROM documents ORDER BY document_id")}


def labels(warehouse: Warehouse) -> Rows:
    """The rows of `labels` by document."""
    return {row["document_id"]: row for row in warehouse.rows("FROM labels ORDER BY document_id")}


def ocr_cells(warehouse: Warehouse, engine: str) -> Rows:
    """The rows of `ocr_text` of one engine by document."""
    rows = warehouse.rows("FROM ocr_text WHERE engine = ?", [engine])
    return {row["document_id"]: row for row in rows}


def extraction_cells(warehouse: Warehouse, backend: str) -> Rows:
    """The rows of `extractions` of one backend by document."""
    rows = warehouse.rows("FROM extractions WHERE backend = ?", [backend])
    return {row["document_id"]: row for row in rows}


def ocr_texts(warehouse: Warehouse, engine: str, document_ids: Sequence[str]) -> dict[str, OcrText]:
    """What `engine` read in these documents; those without a result are left out."""
    parameters = [engine, list(document_ids)]
    pages = warehouse.rows(
        "FROM ocr_pages WHERE engine = ? AND document_id IN (SELECT unnest(?)) ORDER BY document_id, page", parameters
    )
    words = warehouse.rows(
        "FROM ocr_words WHERE engine = ? AND document_id IN (SELECT unnest(?)) ORDER BY document_id, word", parameters
    )
    by_page: dict[tuple[str, int], list[Word]] = {}
    for row in words:
        word = Word.model_construct(
            text=row["text"],
            box=(row["x0"], row["y0"], row["x1"], row["y1"]),
            confidence=row["confidence"],
            page=row["page"],
            line=row["line"],
        )
        by_page.setdefault((row["document_id"], row["page"]), []).append(word)
    return {
        document_id: OcrText.model_construct(
            pages=[
                OcrPage.model_construct(
                    page=row["page"],
                    width=row["width_px"],
                    height=row["height_px"],
                    words=by_page.get((document_id, row["page"]), []),
                    seconds=row["seconds"],
                )
                for row in rows
            ]
        )
        for document_id, rows in groupby(pages, key=lambda row: str(row["document_id"]))
    }


def valid_labels(warehouse: Warehouse) -> dict[str, Label]:
    """Every valid label by document."""
    known = {row["document_id"]: row for row in labels(warehouse).values() if row["status"] == "ok"}
    fields = warehouse.rows("FROM ground_truth ORDER BY document_id")
    invoices = _invoices(
        fields,
        warehouse.rows("FROM ground_truth_line_items ORDER BY document_id, position"),
        warehouse.rows("FROM ground_truth_tax_lines ORDER BY document_id, position"),
    )
    alternatives: dict[str, dict[str, list[str]]] = {}
    for row in fields:
        if row["alternatives"]:
            alternatives.setdefault(row["document_id"], {})[row["field"]] = row["alternatives"]
    return {
        document_id: Label(
            invoice=invoices.get(document_id, Invoice()),
            alternatives=alternatives.get(document_id, {}),
            language=row["language"],
            split=row["split"],
        )
        for document_id, row in known.items()
    }


def extractions(warehouse: Warehouse, backend: str) -> dict[str, Extraction | DocumentFailure]:
    """What `backend` extracted, or why it could not, by document. Without evidence: scoring does not need it."""
    invoices = _invoices(
        warehouse.rows("FROM extracted_fields WHERE backend = ?", [backend]),
        warehouse.rows("FROM extracted_line_items WHERE backend = ? ORDER BY document_id, position", [backend]),
        warehouse.rows("FROM extracted_tax_lines WHERE backend = ? ORDER BY document_id, position", [backend]),
    )
    return {
        document_id: Extraction(invoice=invoices.get(document_id, Invoice()))
        if row["status"] == "ok"
        else DocumentFailure(reason=row["reason"], message=row["message"])
        for document_id, row in extraction_cells(warehouse, backend).items()
    }


def scores(warehouse: Warehouse, backends: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of `field_scores` that belong to the cells of `run_facts`.

    Scores of another data set are those of a document that moved and was not scored since.
    """
    return warehouse.rows(
        """
        SELECT s.* FROM field_scores s
        JOIN documents d ON d.document_id = s.document_id AND d.dataset = s.dataset
        JOIN extractions e ON e.document_id = s.document_id AND e.backend = s.backend
        WHERE s.backend IN (SELECT unnest(?)) AND d.reason IS DISTINCT FROM 'missing_file'
        ORDER BY s.document_id
        """,
        [list(backends)],
    )


def run_facts(warehouse: Warehouse, backends: Sequence[str]) -> list[dict[str, Any]]:
    """What each cell of `extractions` took: seconds of engine and extractor together, cost in USD, fingerprints.

    Without backends that are configured no more, and without documents whose file is gone: their results are kept, but
    they are in no score.
    """
    return warehouse.rows(
        """
        SELECT e.document_id, d.dataset, e.backend, e.status = 'failed' AS failed,
               CASE WHEN e.status = 'ok' THEN e.seconds + coalesce(e.ocr_seconds, 0) END AS seconds,
               e.cost_usd AS cost,
               coalesce(e.engine_fingerprint, '-') || '/' || e.extractor_fingerprint AS fingerprint
        FROM extractions e JOIN documents d USING (document_id)
        WHERE e.backend IN (SELECT unnest(?)) AND d.reason IS DISTINCT FROM 'missing_file'
        ORDER BY e.document_id
        """,
        [list(backends)],
    )


def _invoices(
    fields: list[dict[str, Any]], items: list[dict[str, Any]], taxes: list[dict[str, Any]]
) -> dict[str, Invoice]:
    values: dict[str, dict[str, Any]] = {}
    for row in fields:
        kind = FIELD_KINDS.get(row["field"])
        column = {"money": "value_amount", "date": "value_date"}.get(kind or "", "value")
        values.setdefault(row["document_id"], {})[row["field"]] = _exact(row[column])
    for name, model, rows in (("line_items", LineItem, items), ("tax_lines", TaxLine, taxes)):
        for row in rows:
            entry = model(**{field: _exact(row[field]) for field in model.model_fields})
            values.setdefault(row["document_id"], {}).setdefault(name, []).append(entry)
    return {document_id: Invoice(**invoice) for document_id, invoice in values.items()}


def _exact(value: Any) -> Any:
    """DECIMAL(24, 6) gives 12.500000: back to the shortest exact spelling, so that 18 digits are enough."""
    return value.normalize() if isinstance(value, Decimal) else value
