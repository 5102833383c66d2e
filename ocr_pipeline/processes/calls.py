"""Calls of a function on the nodes of a Ray cluster, in the process that hands them over: the dispatcher.

Function, arguments and outcomes stay pickled here: only runs and nodes have the modules for them.
"""

import logging
import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes.budget import Budget, WorkerDied
from ocr_pipeline.processes.connection import connected, first_line
from ocr_pipeline.processes.node import outcome_of
from ocr_pipeline.processes.shared import answer_isolated
from ocr_pipeline.processes.worker import GRACE, Isolated

if TYPE_CHECKING:
    from ray import ObjectRef

logger = logging.getLogger(__name__)

MAX_DEATHS = 2
"""Deaths of a worker of Ray after which the document in it counts as their cause: the kernel kills the largest process."""
MAX_NODES_LOST = 5
"""The same for whole nodes: clouds take them back at any time."""
AHEAD = 2
"""Calls handed over per place, so that none waits for this process."""
_LOOK = 2.0
"""Seconds between two looks at the size of the cluster, which may grow and shrink."""
_WAIT = 0.2
"""Seconds between two looks at what the run wants."""
_SILENCE = 30.0
"""Seconds without a place after which a line says so."""
READING = "ocr_pipeline.ocr.stage"


@dataclass(frozen=True)
class Task:
    """What Ray reserves on a node for a call."""

    cpus: float = 1.0
    gpus: float = 0.0


@dataclass(frozen=True)
class Request:
    """A function, pickled, that a run wants to be called. `path`: what it imports from."""

    address: str
    function: bytes
    task: Task
    path: Sequence[str]


@dataclass(frozen=True)
class Warm:
    """A worker on each place, started before there is a call for it."""

    address: str
    task: Task
    path: Sequence[str]


@dataclass
class Call:
    """A call of it. `number`: by which the run knows it."""

    number: int
    arguments: bytes
    budget: Budget
    deaths: int = 0
    nodes_lost: int = 0


class Calls:
    """The calls of a function that were handed over to the cluster."""

    def __init__(self, request: Request) -> None:
        self._ray, self._task, self._path = connected(request.address), request.task, request.path
        self._name = uuid4().hex
        self._function = self._ray.put(request.function)
        task = request.task
        self._remote = self._ray.remote(num_cpus=task.cpus, num_gpus=task.gpus, max_retries=0)(_on_node)
        self._waiting = deque[Call]()
        self._running: dict[ObjectRef[bytes], Call] = {}
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

    def add(self, call: Call) -> None:
        """Hand a call over."""
        arguments = (self._name, [self._function], call.arguments, call.budget, self._path)
        self._running[self._remote.remote(*arguments)] = call

    def finished(self) -> list[tuple[int, bytes]]:
        """Wait a moment for calls that are finished: their numbers and pickled outcomes. Those whose worker or node died
        are handed over again."""
        while self._waiting and self.has_room:
            self.add(self._waiting.popleft())
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=_WAIT)
        if ready:  # with all others that are
            ready, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        finished = []
        for reference in ready:
            call = self._running.pop(reference)
            outcome = self._outcome(reference, call)
            if outcome is None:
                self._waiting.append(call)
            else:
                finished.append((call.number, outcome))
        return finished

    def _outcome(self, reference: "ObjectRef[bytes]", call: Call) -> bytes | None:
        """What came of a call; None: it has to be repeated."""
        lost = self._ray.exceptions
        try:
            outcome: bytes = self._ray.get(reference)
            return outcome
        except (lost.NodeDiedError, lost.ObjectLostError, lost.OwnerDiedError):
            call.nodes_lost += 1
            logger.info("A node of the cluster died: what it worked on is repeated.")
        except (lost.WorkerCrashedError, lost.OutOfMemoryError):
            call.deaths += 1
        except lost.RuntimeEnvSetupError as error:
            raise ConfigurationError(f"The cluster cannot prepare its workers: {first_line(error)}") from None
        except lost.RayTaskError as error:
            raise ConfigurationError(
                f"A node of the cluster cannot run this project ({first_line(error.cause)}): install the same versions of "
                "ocr_pipeline and of all packages on every node."
            ) from None
        given_up = call.deaths >= MAX_DEATHS or call.nodes_lost >= MAX_NODES_LOST
        return pickle.dumps(WorkerDied(None)) if given_up else None

    def finish(self) -> None:
        """Wait for what was handed over, since the run was killed: its results are stored, and the next run finds them."""
        if self._running:
            self._ray.wait(list(self._running), num_returns=len(self._running))

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


def _on_node(name: str, function: list[Any], arguments: bytes, budget: Budget, path: Sequence[str]) -> bytes:
    """The task. The function is in a list, so that a worker that has it does not fetch it."""
    import ray

    return outcome_of(name, lambda: ray.get(function[0]), arguments, budget, path)


def warm(request: Warm) -> list[int]:
    """Start a worker on each place of the cluster; their process ids."""
    ray = connected(request.address)
    places = int(ray.cluster_resources().get("CPU", 0) / max(request.task.cpus, 0.01))
    warming = ray.remote(num_cpus=request.task.cpus, max_retries=0)(_on_place)
    processes: list[int] = ray.get([warming.remote(request.path) for _ in range(places)])
    return processes


def _on_place(path: Sequence[str]) -> int:
    """In a worker of Ray: start the worker process that it will call."""
    sys.path += [entry for entry in path if entry not in sys.path and os.path.isdir(entry)]
    answer = answer_isolated(Isolated(_imported), pickle.dumps(()), Budget())
    process: int = answer.value
    return process


def _imported() -> int:
    """In the worker process: import what reads documents."""
    import_module(READING)
    return os.getpid()
