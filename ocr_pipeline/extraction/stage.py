"""The extraction stage: documents and words in, fields out, each document computed once and kept in the result store."""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial

from pydantic import BaseModel

from ocr_pipeline.components import fingerprint_of
from ocr_pipeline.documents.limits import Limits, TimeLimits
from ocr_pipeline.documents.pages import content_to_send
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.extraction.asking_in_batch import ask_in_batch
from ocr_pipeline.extraction.attempt import (
    Attempt,
    ExtractionTask,
    attempt_limited,
    attempt_there,
    ended_attempt,
    times_of,
)
from ocr_pipeline.extraction.base import Extractor, ModelExtractor
from ocr_pipeline.extraction.later import MemberAnswer, plus
from ocr_pipeline.extraction.repeats import RepeatedAnswer, ask_again
from ocr_pipeline.extraction.sources import SourceReader, Sources
from ocr_pipeline.models.asking import DocumentCalls, ModelCalls
from ocr_pipeline.models.types import CallFacts
from ocr_pipeline.processes.budget import OverBudget, WorkerDied
from ocr_pipeline.processes.workers import Needs, Ready, Workers
from ocr_pipeline.schemas import DocumentFailure, Extraction
from ocr_pipeline.store import ResultStore, result_key

logger = logging.getLogger(__name__)

STAGE = "extraction"

STOPPING = "Stopping: waiting for the answers to %d calls that are on their way. Press Ctrl-C again to leave them."


class ExtractionOutcome(BaseModel):
    """What is stored for a document: its fields, or why there are none, with time and cost.

    `seconds` is None for an imported prediction that does not say. Of a backend with `repeat`, fields, time and cost are those
    of the first answer; `calls` are all that were made, `repeats` the other answers.
    """

    extraction: Extraction | None = None
    failure: DocumentFailure | None = None
    seconds: float | None = 0.0
    cost_usd: float | None = None
    calls: list[CallFacts] = []
    repeats: list[RepeatedAnswer] = []


@dataclass(frozen=True)
class ExtractionResult:
    """The outcome for one task. `key` is None if the outcome was not stored, so that the next run retries it."""

    document_id: str
    outcome: ExtractionOutcome
    key: str | None
    cached: bool


def extract_documents(
    extractor: Extractor,
    tasks: Iterable[ExtractionTask],
    store: ResultStore,
    limits: Limits,
    models: ModelCalls | None = None,
    *,
    concurrency: int | None = None,
    sources: Sources | None = None,
    times: TimeLimits | None = None,
    repeat: int = 1,
    workers: Workers | None = None,
) -> Iterator[ExtractionResult]:
    """Extract every document without a stored result.

    `sources`: what the backend prefers to what the extractor reads from the page. `times`: how long it may take for a
    document; default: what `limits` say. `repeat`: how often a model is asked about each. `workers`: where they
    are on other machines, what needs no more than the document and its words is done there.

    Yields results in the order of the tasks, or as they finish if it works on several documents at once. Tasks
    are consumed lazily; in batch mode they are iterated twice. `concurrency`: default is what the extractor declares.

    Raises:
        ConfigurationError: the extractor cannot work as it is set up. What is on its way is finished and yielded first.
    """
    reader = SourceReader(extractor, sources, times, repeat)
    can = extractor.capabilities
    if workers is not None and workers.remote and can.isolated and not (can.imports or can.votes_on):
        yield from _elsewhere(reader, tasks, store, limits, models, workers)
        return
    extract = partial(_extract, reader, store, limits, models)
    if models is not None and isinstance(extractor, ModelExtractor) and can.batch:
        keyed = (task for task in tasks if isinstance(_stored(reader, store, limits, models, task), str))
        ask_in_batch(reader, keyed, limits, models)
    concurrency = concurrency or can.concurrency
    yield from map(extract, tasks) if concurrency == 1 else _at_once(extract, tasks, concurrency, models)


def _elsewhere(
    reader: SourceReader,
    tasks: Iterable[ExtractionTask],
    store: ResultStore,
    limits: Limits,
    models: ModelCalls | None,
    workers: Workers,
) -> Iterator[ExtractionResult]:
    """Results of an extractor that works in worker processes, on other machines."""

    def jobs() -> Iterator[tuple[ExtractionTask, str] | Ready]:
        for task in tasks:
            found = _stored(reader, store, limits, models, task)
            if not isinstance(found, str):
                yield Ready(found)
            elif workers.sends_files:
                yield replace(task, content=content_to_send(task.path, limits)), found
            else:
                yield task, found

    extractor, budget = reader.extractor, times_of(reader, limits).budget
    extract = partial(_extract_there, reader, store, limits, models is not None)
    needs = Needs(extractor.identity, identity=partial(fingerprint_of, extractor, reader.settings))
    for job, done in workers.run(extract, jobs(), lambda _: budget, needs):
        if isinstance(job, Ready):
            yield job.result
        elif isinstance(done, ExtractionResult):
            yield done
        else:
            if isinstance(done, OverBudget | WorkerDied):
                done = ended_attempt(reader, limits, done, budget.wall if isinstance(done, OverBudget) else 0.0)
            calls = models.for_document() if models else None
            for call in done.local if calls else ():
                assert calls is not None
                calls.keep_local(call)
            yield _keep(reader, job[0], job[1], store, limits, models, calls, done)


