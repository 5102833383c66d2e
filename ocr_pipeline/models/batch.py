"""Batch jobs, at half the price: submit, remember the job, wait, collect, also after a restart.

The answers are stored like those of any other call, so that the documents are extracted afterwards from stored replies.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.models.failures import Failure
from ocr_pipeline.models.gemini import GeminiClient
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.retrying import Value
from ocr_pipeline.models.stored import StoredCall, call_key, unreadable
from ocr_pipeline.models.types import Media, ModelRequest
from ocr_pipeline.store import unsealed

logger = logging.getLogger(__name__)

JOBS = "batches"
MAX_BYTES = 12_000_000
"""Media and texts of one job: with base64 it stays below the 20 MB limit of inline jobs."""
MAX_REQUESTS = 1_000


class Job(BaseModel):
    """A stored job, addressed by its title. `name` is None until the server has assigned one."""

    title: str
    name: str | None = None
    provider: str
    endpoint: str
    requests: dict[str, dict[str, Any]]
    submitted_at: datetime
    closed: bool = False


def answer_in_batch(calls: ModelCalls, provider: Provider, requests: Iterable[ModelRequest]) -> None:
    """Submit the requests that are not in the store, and wait for the answers.

    Requests that a job does not answer in time are not in the store afterwards.

    Raises:
        ProviderError: the service failed temporarily.
        ConfigurationError: it can never work, or the spending limit would be exceeded.
    """
    jobs = _open_jobs(calls, provider)
    in_flight = {key for job in jobs for key in job.requests}
    with ExitStack() as budgets:  # until all is collected: the cost of a job is known only then
        for bundle in _bundles(calls, provider, requests, in_flight):
            budgets.enter_context(calls.budget(provider, list(bundle.values()), batch=True))
            jobs.append(_submit(calls, provider, bundle))
        _wait(calls, provider, jobs)


def _bundles(
    calls: ModelCalls, provider: Provider, requests: Iterable[ModelRequest], in_flight: set[str]
) -> Iterator[dict[str, ModelRequest]]:
    """Requests that are neither stored nor in flight, by key, as many at once as one job takes."""
    bundle: dict[str, ModelRequest] = {}
    size = 0
    for request in requests:
        key = call_key(provider, request)
        if key in in_flight or key in bundle or calls.stored(provider, request):
            continue
        more = sum(len(part.content if isinstance(part, Media) else part) for part in request.parts)
        if bundle and (size + more > MAX_BYTES or len(bundle) == MAX_REQUESTS):
            yield bundle
            in_flight |= bundle.keys()
            bundle, size = {}, 0
        bundle[key] = request
        size += more
    if bundle:
        yield bundle


def _submit(calls: ModelCalls, provider: Provider, requests: dict[str, ModelRequest]) -> Job:
    """Stored before and after submission: a process killed in between finds the job again by its title."""
    model = next(iter(requests.values())).model
    job = Job(
        title=f"ocr-pipeline-{uuid.uuid4().hex}",
        provider=provider.name,
        endpoint=provider.endpoint,
        requests={key: request.description() for key, request in requests.items()},
        submitted_at=datetime.now(UTC),
    )
    client = _client(calls, provider)
    tried = False

    def submit(_: float) -> str:
        nonlocal tried
        # An attempt that timed out may have started the job all the same.
        name = client.find_batch(job.title) if tried else None
        tried = True
        return str(name or client.submit_batch(job.title, model, requests))

    _put(calls, job)
    job.name = _attempt(calls, provider, submit, job)
    _put(calls, job)
    return job


def _wait(calls: ModelCalls, provider: Provider, jobs: list[Job]) -> None:
    deadline = calls.clock.now() + provider.batch_deadline
    while jobs:
        client = _client(calls, provider)
        for job in list(jobs):
            answers = _collected(calls, provider, client, job)
            if answers is not None:
                _collect(calls, provider, job, answers)
                jobs.remove(job)
        if jobs and calls.clock.now() + provider.batch_poll > deadline:
            logger.warning("%s: %d batch jobs not finished; the next run waits for them.", provider.name, len(jobs))
            return
        if jobs:
            calls.clock.wait(provider.batch_poll)


def _collect(calls: ModelCalls, provider: Provider, job: Job, answers: dict[str, str]) -> None:
    """Store every answer, then close the job: if killed in between, it is collected again."""
    seconds = (datetime.now(UTC) - job.submitted_at).total_seconds()
    for key, raw in answers.items():
        raw = calls.scrubbed(provider, raw)
        if key in job.requests and unreadable(provider.type, raw) is None:
            call = StoredCall(
                provider=provider.name,
                kind=provider.type,
                endpoint=job.endpoint,
                request=job.requests[key],
                raw=raw,
                asked_at=job.submitted_at,
                seconds=seconds,
                attempts=1,
                batch=True,
            )
            calls.keep(key, call)
            calls.count(calls.cost(provider, call) or 0)
    job.closed = True
    _put(calls, job)


def _open_jobs(calls: ModelCalls, provider: Provider) -> list[Job]:
    """Jobs of earlier runs that were not collected."""
    jobs = []
    for entry in sorted(calls.store.entries(JOBS), key=lambda entry: entry.key):
        try:
            job = Job.model_validate_json(unsealed(calls.store.read(entry)) or "")
        except ValidationError:
            shown = calls.store.shown(entry)
            logger.warning("%s is damaged: if its batch job is still open, its answers are not collected.", shown)
            continue
        if job.closed or job.endpoint != provider.endpoint:
            continue
        if job.name is None:
            job.name = _find(calls, provider, job)
            job.closed = job.name is None
            _put(calls, job)
        if not job.closed:
            jobs.append(job)
    return jobs


def _client(calls: ModelCalls, provider: Provider) -> GeminiClient:
    client = calls.client(provider)
    if not isinstance(client, GeminiClient):
        raise ConfigurationError(f"{provider.name}: batch jobs are not supported.")
    return client


def _find(calls: ModelCalls, provider: Provider, job: Job) -> str | None:
    client = _client(calls, provider)
    return _attempt(calls, provider, lambda _: client.find_batch(job.title), job)


def _collected(calls: ModelCalls, provider: Provider, client: GeminiClient, job: Job) -> dict[str, str] | None:
    return _attempt(calls, provider, lambda _: client.collect_batch(job.name or ""), job)


def _attempt(calls: ModelCalls, provider: Provider, send: Callable[[float], Value], job: Job) -> Value:
    """The answer of `send`. Raises ProviderError or ConfigurationError: a refused job is not the fault of a document."""
    model = next((request["model"] for request in job.requests.values()), "batches")
    try:
        return calls.attempt(provider, model, send).value
    except Failure as error:
        failure = error
    if isinstance(failure.error, DocumentError):
        failure.error = ConfigurationError(f"{provider.name} refused a batch job: {failure.error}")
    calls.refuse(provider, failure, job.title)


def _put(calls: ModelCalls, job: Job) -> None:
    calls.store.put(JOBS, job.title.rpartition("-")[2], job.model_dump_json())
