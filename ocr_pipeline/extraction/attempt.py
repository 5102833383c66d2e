"""One attempt to extract a document: in a worker process with a time limit, or here if it asks models."""

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ocr_pipeline.document_fields import Invoice
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.documents.guard import limited, remote
from ocr_pipeline.documents.limits import Limits, TimeLimits, page_too_slow, too_slow
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import Document, open_unchanged
from ocr_pipeline.documents.xml_pages import DRAWN_PAGE
from ocr_pipeline.errors import DocumentError, OcrPipelineError, ProviderError
from ocr_pipeline.extraction.base import ExtractionInput, MemberResults
from ocr_pipeline.extraction.sources import SourceReader
from ocr_pipeline.models.asking import DocumentCalls, LocalCalls
from ocr_pipeline.models.stored import StoredCall
from ocr_pipeline.processes.budget import OverBudget, WorkerDied
from ocr_pipeline.processes.shared import call_isolated
from ocr_pipeline.processes.worker import Isolated
from ocr_pipeline.schemas import DocumentFailure, Extraction, OcrText

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExtractionTask:
    """One document to extract.

    `input_key` identifies what goes in: the key of the OCR result, or the SHA-256 of the document for a backend without
    an engine, plus the hash of the imported prediction if the backend imports. It is None if an earlier stage failed;
    then `failure` says why. `prediction` gives the text of the imported row, if there is one; `members` is for an
    ensemble. `part`: its pages of the file, if it is a part of one. `schema`: that it follows. `content`: the bytes of the
    file, for a machine that does not have it.
    """

    document_id: str
    path: Path
    sha256: str | None
    text: OcrText | None
    input_key: str | None
    failure: DocumentFailure | None = None
    prediction: Callable[[], str] | None = None
    members: MemberResults | None = None
    part: PageRange | None = None
    schema: DocumentSchema = field(default_factory=invoice_schema)
    content: bytes | None = None


@dataclass(frozen=True)
class Attempt:
    """What came of it, and the seconds that it took. `keep`: whether it is stored, or tried again by the next run. `local`:
    the calls of a model on this machine."""

    extraction: Extraction | None = None
    failure: DocumentFailure | None = None
    keep: bool = True
    seconds: float = 0.0
    local: tuple[StoredCall, ...] = ()


def times_of(reader: SourceReader, limits: Limits) -> TimeLimits:
    """How long a reader may take for a document."""
    return reader.times or reader.extractor.capabilities.times(limits)


def input_of(
    task: ExtractionTask, opener: Callable[[], Document], calls: DocumentCalls | None = None
) -> ExtractionInput:
    """What the extractor gets."""
    return ExtractionInput(
        document_id=task.document_id,
        open=opener,
        text=task.text,
        models=calls,
        prediction=task.prediction,
        members=task.members,
        schema=task.schema,
    )


def attempt(
    reader: SourceReader,
    task: ExtractionTask,
    limits: Limits,
    calls: DocumentCalls | None,
    guarded: Callable[[Document, Limits], Document] = remote,
) -> Attempt:
    """Extract a document in this process. `guarded`: what keeps its pages from harming the process.

    Raises:
        OcrPipelineError: the extractor can never work as it is set up.
    """
    keep = True

    def open_task() -> Document:
        nonlocal keep
        try:
            opened = open_unchanged(task.path, task.sha256 or "", limits, task.part, task.content)
        except DocumentError:
            keep = False  # says something about the file and the limits of today: not stored
            raise
        if opened.is_drawn and not reader.reads_xml:
            raise DocumentError("drawn_page", DRAWN_PAGE)
        return opened if opened.is_drawn else guarded(opened, limits)

    started = time.perf_counter()
    extraction, failure = None, None
    try:
        extraction = reader.extract(input_of(task, open_task, calls))
        extraction = _with_warnings_of(task.text, _of_schema(extraction, task.schema))
    except DocumentError as error:
        failure = DocumentFailure(reason=error.reason, message=str(error))
    except ProviderError as error:
        failure = DocumentFailure(reason="provider_failed", message=str(error))
        keep = False  # the next run asks again
    except OcrPipelineError:
        raise
    except Exception as error:  # noqa: BLE001 - one document that breaks an extractor must not stop the others
        failure = DocumentFailure(reason="extraction_failed", message=f"The extractor failed: {type(error).__name__}.")
        keep = False
    return Attempt(extraction, failure, keep, time.perf_counter() - started)