def _extract_there(
    reader: SourceReader, store: ResultStore, limits: Limits, records_calls: bool, task: ExtractionTask, key: str
) -> ExtractionResult | Attempt:
    """On another machine: the stored result; an attempt that called a model there is stored with the facts of its calls."""
    done = attempt_there(reader, task, limits, records_calls)
    return done if done.local else _keep(reader, task, key, store, limits, None, None, done)


def answer_of(
    reader: SourceReader, task: ExtractionTask, store: ResultStore, limits: Limits, models: ModelCalls | None
) -> MemberAnswer:
    """What a later member of a cascade says about a document: the result that its own cell would have, stored as that."""
    result = _extract(reader, store, limits, models, task)
    outcome = result.outcome
    calls = [call.model_copy(update={"from_store": True}) for call in outcome.calls] if result.cached else outcome.calls
    return MemberAnswer(
        outcome.extraction, outcome.failure, outcome.seconds, outcome.cost_usd, calls, result.key is not None
    )


def _at_once(
    extract: Callable[[ExtractionTask], ExtractionResult],
    tasks: Iterable[ExtractionTask],
    concurrency: int,
    models: ModelCalls | None,
) -> Iterator[ExtractionResult]:
    """Results of a thread pool as they finish. Twice as many tasks as threads are submitted, so that no thread idles."""
    waiting = iter(tasks)
    running: set[Future[ExtractionResult]] = set()
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="extract")
    try:
        while True:
            while len(running) < 2 * concurrency and (task := next(waiting, None)):
                running.add(pool.submit(extract, task))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            stopped = next((error for future in done if (error := future.exception())), None)
            if stopped:
                _stop(pool, models)
                done |= {future for future in running if not future.cancelled()}
            for future in done:
                if not future.exception() and (not stopped or future.result().key):
                    yield future.result()
            if stopped:
                raise stopped
    except BaseException as error:
        on_their_way = sum(future.running() for future in running)
        if models is not None and on_their_way and not isinstance(error, OcrPipelineError | GeneratorExit):
            logger.warning(STOPPING, on_their_way)
        _stop(pool, models)
        raise
    pool.shutdown()


def _stop(pool: ThreadPoolExecutor, models: ModelCalls | None) -> None:
    """Start nothing new; wait for calls in progress: they are paid for, and will be stored."""
    if models is not None:
        models.stop()
    pool.shutdown(wait=True, cancel_futures=True)


def _extract(
    reader: SourceReader,
    store: ResultStore,
    limits: Limits,
    models: ModelCalls | None,
    task: ExtractionTask,
) -> ExtractionResult:
    found = _stored(reader, store, limits, models, task)
    if not isinstance(found, str):
        return found
    calls = models.for_document() if models else None
    done = attempt_limited(reader, task, limits, calls)
    return _keep(reader, task, found, store, limits, models, calls, done)


def _stored(
    reader: SourceReader,
    store: ResultStore,
    limits: Limits,
    models: ModelCalls | None,
    task: ExtractionTask,
) -> ExtractionResult | str:
    """The result that is there already; otherwise the key of the one to make."""
    if task.input_key is None:
        outcome = ExtractionOutcome(failure=task.failure, cost_usd=0.0)
        return ExtractionResult(task.document_id, outcome, key=None, cached=False)
    key = result_key(task.input_key, reader.fingerprint)
    can = reader.extractor.capabilities
    again = models is not None and models.fresh_since is not None and (can.asks is not None or can.in_order)
    is_second_try = models is not None and models.fresh_since is not None  # of what took too long
    for place in () if again else (key,) if is_second_try else (key, times_of(reader, limits).key(key)):
        if stored := store.load(STAGE, place, ExtractionOutcome):
            return ExtractionResult(task.document_id, stored, place, cached=True)
    return key


def _keep(
    reader: SourceReader,
    task: ExtractionTask,
    key: str,
    store: ResultStore,
    limits: Limits,
    models: ModelCalls | None,
    calls: DocumentCalls | None,
    done: Attempt,
) -> ExtractionResult:
    """Store what came of the first attempt, with its calls; models are asked again if the backend says so."""
    seconds: float | None = done.seconds
    again = ask_again(reader, task, limits, models, done, calls)
    done = again.failed or done
    extraction, failure, keep = done.extraction, done.failure, done.keep
    cost_usd = extraction.cost_usd if extraction else None
    facts = calls.facts if calls else []
    if extraction and extraction.reported:
        seconds = extraction.reported.seconds
    elif calls and facts:
        # What the calls took, whenever they were made, without waiting for their turn. A batch has no time per document.
        seconds = plus(seconds, sum(call.seconds for call in facts if not call.batch), -calls.seconds)
        cost_usd = _sum(call.cost_usd for call in facts) if keep else None
    elif task.members:
        # What it costs to have a document read by an ensemble is what its members cost; a cascade, those it asked.
        seconds = plus(done.seconds, task.members.seconds)
        if later := task.members.later:
            seconds = plus(seconds, later.seconds, -later.waited)
            cost_usd, facts = plus(task.members.cost_usd, later.cost_usd), later.calls
    outcome = ExtractionOutcome(
        extraction=extraction,
        failure=failure,
        seconds=seconds,
        cost_usd=cost_usd,
        calls=[*facts, *again.calls],
        repeats=again.answers,
    )
    if failure and failure.reason == "too_slow":
        key = times_of(reader, limits).key(key)
    if keep:
        outcome = store.keep(STAGE, key, outcome, replace=bool(models and models.fresh_since))
    return ExtractionResult(task.document_id, outcome, key if keep else None, cached=False)


def _sum(costs: Iterable[float | None]) -> float | None:
    known = list(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)
