"""`Workers` on a Ray cluster. Why Ray, and one call per task: docs/decisions/0030.

A call is repeated if its node dies; what it stores is addressed by content and created once, so a result is never there twice.
"""

import logging
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied
from ocr_pipeline.processes.calls import MAX_NODES_LOST, Call, Request, Task
from ocr_pipeline.processes.child import Answer
from ocr_pipeline.processes.dispatcher import END, NEXT, STOP
from ocr_pipeline.processes.dispatcher_client import Gone, Used, leave, receive, send, use, write_mark
from ocr_pipeline.processes.node import Checked, Fresh, Outcome, StaleCode
from ocr_pipeline.processes.worker import GRACE, Isolated
from ocr_pipeline.processes.workers import Needs, Ready

logger = logging.getLogger(__name__)

Job = TypeVar("Job", bound=tuple[Any, ...])
Result = TypeVar("Result")

_STOPPING = GRACE + 1.0
"""Seconds to wait until a dispatcher has stopped its calls."""


class RayWorkers:
    """The nodes of a Ray cluster.

    `address`: `ray://HEAD:10001` from anywhere in the private network, `HEAD:6379` or `auto` on a node. `tasks`: by the id of
    an engine or extractor, where it is not the default `task`.
    """

    remote = True

    def __init__(
        self,
        address: str,
        task: Task = Task(),  # noqa: B008
        tasks: Mapping[str, Task] | None = None,
        *,
        sends_files: bool = True,
        mark: Path | None = None,
    ) -> None:
        """`mark`: a file that is there while calls are in the cluster, and stays if this process is killed."""
        self._address, self._task, self._tasks, self.sends_files = address, task, tasks or {}, sends_files
        self._mark = mark

    def run(
        self,
        function: Callable[..., Result],
        jobs: Iterable[Job | Ready],
        budget: Callable[[Job], Budget] = lambda _: Budget(),
        needs: Needs = Needs(),  # noqa: B008
    ) -> Iterator[tuple[Job | Ready, Result | OverBudget | WorkerDied]]:
        """As `Workers.run`."""
        todo = iter(jobs)
        job = next(todo, None)
        while isinstance(job, Ready):  # what is stored already needs no cluster
            yield job, job.result
            job = next(todo, None)
        if job is None:
            return
        if needs.identity is not None:
            function = Checked(function, needs.identity, needs.identity())
        task = self._tasks.get(needs.name, Task(self._task.cpus, self._task.gpus or needs.gpus))
        handed = _Handed(chain([job], todo), budget)
        try:
            for _ in range(MAX_NODES_LOST):
                used = use(self._address)
                if self._mark:
                    write_mark(self._mark, str(used.folder))
                isolated = Isolated(Fresh(function, uuid4().hex) if used.inherited else function)
                request = Request(self._address, isolated.pickled, task, list(sys.path))
                try:
                    yield from handed.to(used, request)
                    return
                except (Gone, StaleCode) as error:
                    logger.info("What was handed over is handed over again: %s.", error)
                    leave(used)
        finally:
            if self._mark:
                self._mark.unlink(missing_ok=True)
        raise ConfigurationError(
            "The process that hands documents to the Ray cluster ended several times: is there too little memory?"
        )


@dataclass
class _Handed:
    """Jobs for a dispatcher, and those that it has."""

    todo: Iterator[Any]
    budget: Callable[[Any], Budget]
    _jobs: dict[int, Any] = field(default_factory=dict)
    _number: int = 0

    def to(self, used: Used, request: Request) -> Iterator[tuple[Any, Any]]:
        """Have them done, and yield each job with its result. Raises Gone and StaleCode: what has no result is to do."""
        self.todo, self._jobs = chain(self._jobs.values(), self.todo), {}
        with used.connection() as connection:
            send(connection, request)
            ended = False
            try:
                while (message := receive(connection)) != END:
                    if message == NEXT:
                        yield from self._next(connection)
                    else:
                        yield self._result(*message)
                ended = True
            finally:
                if not ended:
                    _stop(connection)

    def _next(self, connection: Connection) -> Iterator[tuple[Ready, Any]]:
        """Hand over the next job; yield those before it that are done already."""
        for job in self.todo:
            if not isinstance(job, Ready):
                self._number += 1
                self._jobs[self._number] = job
                send(connection, Call(self._number, pickle.dumps(job), self.budget(job)))
                return
            yield job, job.result
        send(connection, END)

    def _result(self, number: int, pickled: bytes) -> tuple[Any, Any]:
        outcome: Outcome = pickle.loads(pickled)  # noqa: S301 - a node of ours pickled it
        if isinstance(outcome, Answer) and outcome.error is not None:
            raise outcome.error
        return self._jobs.pop(number), outcome.value if isinstance(outcome, Answer) else outcome


def _stop(connection: Connection) -> None:
    """Have the calls stopped, and wait for that."""
    try:
        send(connection, STOP)
        while connection.poll(_STOPPING) and connection.recv() != END:
            pass
    except (Gone, EOFError, OSError):
        return
