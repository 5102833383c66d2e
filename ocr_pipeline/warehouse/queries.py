"""Table rows back to domain objects: what a stage reads of the stages before it.

A `Reader` is the warehouse, or a snapshot of it where several queries must see one state.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from ocr_pipeline.documents.duplicates import Fingerprint, Pair
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
from ocr_pipeline.warehouse.warehouse import Reader

Rows = dict[str, dict[str, Any]]


def documents(reader: Reader) -> Rows:
    """The rows of `documents` by document."""
    return {row["document_id"]: row for row in reader.rows("FROM documents ORDER BY document_id")}


def fingerprints(reader: Reader) -> list[Fingerprint]:
    """What every document that is there and can be opened is compared by."""
    rows = reader.rows(
        """
        SELECT d.document_id, d.sha256, d.pages, d.perceptual_hash, p.width_px / greatest(p.height_px, 1) AS aspect
        FROM documents d JOIN pages p ON p.document_id = d.document_id AND p.page = 1
        WHERE d.status = 'ok' AND d.perceptual_hash IS NOT NULL ORDER BY d.document_id
        """
    )
    return [Fingerprint(**row) for row in rows]


def page_similarities(reader: Reader) -> dict[Pair, float]:
    """How alike the first pages of two contents are, by pair."""
    return {(row["sha256_a"], row["sha256_b"]): row["similarity"] for row in reader.rows("FROM page_similarities")}


def duplicates(reader: Reader) -> Rows:
    """The rows of `duplicates` by document."""
    return {row["document_id"]: row for row in reader.rows("FROM duplicates ORDER BY document_id")}


def labels(reader: Reader) -> Rows:
    """The rows of `labels` by document."""
    return {row["document_id"]: row for row in reader.rows("FROM labels ORDER BY document_id")}


def decided_documents(reader: Reader) -> set[str]:
    """The documents on whose label decisions of a review were laid."""
    rows = reader.rows("SELECT DISTINCT document_id FROM ground_truth WHERE decision IS NOT NULL")
    return {row["document_id"] for row in rows}


def ocr_cells(reader: Reader, engine: str) -> Rows:
    """The rows of `ocr_text` of one engine by document."""
    rows = reader.rows("FROM ocr_text WHERE engine = ?", [engine])
    return {row["document_id"]: row for row in rows}


_OF_BACKEND = "backend = $backend AND ($document IS NULL OR document_id = $document)"


def extraction_cells(reader: Reader, backend: str, document_id: str | None = None) -> Rows:
    """The rows of `extractions` of one backend by document; only that of `document_id`, where it is given."""
    rows = reader.rows(f"FROM extractions WHERE {_OF_BACKEND}", {"backend": backend, "document": document_id})
    return {row["document_id"]: row for row in rows}


def characters(reader: Reader, engine: str) -> dict[str, int]:
    """How many characters `engine` read in each document, with a space after each word."""
    rows = reader.rows(
        "SELECT document_id, sum(length(text) + 1)::BIGINT AS size FROM ocr_words WHERE engine = ? GROUP BY document_id",
        [engine],
    )
    return {row["document_id"]: row["size"] for row in rows}


def extraction_failures(reader: Reader) -> dict[str, dict[str, str]]:
    """By document, the backends that have no result for it, and the first reason: the engine's, where that failed."""
    failures: dict[str, dict[str, str]] = {}
    for row in reader.rows(
        """
        SELECT e.document_id, e.backend, coalesce(o.reason, e.reason) AS reason
        FROM extractions e
        LEFT JOIN ocr_text o ON o.document_id = e.document_id AND o.engine = e.engine AND e.reason = 'ocr_failed'
        WHERE e.status = 'failed' ORDER BY e.document_id, e.backend
        """
    ):
        failures.setdefault(row["document_id"], {})[row["backend"]] = row["reason"]
    return failures


def ocr_texts(reader: Reader, engine: str, document_ids: Sequence[str]) -> dict[str, OcrText]:
    """What `engine` read in these documents; those without a result are left out."""
    parameters = [engine, list(document_ids)]
    pages = reader.rows(
        "FROM ocr_pages WHERE engine = ? AND document_id IN (SELECT unnest(?)) ORDER BY document_id, page", parameters
    )
    words = reader.rows(
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
                    rotation=row["rotation"],
                    words=by_page.get((document_id, row["page"]), []),
                    seconds=row["seconds"],
                )
                for row in rows
            ]
        )
        for document_id, rows in groupby(pages, key=lambda row: str(row["document_id"]))
    }


