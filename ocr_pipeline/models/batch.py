"""Many calls as batch jobs, at half the price: submit, remember the job, wait, collect, also after a restart.

What a job answers is stored like any other call. So the documents are extracted afterwards as always, and find their
replies in the store.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.models.calls import ModelCalls, StoredCall, call_key
from ocr_pipeline.models.failures import Failure
from ocr_pipeline.models.provider import Provider
from ocr_pipeline.models.types import Media, ModelRequest

logger = logging.getLogger(__name__)

JOBS = "batches"
MAX_BYTES = 12_000_000
"""Of the media and texts of one job: with base64 it stays below the 20 MB that an inline job may have."""
MAX_REQUESTS = 1_000


class Job(BaseModel):
    """A job as it is kept, by its title. `name` is None until the server has given it one."""

    title: str
    name: str | None = None
    provider: str
    endpoint: str
    requests: dict[str, dict[str, Any]]
    submitted_at: datetime
    closed: bool = False


def answer_in_batch(calls: ModelCalls, provider: Provider, requests: Iterable[ModelRequest]) -> None:
    """Have the requests answered that are not in the store, and wait until they are.

    What a job does not answer, or not in time, is simply not in the store afterwards.

    Raises:
        ProviderError: the service failed for now.
        ConfigurationError: it can never work, or the maximum cost would be exceeded.
    """
    jobs = _open_jobs(calls, provider)
    on_their_way = {key for job in jobs for key in job.requests}
    with ExitStack() as budgets:  # kept until all is collected: what a job costs is known only then
        for bundle in _bundles(calls, provider, requests, on_their_way):
            budgets.enter_context(calls.budget(provider, list(bundle.values()), batch=True))
            jobs.append(_submit(calls, provider, bundle))
        _wait(calls, provider, jobs)


def _bundles(
    calls: ModelCalls, provider: Provider, requests: Iterable[ModelRequest], on_their_way: set[str]
) -> Iterator[dict[str, ModelRequest]]:
    """What is neither stored nor on its way, by key, as much at once as one job takes."""
    bundle: dict[str, ModelRequest] = {}
    size = 0
    for request in requests:
        key = call_key(provider, request)
        if key in on_their_way or key in bundle or calls.stored(provider, request):
            continue
        more = sum(len(part.content if isinstance(part, Media) else part) for part in request.parts)
        if bundle and (size + more > MAX_BYTES or len(bundle) == MAX_REQUESTS):
            yield bundle
            on_their_way |= bundle.keys()
            bundle, size = {}, 0
        bundle[key] = request
        size += more
    if bundle:
        yield bundle


def _submit(calls: ModelCalls, provider: Provider, requests: dict[str, ModelRequest]) -> Job:
    """Written before and after: a process that is killed in between finds the job again by its title."""
    model = next(iter(requests.values())).model
    job = Job(
        title=f"ocr-pipeline-{uuid.uuid4().hex}",
        provider=provider.name,
        endpoint=provider.endpoint,
        requests={key: request.description() for key, request in requests.items()},
        submitted_at=datetime.now(UTC),
    )
    client = calls.client(provider)
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
        client = calls.client(provider)
        for job in list(jobs):
            answers = _attempt(calls, provider, partial(_collected, client, job.name or ""), job)
            if answers is not None:
                _collect(calls, provider, job, answers)
                jobs.remove(job)
        if jobs and calls.clock.now() + provider.batch_poll > deadline:
            logger.warning("%d batch jobs of %s are not done; the next run goes on waiting.", len(jobs), provider.name)
            return
        if jobs:
            calls.clock.wait(provider.batch_poll)


def _collect(calls: ModelCalls, provider: Provider, job: Job, answers: dict[str, str]) -> None:
    """Store every answer, then close the job: killed in between, it is collected once more."""
    seconds = (datetime.now(UTC) - job.submitted_at).total_seconds()
    for key, raw in answers.items():
        if key in job.requests:
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
    """Jobs of an earlier run that were not collected."""
    jobs = []
    for path in sorted(Path(calls.store.root / JOBS).rglob("*.json")):
        try:
            job = Job.model_validate_json(path.read_text("utf-8"))
        except (ValidationError, OSError):
            continue
        if job.closed or job.endpoint != provider.endpoint:
            continue
        if job.name is None:
            client = calls.client(provider)
            job.name = _attempt(calls, provider, partial(_find, client, job.title), job)
            job.closed = job.name is None
            _put(calls, job)
        if not job.closed:
            jobs.append(job)
    return jobs


def _find(client: Any, title: str, _: float) -> Any:
    return client.find_batch(title)


def _collected(client: Any, name: str, _: float) -> Any:
    return client.collect_batch(name)


def _attempt(calls: ModelCalls, provider: Provider, send: Any, job: Job) -> Any:
    """What `send` gives in the end. Raises ProviderError or ConfigurationError: a refused job is no document's fault."""
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
