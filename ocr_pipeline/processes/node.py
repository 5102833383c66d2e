"""What runs on a node of a Ray cluster: one call in a worker process of the node, with the limits that a local call has.

So a document that crashes or hangs an engine costs its own process, which is neither Ray's nor the node's, and an engine is
loaded once per place and kept there for the next document.
"""

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ocr_pipeline
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes import child
from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied
from ocr_pipeline.processes.child import Answer
from ocr_pipeline.processes.shared import answer_isolated
from ocr_pipeline.processes.worker import Isolated

Outcome = Answer | OverBudget | WorkerDied

_functions: dict[str, Isolated[..., Any]] = {}


@dataclass(frozen=True)
class Checked:
    """A function that is only called where its identity is what it was on the machine of the run."""

    function: Callable[..., Any]
    identity: Callable[[], str]
    expected: str

    def __call__(self, *arguments: Any) -> Any:
        kept = vars(self)
        if "actual" not in kept:
            kept["actual"] = self.identity()
        if kept["actual"] != self.expected:
            raise ConfigurationError(
                f"Node {os.uname().nodename} would compute other results than this machine (fingerprint "
                f"{kept['actual']}, not {self.expected}): install the same versions of all packages on every node."
            )
        return self.function(*arguments)


class StaleCode(Exception):
    """A worker has code that has changed since."""


@dataclass(frozen=True)
class Fresh:
    """A function for workers that outlived their run: it is only called where the code is still what was imported.

    `run`: makes it another function than the same one of that run, so that what it has loaded is loaded again.
    """

    function: Callable[..., Any]
    run: str

    def __call__(self, *arguments: Any) -> Any:
        kept = vars(self)
        if "checked" not in kept:
            if changed_since(child.code_since):
                raise StaleCode
            kept["checked"] = True
        return self.function(*arguments)


def changed_since(moment: float) -> bool:
    """Whether a file of this package, or of any other module that was imported, was written or replaced since: its status
    change time says so, which no tool that installs or copies sets back."""
    files = {file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    for folder, _, names in os.walk(ocr_pipeline.__path__[0]):
        if not folder.endswith("__pycache__"):
            files.update(os.path.join(folder, name) for name in names)
    return any(_is_newer(file, moment) for file in files if os.path.isabs(file))


def _is_newer(file: str, moment: float) -> bool:
    try:
        return os.stat(file).st_ctime > moment
    except FileNotFoundError:
        return True


def outcome_of(name: str, fetch: Callable[[], bytes], arguments: bytes, budget: Budget, path: Sequence[str]) -> bytes:
    """The pickled outcome of a call. It is pickled here: Ray wraps exceptions, and makes arrays read-only.

    Args:
        name: identifies the function; `fetch` gives it pickled, the first time.
        arguments: pickled.
        path: the import path of the machine of the run; what is there on this node, too, is searched last.
    """
    if threading.current_thread() is threading.main_thread():
        # A cancelled call may finish, and so may that of a dispatcher that was killed: after a moment Ray kills this process,
        # and after another one our guardian kills the worker.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if name not in _functions:
        sys.path += [entry for entry in path if entry not in sys.path and os.path.isdir(entry)]
        _functions.clear()  # one at a time: a trained model is large
        _functions[name] = Isolated.of(fetch())
    outcome: Outcome
    try:
        outcome = answer_isolated(_functions[name], arguments, budget)
    except (OverBudget, WorkerDied) as error:
        outcome = error
    return pickle.dumps(outcome)
