"""Worker processes for CPU-bound work, one per core, that keep loaded models.

Threads are slower (12 pages: 2 processes x 1 thread 8.1 s, 1 process x 2 threads 9.8 s), and a crash of a native library kills
its process: it must only cost the document in progress, never the run.
"""

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

Job = TypeVar("Job", bound=tuple[Any, ...])
Result = TypeVar("Result")


def available_cores() -> int:
    """Number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_in_workers(
    function: Callable[..., Result], jobs: Sequence[Job], processes: int
) -> Iterator[tuple[Job, Result | None]]:
    """Call `function(*job)` for each job; yields (job, result) as they finish, with None if the process died.

    `function` is pickled once per worker, not per job, so objects bound to it (`functools.partial`) keep their loaded models.
    Even a single job runs in a worker: a crash must never reach this process. At most two jobs per worker wait in memory.
    """
    waiting = list(jobs)
    while waiting:
        suspects, waiting = yield from _run_pool(function, waiting, max(1, min(processes, len(waiting))))
        for job in suspects:  # a dead worker breaks the whole pool: rerun its jobs one by one
            died, _ = yield from _run_pool(function, [job], 1)
            if died:
                yield job, None


def _run_pool(
    function: Callable[..., Result], jobs: Sequence[Job], processes: int
) -> Generator[tuple[Job, Result | None], None, tuple[list[Job], list[Job]]]:
    """Yield (job, result) until done or a worker dies; returns the jobs running at that time and those not started."""
    waiting = list(reversed(jobs))
    running: dict[Future[Result], Job] = {}
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_prepare_worker, initargs=(pickle.dumps(function),))
    try:
        while waiting or running:
            while waiting and len(running) < 2 * processes:
                future = pool.submit(_call, *waiting[-1])  # raises if a worker died; the job then stays in `waiting`
                running[future] = waiting.pop()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                yield running.pop(future), result
    except BrokenProcessPool:
        suspects = []
        for future, job in running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                yield job, future.result()  # finished just before another worker died
            else:
                suspects.append(job)
        return suspects, waiting[::-1]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [], []


_function: Callable[..., Any]  # set in workers


def _call(*job: Any) -> Any:
    return _function(*job)


def _prepare_worker(pickled: bytes) -> None:
    global _function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C and shuts the pool down
    parent = multiprocessing.parent_process()

    def exit_with_parent() -> None:
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            os._exit(1)  # a killed parent cannot shut its pool down

    threading.Thread(target=exit_with_parent, daemon=True).start()
    # Unpickled last: it triggers imports, which Ctrl-C must not interrupt.
    _function = pickle.loads(pickled)  # noqa: S301 - the parent pickled it
