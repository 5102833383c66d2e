"""`Workers` on a Ray cluster. Why Ray, and one call per task: docs/decisions/0030.

A call is repeated if its node dies; what it stores is addressed by content and created once, so a result is never there twice.
"""

import logging
import os
import pickle
import re
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.installing import extra_command
from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied
from ocr_pipeline.processes.child import Answer
from ocr_pipeline.processes.node import Checked, Outcome, outcome_of
from ocr_pipeline.processes.worker import GRACE, Isolated
from ocr_pipeline.processes.workers import Needs, Ready

if TYPE_CHECKING:
    from ray import ObjectRef

logger = logging.getLogger(__name__)

Job = TypeVar("Job", bound=tuple[Any, ...])
Result = TypeVar("Result")

MAX_DEATHS = 2
"""Deaths of a worker of Ray after which the document in it counts as their cause: the kernel kills the largest process."""
MAX_NODES_LOST = 5
"""The same for whole nodes: clouds take them back at any time."""
AHEAD = 2
"""Calls handed over per place, so that none waits for this process."""
CONNECT = 5.0
"""Seconds to wait for the head."""
_LOOK = 2.0
"""Seconds between two looks at the size of the cluster, which may grow and shrink."""
_SILENCE = 30.0
"""Seconds without a place after which a line says so."""


@dataclass(frozen=True)
class Task:
    """What Ray reserves on a node for a call."""

    cpus: float = 1.0
    gpus: float = 0.0


@dataclass
class _Call:
    job: Any
    arguments: bytes
    budget: Budget
    deaths: int = 0
    nodes_lost: int = 0


class RayWorkers:
    """The nodes of a Ray cluster.

    `address`: `ray://HEAD:10001` from anywhere in the private network, `HEAD:6379` or `auto` on a node. `tasks`: by the id of
    an engine or extractor, where it is not the default `task`.
    """

    remote = True

    def __init__(
        self,
        address: str,
        task: Task = Task(),
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
        calls = _Calls(connected(self._address), Isolated(function), task)
        if self._mark:
            self._mark.write_text(str(os.getpid()), "ascii")
        try:
            while job is not None or calls.unfinished:
                while job is not None and calls.has_room:
                    if isinstance(job, Ready):
                        yield job, job.result
                    else:
                        calls.add(_Call(job, pickle.dumps(job), budget(job)))
                    job = next(todo, None)
                for call, outcome in calls.finished():
                    if isinstance(outcome, Answer) and outcome.error is not None:
                        raise outcome.error
                    yield call.job, outcome.value if isinstance(outcome, Answer) else outcome
        finally:
            calls.stop()
            if self._mark:
                self._mark.unlink(missing_ok=True)


class _Calls:
    """The calls of a function that were handed over to the cluster."""

    def __init__(self, ray: Any, function: Isolated[..., Any], task: Task) -> None:
        self._ray, self._task = ray, task
        self._name = sha256(function.pickled).hexdigest()
        self._function = ray.put(function.pickled)
        self._remote = ray.remote(num_cpus=task.cpus, num_gpus=task.gpus, max_retries=0)(_on_node)
        self._waiting = deque[_Call]()
        self._running: dict[ObjectRef[bytes], _Call] = {}
        self._places, self._looked, self._placed = 0, 0.0, time.monotonic()

    @property
    def unfinished(self) -> int:
        return len(self._waiting) + len(self._running)

    @property
    def has_room(self) -> bool:
        """Whether the cluster can take another call. One is handed over without a place, so that an autoscaler sees it."""
        now = time.monotonic()
        if now > self._looked + _LOOK:
            self._looked, self._places = now, self._count_places()
            self._placed = now if self._places else self._placed
            if now > self._placed + _SILENCE:
                self._placed = now
                logger.warning(
                    "No node of the cluster has %g CPU and %g GPU: waiting.", self._task.cpus, self._task.gpus
                )
        return len(self._running) < max(1, AHEAD * self._places)

    def _count_places(self) -> int:
        has = self._ray.cluster_resources()
        wanted = {"CPU": self._task.cpus, "GPU": self._task.gpus}
        return int(min(has.get(name, 0) / amount for name, amount in wanted.items() if amount))

    def add(self, call: _Call) -> None:
        """Hand a call over."""
        arguments = (self._name, [self._function], call.arguments, call.budget, sys.path)
        self._running[self._remote.remote(*arguments)] = call

    def finished(self) -> list[tuple[_Call, Outcome]]:
        """Wait a moment for calls that are finished. Those whose worker or node died are handed over again."""
        while self._waiting and self.has_room:
            self.add(self._waiting.popleft())
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=_LOOK)
        if ready:  # with all others that are
            ready, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        finished = []
        for reference in ready:
            call = self._running.pop(reference)
            outcome = self._outcome(reference, call)
            if outcome is None:
                self._waiting.append(call)
            else:
                finished.append((call, outcome))
        return finished

    def _outcome(self, reference: "ObjectRef[bytes]", call: _Call) -> Outcome | None:
        """What came of a call; None: it has to be repeated."""
        lost = self._ray.exceptions
        try:
            outcome: Outcome = pickle.loads(self._ray.get(reference))  # noqa: S301 - a node of ours pickled it
            return outcome
        except (lost.NodeDiedError, lost.ObjectLostError, lost.OwnerDiedError):
            call.nodes_lost += 1
            logger.info("A node of the cluster died: what it worked on is repeated.")
        except (lost.WorkerCrashedError, lost.OutOfMemoryError):
            call.deaths += 1
        except lost.RuntimeEnvSetupError as error:
            raise ConfigurationError(f"The cluster cannot prepare its workers: {_first_line(error)}") from None
        except lost.RayTaskError as error:
            raise ConfigurationError(
                f"A node of the cluster cannot run this project ({_first_line(error.cause)}): install the same versions of "
                "ocr_pipeline and of all packages on every node."
            ) from None
        return WorkerDied(None) if call.deaths >= MAX_DEATHS or call.nodes_lost >= MAX_NODES_LOST else None

    def stop(self) -> None:
        """Drop what has not begun, give the rest a moment to finish and to store it, and kill what is left."""
        running, self._running = list(self._running), {}
        if not running:
            return
        try:
            for reference in running:
                self._ray.cancel(reference, force=False)
            self._ray.wait(running, num_returns=len(running), timeout=GRACE)
        finally:
            for reference in running:
                with suppress(Exception):
                    self._ray.cancel(reference, force=True)


