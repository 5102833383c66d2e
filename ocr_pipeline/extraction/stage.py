"""The extraction stage: documents and words in, fields out, each document computed once and kept in the result store."""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_unchanged
from ocr_pipeline.errors import DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.schemas import DocumentFailure, Extraction, OcrText
from ocr_pipeline.store import ResultStore, fingerprint_of, result_key

logger = logging.getLogger(__name__)

STAGE = "extraction"


@dataclass(frozen=True)
class ExtractionTask:
    """One document to extract.

    `input_key` identifies what goes in: the key of the OCR result, or the SHA-256 of the document for a backend without
    an engine. It is None where an earlier stage failed; then `failure` says why.
    """

    document_id: str
    path: Path
    sha256: str | None
    text: OcrText | None
    input_key: str | None
    failure: DocumentFailure | None = None


class ExtractionOutcome(BaseModel):
    """What is stored for a document: its fields, or why there are none, and what it took."""

    extraction: Extraction | None = None
    failure: DocumentFailure | None = None
    seconds: float = 0.0
    cost_usd: float | None = None


@dataclass(frozen=True)
class ExtractionResult:
    """The outcome for one task. `key` is None where the outcome was not stored, so that the next run tries again."""

    document_id: str
    outcome: ExtractionOutcome
    key: str | None
    cached: bool


def extract_documents(
    extractor: Extractor, tasks: Iterable[ExtractionTask], store: ResultStore, limits: Limits
) -> Iterator[ExtractionResult]:
    """Extract every document that the store does not know yet; yield results in order.

    Raises:
        ConfigurationError: the extractor cannot work as it is set up.
    """
    extractor_fingerprint = fingerprint_of(extractor)
    for task in tasks:
        if task.input_key is None:
            yield ExtractionResult(
                task.document_id, ExtractionOutcome(failure=task.failure, cost_usd=0.0), key=None, cached=False
            )
            continue
        key = result_key(task.input_key, extractor_fingerprint)
        stored = store.load(STAGE, key, ExtractionOutcome)
        if stored is not None:
            yield ExtractionResult(task.document_id, stored, key, cached=True)
        else:
            yield _extract_and_store(extractor, task, key, store, limits)


def _extract_and_store(
    extractor: Extractor, task: ExtractionTask, key: str, store: ResultStore, limits: Limits
) -> ExtractionResult:
    keep = True

    def open_task() -> Document:
        nonlocal keep
        try:
            return open_unchanged(task.path, task.sha256 or "", limits)
        except DocumentError:
            keep = False  # says something about the file and the limits of today: not stored
            raise

    started = time.perf_counter()
    extraction, failure = None, None
    try:
        extraction = extractor.extract(ExtractionInput(document_id=task.document_id, open=open_task, text=task.text))
    except DocumentError as error:
        failure = DocumentFailure(reason=error.reason, message=str(error))
    except ProviderError as error:
        failure = DocumentFailure(reason="provider_failed", message=str(error))
        keep = False  # the next run asks again
    except OcrPipelineError:
        raise
    except Exception as error:  # noqa: BLE001 - one document that breaks an extractor must not stop the others
        logger.warning("Extraction of %s failed: %s", task.document_id, type(error).__name__)
        failure = DocumentFailure(reason="extraction_failed", message=f"The extractor failed: {type(error).__name__}.")
        keep = False
    seconds = time.perf_counter() - started
    cost_usd = extraction.cost_usd if extraction else None
    outcome = ExtractionOutcome(extraction=extraction, failure=failure, seconds=seconds, cost_usd=cost_usd)
    if keep:
        store.put(STAGE, key, outcome.model_dump_json())
    return ExtractionResult(task.document_id, outcome, key if keep else None, cached=False)
