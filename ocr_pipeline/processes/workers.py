"""Where CPU-bound work is done: the seam `Workers`, and its implementation by processes of this machine.

One process per core, which keeps loaded models.

Threads are slower (12 pages: 2 processes x 1 thread 8.1 s, 1 process x 2 threads 9.8 s), and a crash of a native library kills
its process: it must only cost the document in progress, never the run.
"""

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeVar

from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied
from ocr_pipeline.processes.child import Answer
from ocr_pipeline.processes.worker import GRACE, Isolated, Worker

Job = TypeVar("Job", bound=tuple[Any, ...])
Result = TypeVar("Result")


@dataclass(frozen=True)
class Needs:
    """What the calls of a function need of the machine that does them.

    `name`: of the engine or extractor, for `workers.tasks` of deployment.yaml. `gpus`: of a GPU that each process uses.
    `most`: how many processes of this machine may do it; None: one per core. `identity`: what must be the same on every
    machine, or its results would be others; called there, and here to compare.
    """

    name: str = ""
    gpus: float = 0.0
    most: Callable[[], int | None] = lambda: None
    identity: Callable[[], str] | None = None


@dataclass(frozen=True)
class Ready:
    """In place of a job: its result is there already."""

    result: Any


class Workers(Protocol):
    """Does calls of a function on several jobs at once, within limits of time, where a crash harms nobody else."""

    remote: bool
    """Whether other machines do them: they store what they make, and jobs bring all that they need."""
    sends_files: bool
    """Whether a job brings the bytes of its document, too: nothing says that those machines have the project's folder."""

    def run(
        self,
        function: Callable[..., Result],
        jobs: Iterable[Job | Ready],
        budget: Callable[[Job], Budget] = lambda _: Budget(),
        needs: Needs = Needs(),
    ) -> Iterator[tuple[Job | Ready, Result | OverBudget | WorkerDied]]:
        """Call `function(*job)` for each job; yields (job, result) as they finish, or why there is none.

        Jobs are taken as they are needed. Function, jobs and results are pickled. Closing the iterator stops the calls in
        progress, after a moment in which they may finish.

        Raises:
            Exception: what the function raises.
            ConfigurationError: the workers cannot be reached, or the function cannot be sent there.
        """
        ...


@dataclass(frozen=True)
class LocalWorkers:
    """Processes of this machine."""

    processes: int
    remote = False
    sends_files = False

    def run(
        self,
        function: Callable[..., Result],
        jobs: Iterable[Job | Ready],
        budget: Callable[[Job], Budget] = lambda _: Budget(),
        needs: Needs = Needs(),
    ) -> Iterator[tuple[Job | Ready, Result | OverBudget | WorkerDied]]:
        """As `Workers.run`."""
        todo: list[Job] = []
        for job in jobs:
            if isinstance(job, Ready):
                yield job, job.result
            else:
                todo.append(job)
        most = needs.most() if todo else None
        yield from run_in_workers(function, todo, min(self.processes, most or self.processes), budget)


def run_in_workers(
    function: Callable[..., Result],
    jobs: Sequence[Job],
    processes: int,
    budget: Callable[[Job], Budget] = lambda _: Budget(),
) -> Iterator[tuple[Job, Result | OverBudget | WorkerDied]]:
    """Call `function(*job)` for each job; yields (job, result) as they finish, or why there is none.

    Even a single job runs in a worker: a crash must never reach this process. A killed worker costs its job alone.
    """
    isolated = Isolated(function)
    waiting, idle = deque(jobs), list[Worker]()
    running: dict[Connection, tuple[Worker, Job]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < max(1, processes):
                worker, job = idle.pop() if idle else Worker(), waiting.popleft()
                running[worker.connection] = (worker, job)
                worker.send(isolated, pickle.dumps(job), budget(job))
            ready = wait(list(running), min(worker.patience() for worker, _ in running.values()))
            finished = []
            for connection, (worker, job) in list(running.items()):
                answer = _look_at(worker, connection in ready)
                if answer is None:
                    continue
                del running[connection]
                if isinstance(answer, Answer):
                    idle.append(worker)
                finished.append((job, answer))
            for job, answer in finished:
                if isinstance(answer, Answer) and answer.error is not None:
                    raise answer.error
                yield job, answer.value if isinstance(answer, Answer) else answer
    finally:
        try:
            _let_finish([worker for worker, _ in running.values()])
        finally:
            for worker in [*idle, *(worker for worker, _ in running.values())]:
                worker.close()


def _look_at(worker: Worker, is_ready: bool) -> Answer | OverBudget | WorkerDied | None:
    try:
        if is_ready:
            return worker.receive()
        worker.check()
    except (OverBudget, WorkerDied) as error:
        return error
    return None


def _let_finish(workers: Sequence[Worker]) -> None:
    """Give workers a moment to finish what they do, and to store it."""
    end = time.monotonic() + GRACE
    busy = {worker.connection: worker for worker in workers}
    while busy and (left := end - time.monotonic()) > 0:
        for connection in wait(list(busy), left):
            assert isinstance(connection, Connection)
            if _look_at(busy[connection], is_ready=True) is not None:
                del busy[connection]
