"""Workers that are started before there is a call for them: a run that takes over from a killed one loses no time to them.

Of the seconds from the kill of a run to the next finished cell, a third to a half was the start of workers, after the imports
and the plan of the next run (benchmarks/RESULTS.md, Cluster). Both go on side by side here.
"""

import os
import pickle
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from ocr_pipeline.processes.budget import Budget
from ocr_pipeline.processes.cluster import Task, connected
from ocr_pipeline.processes.shared import answer_isolated
from ocr_pipeline.processes.worker import Isolated

READING = "ocr_pipeline.ocr.stage"


def was_killed(mark: Path) -> bool:
    """Whether the process of `mark` ended while its calls were in the cluster. Another machine's processes are not seen: then
    workers are started early for a run that may not need them."""
    try:
        process = int(mark.read_text("ascii"))
        if process != os.getpid():  # in a container that was started again, the number is the same
            os.kill(process, 0)
    except (FileNotFoundError, ValueError):
        return False
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return process == os.getpid()


def warm_beside(address: str, task: Task) -> threading.Thread:
    """Connect and start workers, while this process does something else. Errors are left to whoever connects next."""

    def warm() -> None:
        with suppress(Exception):
            warm_up(address, task)

    thread = threading.Thread(target=warm, name="warming")
    thread.start()
    return thread


def warm_up(address: str, task: Task) -> list[Any]:
    """Begin to start a worker on each place of the cluster; references to their process ids."""
    ray = connected(address)
    places = int(ray.cluster_resources().get("CPU", 0) / max(task.cpus, 0.01))
    warming = ray.remote(num_cpus=task.cpus, max_retries=0)(_on_place)
    return [warming.remote(sys.path) for _ in range(places)]


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