def valid_labels(reader: Reader) -> dict[str, Label]:
    """Every valid label by document."""
    known = {row["document_id"]: row for row in labels(reader).values() if row["status"] == "ok"}
    fields = reader.rows("FROM ground_truth ORDER BY document_id")
    invoices = _invoices(
        fields,
        reader.rows("FROM ground_truth_line_items ORDER BY document_id, position"),
        reader.rows("FROM ground_truth_tax_lines ORDER BY document_id, position"),
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


def extractions(
    reader: Reader, backend: str, document_id: str | None = None
) -> dict[str, Extraction | DocumentFailure]:
    """What `backend` extracted, or why it could not, by document; only that of `document_id`, where it is given.

    Without evidence: scoring does not need it.
    """
    of = {"backend": backend, "document": document_id}
    invoices = _invoices(
        reader.rows(f"FROM extracted_fields WHERE {_OF_BACKEND}", of),
        reader.rows(f"FROM extracted_line_items WHERE {_OF_BACKEND} ORDER BY document_id, position", of),
        reader.rows(f"FROM extracted_tax_lines WHERE {_OF_BACKEND} ORDER BY document_id, position", of),
    )
    return {
        document_id: Extraction(invoice=invoices.get(document_id, Invoice()))
        if row["status"] == "ok"
        else DocumentFailure(reason=row["reason"], message=row["message"])
        for document_id, row in extraction_cells(reader, backend, document_id).items()
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


def scores(reader: Reader, backends: Sequence[str], scoring_version: int, rules: str) -> list[dict[str, Any]]:
    """The rows of `field_scores` that are of today: `CURRENT_SCORES`."""
    return reader.rows(
        f"SELECT s.* FROM {CURRENT_SCORES} ORDER BY s.document_id",  # noqa: S608 - the text is this module's own
        {"backends": list(backends), "scoring_version": scoring_version, "rules": rules},
    )


def line_item_scores(reader: Reader, backends: Sequence[str], scoring_version: int, rules: str) -> list[dict[str, Any]]:
    """The rows of `line_item_scores`, as `scores`."""
    return reader.rows(
        f"SELECT s.* FROM line_item_scores s {_OF_TODAY} ORDER BY s.document_id",  # noqa: S608 - as above
        {"backends": list(backends), "scoring_version": scoring_version, "rules": rules},
    )


def printed_dates(reader: Reader, backend: str) -> dict[str, dict[str, str]]:
    """The text that `backend` read each date from, where it names a place, by document and field."""
    dates = [field for field, kind in FIELD_KINDS.items() if kind == "date"]
    rows = reader.rows(
        "SELECT document_id, field, text FROM evidence WHERE backend = ? AND field IN (SELECT unnest(?)) AND text <> ''",
        [backend, dates],
    )
    printed: dict[str, dict[str, str]] = {}
    for row in rows:
        printed.setdefault(row["document_id"], {})[row["field"]] = row["text"]
    return printed


def run_facts(reader: Reader, backends: Sequence[str]) -> list[dict[str, Any]]:
    """What each cell of `extractions` took: seconds of engine and extractor together, cost in USD, fingerprints.

    Without backends that are configured no more, and without documents whose file is gone or of which a transcript was
    asked that there is not: their rows are kept, but they are in no score.
    """
    return reader.rows(
        """
        SELECT e.document_id, d.dataset, e.backend, e.status = 'failed' AS failed,
               CASE WHEN e.status = 'ok' THEN e.seconds + coalesce(e.ocr_seconds, 0) END AS seconds,
               e.cost_usd AS cost, e.reported,
               coalesce(e.engine_fingerprint, '-') || '/' || e.extractor_fingerprint AS fingerprint
        FROM extractions e JOIN documents d USING (document_id)
        WHERE e.backend IN (SELECT unnest(?)) AND d.reason IS DISTINCT FROM 'missing_file'
            AND e.reason IS DISTINCT FROM 'no_transcript'
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
