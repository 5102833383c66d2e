"""Workers that all of this process shares, for calls one at a time."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from ocr_pipeline.processes.budget import Budget, available_cores
from ocr_pipeline.processes.child import Answer
from ocr_pipeline.processes.worker import Isolated, Worker

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def call_isolated(
    function: Isolated[Arguments, Result], budget: Budget, *arguments: Arguments.args, **_: Arguments.kwargs
) -> Result:
    """Call a function in one of the shared workers, and raise what it raises.

    Raises:
        OverBudget: it took too long.
        WorkerDied: it ended its process.
    """
    with _shared.worker(function.pickled) as worker:
        result: Result = worker.call(function, arguments, budget)
    return result


def answer_isolated(function: Isolated[..., Any], arguments: bytes, budget: Budget) -> Answer:
    """The same with pickled arguments, for a call that another machine asked for: what it raises is in the answer.

    Raises:
        OverBudget, WorkerDied: as above.
    """
    with _shared.worker(function.pickled) as worker:
        return worker.answer(function, arguments, budget)


@dataclass
class _Shared:
    """The workers that all of this process shares: at most one per core works at a time."""

    _idle: list[Worker] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(max(2, available_cores()))
    )

    @contextmanager
    def worker(self, function: bytes) -> Iterator[Worker]:
        """A worker, if possible one that has the function already. It is closed if its call was not finished."""
        with self._places:
            with self._lock:
                self._idle.sort(key=lambda idle: idle.function == function)
                worker = self._idle.pop() if self._idle else None
            if worker is not None and not worker.alive:
                worker.close()
                worker = None
            worker = worker or Worker()
            try:
                yield worker
            finally:
                if not worker.busy:
                    with self._lock:
                        self._idle.append(worker)
                else:
                    worker.close()


_shared = _Shared()


def _forget() -> None:
    """After a fork: the workers belong to the parent."""
    global _shared
    _shared = _Shared()


os.register_at_fork(after_in_child=_forget)
