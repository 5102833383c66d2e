"""The side of the worker: it answers calls until the process that started it is gone."""

import gc
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a call returned, or raised."""

    value: Any = None
    error: Exception | None = None
    loaded: bool = True
    """Whether the worker has the function now."""


_to_parent: Connection  # set in workers
code_since = time.time()
"""When the code of this process was imported; in workers, that of the process which started them, too."""


@contextmanager
def untimed() -> Iterator[None]:
    """In a worker, for a wait for something that others are doing, such as a lock: the budget of the call counts from the
    end of it."""
    _to_parent.send(False)
    yield
    _to_parent.send(True)


def serve(connection: Connection, parent_since: float) -> None:
    """In the worker: answer calls until the parent is gone."""
    global _to_parent, code_since
    _to_parent, code_since = connection, parent_since
    with suppress(OSError):
        os.setpgid(0, 0)  # what it starts is killed with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    function: Callable[..., Any] | None = None
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            load, arguments = connection.recv(), connection.recv_bytes()
            try:
                if load is not None:
                    function = None  # frees what the last one has loaded
                    gc.unfreeze()
                    function = _loaded(*load)
                    gc.freeze()  # what is loaded stays: not looked through again with each document
                    connection.send(True)  # the time counts from now; if nothing was loaded, since the call was sent
                assert function is not None
                answer = Answer(function(*pickle.loads(arguments)))  # noqa: S301 - the parent pickled it
            except Exception as error:  # noqa: BLE001 - it is raised in the parent
                answer = Answer(error=_portable(error), loaded=function is not None)
            try:
                connection.send(answer)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                connection.send(Answer(error=TypeError(f"The result cannot be pickled: {error}")))


def _loaded(path: list[str], environment: dict[str, str], folder: str | None, pickled: bytes) -> Callable[..., Any]:
    """The function, loaded in the circumstances of the parent."""
    sys.path[:] = path
    if environment != dict(os.environ):
        os.environ.clear()
        os.environ.update(environment)
    if folder is not None:
        os.chdir(folder)
    function: Callable[..., Any] = pickle.loads(pickled)  # noqa: S301 - the parent pickled it
    return function


def _portable(error: Exception) -> Exception:
    """The error, as far as it can be pickled."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301
    except Exception:  # noqa: BLE001 - its constructor may do anything
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
