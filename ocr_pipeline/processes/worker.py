"""The side of the process that calls: one worker."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.util import Finalize
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied, available_cores, cpu_seconds
from ocr_pipeline.processes.child import Answer, code_since, serve

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

GRACE = 3.0
"""Seconds that calls in progress have left when a run is stopped or killed, so that their results are kept."""
_SHORTEST, _LONGEST = 0.02, 1.0
"""Seconds between two looks at a worker: the time in which it can reach a limit, within these bounds."""


class Isolated(Generic[Arguments, Result]):
    """A function for workers, pickled once, so that objects bound to it (`functools.partial`) keep their loaded models there.

    Raises:
        ConfigurationError: it cannot be pickled.
    """

    def __init__(self, function: Callable[Arguments, Result]) -> None:
        try:
            self.pickled = pickle.dumps(function)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"An engine or extractor cannot be sent to a worker process ({error}): open files, connections and locks "
                "when the first document comes, or leave them out in `__getstate__`."
            ) from None

    @classmethod
    def of(cls, pickled: bytes) -> "Isolated[..., Any]":
        """The function that another process has pickled."""
        isolated: Isolated[..., Any] = cls.__new__(cls)
        isolated.pickled = pickled
        return isolated


class Worker:
    """One process. Its methods are for one thread at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, child_end = context.Pipe()
        self._process = context.Process(target=serve, args=(child_end, code_since), name="worker")
        with _as_a_child():
            self._process.start()
        child_end.close()  # so that the connection closes with the child
        assert self._process.pid is not None
        self.pid = self._process.pid
        self._guardian = _guardian(self.pid)
        self.function: bytes | None = None
        self.busy = False
        self._budget = Budget()
        self._began: tuple[float, float] | None = None  # wall and CPU time
        _started.add(self)
        _close_at_exit()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def call(self, function: Isolated[..., Any], arguments: tuple[Any, ...], budget: Budget) -> Any:
        """Call it and wait for the answer. Raises what the function raises, and as `check` and `receive`."""
        answer = self.answer(function, pickle.dumps(arguments), budget)
        if answer.error is not None:
            raise answer.error
        return answer.value

    def answer(self, function: Isolated[..., Any], arguments: bytes, budget: Budget) -> Answer:
        """Call it with pickled arguments and wait for the answer. Raises as `check` and `receive`."""
        self.send(function, arguments, budget)
        while True:
            if not self.connection.poll(self.patience()):
                self.check()
            elif answer := self.receive():
                return answer

    def send(self, function: Isolated[..., Any], arguments: bytes, budget: Budget) -> None:
        """Begin a call with pickled arguments. Raises WorkerDied."""
        load = None if function.pickled == self.function else (sys.path, dict(os.environ), _folder(), function.pickled)
        self.busy, self._budget = True, budget
        self._began = None if load else (time.monotonic(), cpu_seconds(self.pid))  # else when the worker has loaded it
        try:
            self.connection.send(load)
            self.connection.send_bytes(arguments)
        except OSError:
            raise self._died() from None
        self.function = function.pickled

    def receive(self) -> Answer | None:
        """Read from a connection that has something; None if that is not the answer yet. Raises WorkerDied."""
        try:
            message = self.connection.recv()
        except (EOFError, OSError):
            raise self._died() from None
        if isinstance(message, bool):  # whether the time counts
            self._began = (time.monotonic(), cpu_seconds(self.pid)) if message else None
            return None
        self.busy = False
        assert isinstance(message, Answer)
        if not message.loaded:
            self.function = None
        return message

    def patience(self) -> float:
        """Seconds in which the call cannot exceed its budget by much."""
        if self._began is None:
            return _LONGEST
        seconds = time.monotonic() - self._began[0]
        spent = (
            cpu_seconds(self.pid) - self._began[1] if seconds > _SHORTEST else 0.0
        )  # reading it takes a tenth of a ms
        left = min(self._budget.wall - seconds, (self._budget.cpu - spent) / available_cores())
        return max(_SHORTEST, min(left, _LONGEST))

    def check(self) -> None:
        """Kill the worker if its call is over its budget, and raise OverBudget."""
        if self._began is None:
            return
        kind: Literal["CPU", "wall"] | None = None
        if cpu_seconds(self.pid) - self._began[1] >= self._budget.cpu:
            kind = "CPU"
        elif time.monotonic() - self._began[0] >= self._budget.wall:
            kind = "wall"
        if kind and not self.connection.poll():  # the answer may have come just now
            self.close()
            raise OverBudget(kind, self._budget)

    def close(self) -> None:
        """Kill the process, and what it has started: it may hang, and has nothing to clean up."""
        if self not in _started:
            return
        _started.discard(self)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self.connection.close()
        self._guardian.kill()
        self._guardian.communicate()

    def _died(self) -> WorkerDied:
        self._process.join(1)
        exit_code = self._process.exitcode
        self.close()
        return WorkerDied(exit_code)


_started: set[Worker] = set()
_main_lock = threading.Lock()


def _close_all() -> None:
    for worker in list(_started):
        worker.close()


@cache
def _close_at_exit() -> None:
    """Not `atexit`: a process that multiprocessing started, such as a run, waits for its children first. Not on import:
    such a process forgets what was registered while its target was loaded."""
    Finalize(None, _close_all, exitpriority=100)


@contextmanager
def _as_a_child() -> Iterator[None]:
    """What a new process inherits: it ignores Ctrl-C from the start, since this process handles it; and it does not import
    the main script again, which takes time, and would run a script that has no `if __name__ == "__main__"`."""
    main = sys.modules["__main__"]
    with _main_lock:
        hidden = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        for name in hidden:
            setattr(main, name, None)
        try:
            yield
        finally:
            for name, value in hidden.items():
                setattr(main, name, value)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _guardian(pid: int) -> subprocess.Popen[bytes]:
    """A shell that kills a worker and its process group soon after this process is gone: then its standard input ends.

    A worker cannot see to that itself while a library holds the interpreter, and what it has started knows nothing of it. It
    has the same moment to finish what it does, and to store it, as when a run is interrupted, so that no page is read and
    lost; without a call it ends at once.
    """
    tenths = round(10 * GRACE)
    script = (  # as `dash` understands it, too
        f'read _; n={tenths}; while [ $n -gt 0 ] && kill -0 "$1"; do sleep 0.1; n=$((n - 1)); done; '
        'kill -KILL "-$1"; kill -KILL "$1"'
    )
    quiet = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - a number and a constant
        ["/bin/sh", "-c", script, "sh", str(pid)],
        stdin=subprocess.PIPE,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,
    )


def _folder() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:  # it was deleted
        return None
