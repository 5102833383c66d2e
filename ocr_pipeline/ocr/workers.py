"""Worker processes for CPU-bound work, one per core, that keep what they loaded.

Threads do not help here (measured: 2 processes x 1 thread 8.1 s, 1 process x 2 threads 9.8 s for the same 12 pages), and a
native library that crashes takes its process with it: only the document in it may be lost, never the run.
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
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_in_workers(
    function: Callable[..., Result], jobs: Sequence[Job], processes: int
) -> Iterator[tuple[Job, Result | None]]:
    """Call `function(*job)` for every job; yield (job, result) as they finish, None where the process died.

    `function` is pickled once for each worker, not for each job: what it is bound to (`functools.partial`) keeps what it
    loads. A single job has a worker too: a crash must never reach this process. At most two jobs per worker wait in memory.
    """
    waiting = list(jobs)
    while waiting:
        suspects, waiting = yield from _run_pool(function, waiting, max(1, min(processes, len(waiting))))
        for job in suspects:  # a dead worker takes its neighbours' jobs along: alone, each one shows if it is to blame
            died, _ = yield from _run_pool(function, [job], 1)
            if died:
                yield job, None


def _run_pool(
    function: Callable[..., Result], jobs: Sequence[Job], processes: int
) -> Generator[tuple[Job, Result | None], None, tuple[list[Job], list[Job]]]:
    """Yield (job, result) until all are done or a worker dies; return the jobs then running, and those not yet begun."""
    waiting = list(reversed(jobs))
    running: dict[Future[Result], Job] = {}
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_prepare_worker, initargs=(pickle.dumps(function),))
    try:
        while waiting or running:
            while waiting and len(running) < 2 * processes:
                future = pool.submit(_call, *waiting[-1])  # raises where a worker died by now: then it still waits
                running[future] = waiting.pop()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                yield running.pop(future), result
    except BrokenProcessPool:
        suspects = []
        for future, job in running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                yield job, future.result()  # finished just before another one died
            else:
                suspects.append(job)
        return suspects, waiting[::-1]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [], []


_function: Callable[..., Any]  # in a worker: what it was started for


def _call(*job: Any) -> Any:
    return _function(*job)


def _prepare_worker(pickled: bytes) -> None:
    global _function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business: it shuts the pool down
    parent = multiprocessing.parent_process()

    def leave_with_parent() -> None:
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            os._exit(1)  # a killed parent cannot shut its pool down; without this, workers would stay for ever

    threading.Thread(target=leave_with_parent, daemon=True).start()
    # Last, and as bytes until here: it imports a lot, and Ctrl-C must not hit that.
    _function = pickle.loads(pickled)  # noqa: S301 - the parent pickled it
