"""The OCR stage: documents in, words out, each document computed once and kept in the result store."""

import logging
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import BaseModel

from ocr_pipeline.components import fingerprint_of
from ocr_pipeline.documents.guard import limited
from ocr_pipeline.documents.limits import Limits, TimeLimits, page_too_slow, too_slow
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import content_to_send, open_unchanged
from ocr_pipeline.documents.transcripts import transcript_sha256
from ocr_pipeline.documents.xml_pages import DRAWN_PAGE
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.ocr.base import OcrEngine, input_of
from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied
from ocr_pipeline.processes.child import untimed
from ocr_pipeline.processes.workers import LocalWorkers, Needs, Ready, Workers
from ocr_pipeline.schemas import DocumentFailure, OcrText
from ocr_pipeline.store import ResultStore, result_key

logger = logging.getLogger(__name__)

STAGE = "ocr"


@dataclass(frozen=True)
class OcrTask:
    """One document to recognise. The hashes are of the document, and of its transcript, when they were ingested. `pages`: how
    many it has; `part`: those of its file, if it is a part of one; `content`: its bytes, for a machine without the file."""

    document_id: str
    path: Path
    sha256: str
    transcript_sha256: str | None = None
    pages: int = 1
    part: PageRange | None = None
    content: bytes | None = None


class OcrOutcome(BaseModel):
    """What is stored for a document: its text, or why there is none."""

    text: OcrText | None = None
    failure: DocumentFailure | None = None


@dataclass(frozen=True)
class OcrResult:
    """The outcome for one task. `key` is None if the outcome was not stored, so that the next run retries it."""

    document_id: str
    outcome: OcrOutcome
    key: str | None
    cached: bool


def read_documents(
    engine: OcrEngine,
    tasks: Sequence[OcrTask],
    store: ResultStore,
    limits: Limits,
    workers: Workers,
    times: TimeLimits | None = None,
) -> Iterator[OcrResult]:
    """Recognise every document without a stored result, several at once; yield results as they finish.

    Args:
        times: how long the engine may take for a page; default: what `limits` say.

    Raises:
        ConfigurationError: the engine cannot run here.
    """
    engine_fingerprint = fingerprint_of(engine)
    times = times or limits.times(limits.max_ocr_seconds_per_page)
    if workers.remote and engine.capabilities.reads_transcripts:  # files beside the document, copied within a moment
        workers = LocalWorkers(1)
    read = partial(_read_and_store, engine, store, limits)
    needs = Needs(engine.identity, engine.gpus, lambda: engine.max_processes, partial(fingerprint_of, engine))

    def budget(job: tuple[OcrTask, str]) -> Budget:
        return times.of_pages(job[0].pages)

    def jobs() -> Iterator[tuple[OcrTask, str] | Ready]:
        """Looked up as they are handed over: a cluster works on the first ones meanwhile. The longest come first, so that no
        process is left with it at the end."""
        problem: str | None = ""
        for task in sorted(tasks, key=lambda task: -task.pages):
            key = result_key(input_of(engine, task.sha256, task.transcript_sha256), engine_fingerprint)
            for place in (key, times.key(key)):
                if stored := store.load(STAGE, place, OcrOutcome):
                    yield Ready(OcrResult(task.document_id, stored, place, cached=True))
                    break
            else:
                problem = engine.unavailable() if problem == "" else problem
                if not problem:
                    yield (
                        replace(task, content=content_to_send(task.path, limits)) if workers.sends_files else task,
                        key,
                    )
        if problem:
            raise ConfigurationError(f"This OCR engine cannot run: {problem}.")

    for job, result in workers.run(read, jobs(), budget, needs):
        if isinstance(result, OcrResult):
            yield result
        elif not isinstance(job, Ready):
            yield _ended(job[0], times.key(job[1]), result, store, limits)


def _ended(task: OcrTask, key: str, problem: OverBudget | WorkerDied, store: ResultStore, limits: Limits) -> OcrResult:
    """The result of a task whose worker was killed or died. `key`: where it is stored that it takes too long."""
    if isinstance(problem, OverBudget):
        pages = "a page" if task.pages == 1 else f"{task.pages} pages"
        error = too_slow(f"OCR of {pages}", problem, "max_ocr_seconds_per_page")
    elif problem.exit_code == -signal.SIGPROF:
        error = page_too_slow(limits)
    else:
        return _failed(task, DocumentError("ocr_failed", "The OCR process died while it read this document."))
    result = _failed(task, error)
    store.put(STAGE, key, result.outcome.model_dump_json())
    return replace(result, key=key)


def _read_and_store(engine: OcrEngine, store: ResultStore, limits: Limits, task: OcrTask, key: str) -> OcrResult:
    with ExitStack() as stack:
        with untimed():
            stack.enter_context(store.locked(STAGE, key))  # two runs at once, as after a crash, read no page twice
        return _read_locked(engine, store, limits, task, key)


def _read_locked(engine: OcrEngine, store: ResultStore, limits: Limits, task: OcrTask, key: str) -> OcrResult:
    stored = store.load(STAGE, key, OcrOutcome)
    if stored is not None:  # another run, or a worker with a copy of the document, was faster
        return OcrResult(task.document_id, stored, key, cached=True)
    document = None
    try:
        document = limited(open_unchanged(task.path, task.sha256, limits, task.part, task.content), limits)
        if document.is_drawn:
            raise DocumentError("drawn_page", DRAWN_PAGE)
        outcome = OcrOutcome(text=OcrText(pages=engine.read(document)))
    except DocumentError as error:
        if document is None:  # says something about the file and the limits of today: not stored
            return _failed(task, error)
        outcome = OcrOutcome(failure=DocumentFailure(reason=error.reason, message=str(error)))
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 - one document that breaks a library must not stop the others
        logger.warning("OCR of %s failed: %s", task.document_id, type(error).__name__)
        return _failed(task, DocumentError("ocr_failed", f"The OCR engine failed: {type(error).__name__}."))
    if engine.capabilities.reads_transcripts and transcript_sha256(task.path) != task.transcript_sha256:
        return _failed(task, DocumentError("changed_file", "The transcript changed after it was ingested; run again."))
    return OcrResult(task.document_id, store.keep(STAGE, key, outcome), key, cached=False)


def _failed(task: OcrTask, error: DocumentError) -> OcrResult:
    failure = DocumentFailure(reason=error.reason, message=str(error))
    return OcrResult(task.document_id, OcrOutcome(failure=failure), key=None, cached=False)