def attempt_limited(reader: SourceReader, task: ExtractionTask, limits: Limits, calls: DocumentCalls | None) -> Attempt:
    """The same in a worker process, within the time that the extractor may take, unless it asks models.

    Raises:
        OcrPipelineError: the extractor can never work as it is set up, or cannot be pickled.
    """
    is_isolated = reader.extractor.capabilities.isolated
    done = _attempt_in_worker(reader, task, limits, calls) if is_isolated else attempt(reader, task, limits, calls)
    if done.failure and done.failure.reason == "extraction_failed":
        logger.warning("Extraction of %s failed: %s", task.document_id, done.failure.message)
    return done


def _attempt_in_worker(
    reader: SourceReader, task: ExtractionTask, limits: Limits, calls: DocumentCalls | None
) -> Attempt:
    started = time.perf_counter()
    prediction = task.prediction and partial(str, task.prediction())
    task = replace(task, prediction=prediction)
    try:
        done = call_isolated(_isolated(reader), times_of(reader, limits).budget, task, limits, calls is not None)
    except (OverBudget, WorkerDied) as error:
        return ended_attempt(reader, limits, error, time.perf_counter() - started)
    for call in done.local if calls else ():
        assert calls is not None
        calls.keep_local(call)
    return done


def ended_attempt(reader: SourceReader, limits: Limits, problem: OverBudget | WorkerDied, seconds: float) -> Attempt:
    """The attempt whose worker was killed or died."""
    if isinstance(problem, OverBudget):
        error = too_slow("Extraction", problem, reader.extractor.capabilities.limited_by)
    elif problem.exit_code == -signal.SIGPROF:
        error = page_too_slow(limits)
    else:
        message = "The extraction process died while it worked on this document."
        died = DocumentFailure(reason="extraction_failed", message=message)
        return Attempt(None, died, keep=False, seconds=seconds)
    return Attempt(None, DocumentFailure(reason=error.reason, message=str(error)), seconds=seconds)


def _isolated(reader: SourceReader) -> Isolated[[ExtractionTask, Limits, bool], Attempt]:
    """What the worker calls. It is kept with the reader: a trained model takes long to pickle."""
    kept = vars(reader)
    if "isolated" not in kept:
        kept["isolated"] = Isolated(partial(attempt_there, reader))
    isolated: Isolated[[ExtractionTask, Limits, bool], Attempt] = kept["isolated"]
    return isolated


def attempt_there(reader: SourceReader, task: ExtractionTask, limits: Limits, records_calls: bool) -> Attempt:
    """In a worker process: extract a document."""
    calls = LocalCalls() if records_calls else None
    done = attempt(reader, task, limits, calls, limited)
    return replace(done, local=tuple(calls.kept)) if calls else done


def _of_schema(extraction: Extraction, schema: DocumentSchema) -> Extraction:
    """The extraction with what its schema says about the values. Raises DocumentError for values of another schema."""
    if schema.is_invoice and isinstance(extraction.invoice, Invoice):
        return extraction
    if schema.name != extraction.invoice.NAME:
        message = f"The extractor returned values of the schema {extraction.invoice.NAME}, not of {schema.name}."
        raise DocumentError("extraction_failed", message)
    said = list(schema.warnings(extraction.invoice))
    return extraction.model_copy(update={"warnings": [*extraction.warnings, *said]}) if said else extraction


def _with_warnings_of(text: OcrText | None, extraction: Extraction) -> Extraction:
    """The extraction with what the engine said about the text before what the extractor says about the values."""
    pages = text.pages if text else []
    several = len(pages) > 1
    said = [f"Page {page.page}: {warning}" if several else warning for page in pages for warning in page.warnings]
    return extraction.model_copy(update={"warnings": [*said, *extraction.warnings]}) if said else extraction