def _on_node(name: str, function: list[Any], arguments: bytes, budget: Budget, path: list[str]) -> bytes:
    """The task. The function is in a list, so that a worker that has it does not fetch it."""
    import ray

    return outcome_of(name, lambda: ray.get(function[0]), arguments, budget, path)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself and exits at once: whoever runs this handles it as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_line(error: BaseException) -> str:
    """What Ray says, without colours and the pages that follow."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def connected(address: str) -> Any:
    """The module `ray`, connected to the cluster at an address. A process is connected to one cluster, and stays so.

    Raises:
        ConfigurationError: there is no cluster, it takes no connection, or Ray is not installed.
    """
    with _connecting:  # a process may connect early, beside its imports
        return _connected(address)


_connecting = threading.Lock()


def _connected(address: str) -> Any:
    try:
        import ray
    except ImportError:
        raise ConfigurationError(f"workers.kind is ray, but Ray is not installed: {extra_command('cluster')}") from None
    if ray.is_initialized():
        return ray
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:  # Ray itself tries for minutes, and then ends this process
            socket.create_connection((host, int(port)), timeout=CONNECT).close()
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(
                f"No Ray cluster answers at {address} ({reason}): start it, or set workers.kind of deployment.yaml to local."
            ) from None
    try:
        with _own_signals():
            ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except Exception as error:  # noqa: BLE001 - Ray raises all kinds of exceptions here
        raise ConfigurationError(
            f"The Ray cluster at {address} cannot be used ({_first_line(error)}): check RAY_AUTH_TOKEN, the versions of Ray "
            "and Python, and the address (ray://HEAD:10001 from a machine that is no node)."
        ) from None
    _silence(ray)
    return ray


def _silence(ray: Any) -> None:
    """Keep pages of Ray's own log off the terminal when a node dies; `log_to_driver` does not cover them."""
    private = ray._private.worker
    if hasattr(private, "print_to_stdstream"):
        private.print_to_stdstream = lambda *_, **__: None
