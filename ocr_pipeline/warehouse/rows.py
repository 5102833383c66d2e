"""Domain objects to table rows. The table definitions are in `migrations/`; each function here fills one set of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from ocr_pipeline.documents.duplicates import Duplicate
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import DecidedLabel
from ocr_pipeline.documents.pages import Document
from ocr_pipeline.documents.stage import TakenIn
from ocr_pipeline.extraction.stage import ExtractionOutcome
from ocr_pipeline.ocr.stage import OcrOutcome
from ocr_pipeline.schemas import FIELD_KINDS, DocumentFailure, Invoice, Label, Word
from ocr_pipeline.warehouse.warehouse import utc_now

Tables = dict[str, list[dict[str, Any]]]

DOCUMENT_KEY = ("document_id",)
DOCUMENT_TABLES = ("documents", "pages")
LABEL_TABLES = ("labels", "ground_truth", "ground_truth_line_items", "ground_truth_tax_lines")

OCR_KEY = ("document_id", "engine")
OCR_TABLES = ("ocr_text", "ocr_pages", "ocr_words")

EXTRACTION_KEY = ("document_id", "backend")
EXTRACTION_TABLES = (
    "extractions",
    "extracted_fields",
    "extracted_line_items",
    "extracted_tax_lines",
    "evidence",
    "candidates",
    "value_logprobs",
    "model_calls",
)


def empty(tables: Sequence[str]) -> Tables:
    """A place to collect rows for these tables."""
    return {table: [] for table in tables}


def add_document(
    tables: Tables,
    source: SourceFile,
    path: str,
    *,
    run_id: str,
    document: Document | None = None,
    transcript_sha256: str | None = None,
    failure: DocumentFailure | None = None,
    began: str | None = None,
) -> None:
    """Rows of a document that was opened (`document`), or of one that could not be (`failure`).

    `began`: a moment before its file was read (UTC), so that a file which is younger may be another one; None: now.
    """
    tables["documents"].append(
        {
            "document_id": source.document_id,
            "dataset": source.dataset,
            "path": path,
            "media_type": document.media_type if document else None,
            "size_bytes": document.size if document else None,
            "sha256": document.sha256 if document else None,
            "perceptual_hash": document.perceptual_hash if isinstance(document, TakenIn) else None,
            "pages": len(document.pages) if document else None,
            "transcript_sha256": transcript_sha256,
            **_status(failure),
            "run_id": run_id,
            "updated_at": began or utc_now(),
        }
    )
    for page in document.pages if document else ():
        tables["pages"].append(
            {
                "document_id": source.document_id,
                "page": page.number,
                "width_px": page.width,
                "height_px": page.height,
                "dpi": page.dpi,
            }
        )


def duplicate_rows(
    members: Sequence[Duplicate], splits: Mapping[str, str | None], *, run_id: str
) -> list[dict[str, Any]]:
    """The rows of `duplicates`; `splits` are those in use."""
    return [
        {**asdict(member), "split": splits.get(member.document_id), "run_id": run_id, "updated_at": utc_now()}
        for member in members
    ]


def add_label(
    tables: Tables,
    document_id: str,
    dataset: str,
    *,
    run_id: str,
    label: Label | None,
    label_sha256: str | None = None,
    failure: DocumentFailure | None = None,
    decided: DecidedLabel | None = None,
    began: str | None = None,
) -> None:
    """Rows of a label; without one the document is known to be unlabelled.

    `decided`: what reviews made of it. `began`: as of `add_document`.
    """
    tables["labels"].append(
        {
            "document_id": document_id,
            "dataset": dataset,
            "status": "invalid" if failure else "ok" if label else "none",
            "message": failure.message if failure else None,
            "label_sha256": label_sha256,
            "language": label.language if label else None,
            "split": label.split if label else None,
            "run_id": run_id,
            "updated_at": began or utc_now(),
        }
    )
    if label is None:
        return
    for field in label.labelled_fields:
        decision = decided.decisions.get(field) if decided else None
        tables["ground_truth"].append(
            {
                "document_id": document_id,
                "field": field,
                "alternatives": label.alternatives.get(field),
                "decision": decision.choice if decision else None,
                "file_value": decision.label if decision and decision.choice == "value" else None,
                **_typed_value(getattr(label.invoice, field)),
            }
        )
    key = {"document_id": document_id}
    _add_lists(tables, "ground_truth_line_items", "ground_truth_tax_lines", key, label.invoice)


def add_ocr(
    tables: Tables,
    document_id: str,
    engine: str,
    outcome: OcrOutcome,
    *,
    fingerprint: str,
    result_key: str | None,
    run_id: str,
) -> None:
    """Rows of one cell of `ocr_text`."""
    key = {"document_id": document_id, "engine": engine}
    text = outcome.text
    words = list(text.words()) if text else []
    tables["ocr_text"].append(
        {
            **key,
            **_status(outcome.failure),
            "pages": len(text.pages) if text else None,
            "words": len(words) if text else None,
            "mean_confidence": _mean_confidence(words),
            "seconds": text.seconds if text else None,
            "fingerprint": fingerprint,
            "result_key": result_key,
            "run_id": run_id,
            "updated_at": utc_now(),
        }
    )
    for page in text.pages if text else ():
        tables["ocr_pages"].append(
            {
                **key,
                "page": page.page,
                "width_px": page.width,
                "height_px": page.height,
                "rotation": page.rotation,
                "words": len(page.words),
                "mean_confidence": _mean_confidence(page.words),
                "seconds": page.seconds,
            }
        )
    for index, word in enumerate(words):
        tables["ocr_words"].append(
            {
                **key,
                "page": word.page,
                "word": index,
                "line": word.line,
                "text": word.text,
                **_box(word.box),
                "confidence": word.confidence,
            }
        )


def add_extraction(
    tables: Tables,
    document_id: str,
    backend: str,
    outcome: ExtractionOutcome,
    *,
    engine: str | None,
    extractor: str,
    ocr_seconds: float | None,
    engine_fingerprint: str | None,
    extractor_fingerprint: str,
    result_key: str | None,
    run_id: str,
    extractor_settings: str | None = None,
) -> None:
    """Rows of one cell of `extractions`."""
    key = {"document_id": document_id, "backend": backend}
    reported = outcome.extraction.reported if outcome.extraction else None
    tables["extractions"].append(
        {
            **key,
            "engine": engine,
            "extractor": extractor,
            **_status(outcome.failure),
            "seconds": outcome.seconds,
            "ocr_seconds": ocr_seconds,
            "cost_usd": outcome.cost_usd,
            "reported": reported is not None,
            "reported_model": reported.model if reported else None,
            "reported_model_version": reported.model_version if reported else None,
            "engine_fingerprint": engine_fingerprint,
            "extractor_fingerprint": extractor_fingerprint,
            "extractor_settings": extractor_settings,
            "result_key": result_key,
            "run_id": run_id,
            "updated_at": utc_now(),
        }
    )
    for position, call in enumerate(outcome.calls):
        usage = {f"{name}_tokens": count for name, count in call.usage.model_dump().items()} if call.usage else {}
        usage["thought_tokens"] = usage.pop("thoughts_tokens", None)
        facts = call.model_dump(exclude={"usage", "asked_at"})
        asked_at = call.asked_at.replace(tzinfo=None).isoformat(sep=" ")
        tables["model_calls"].append({**key, "position": position, **facts, "asked_at": asked_at, **usage})
    if outcome.extraction is None:
        return
    invoice = outcome.extraction.invoice
    for field in FIELD_KINDS:
        value = getattr(invoice, field)
        if value is not None:
            tables["extracted_fields"].append({**key, "field": field, **_typed_value(value)})
    _add_lists(tables, "extracted_line_items", "extracted_tax_lines", key, invoice)
    for field, found in outcome.extraction.evidence.items():
        tables["evidence"].append(
            {
                **key,
                "field": field,
                "page": found.page,
                "text": found.text,
                **_box(found.box),
                "words": found.words,
                "method": found.method,
                "score": found.score,
                "correction": found.correction,
            }
        )
    for field, logprob in outcome.extraction.logprobs.items():
        tables["value_logprobs"].append({**key, "field": field, "logprob": logprob})
    ranks: Counter[str] = Counter()
    for candidate in outcome.extraction.candidates:
        row = candidate.model_dump(exclude={"box"})
        tables["candidates"].append({**key, **row, "rank": ranks[candidate.field], **_box(candidate.box)})
        ranks[candidate.field] += 1


def _add_lists(tables: Tables, items: str, taxes: str, key: dict[str, str], invoice: Invoice) -> None:
    for table, entries in ((items, invoice.line_items), (taxes, invoice.tax_lines)):
        for position, entry in enumerate(entries):
            tables[table].append({**key, "position": position, **entry.model_dump(mode="json")})


def _status(failure: DocumentFailure | None) -> dict[str, str | None]:
    if failure is None:
        return {"status": "ok", "reason": None, "message": None}
    return {"status": "failed", "reason": failure.reason, "message": failure.message}


def _typed_value(value: str | date | Decimal | None) -> dict[str, Any]:
    return {
        "value": None if value is None else str(value),
        "value_amount": value if isinstance(value, Decimal) else None,
        "value_date": value if isinstance(value, date) else None,
    }


def _mean_confidence(words: Sequence[Word]) -> float | None:
    known = [word.confidence for word in words if word.confidence is not None]
    return sum(known) / len(known) if known else None


def _box(box: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("x0", "y0", "x1", "y1"), box, strict=True))
