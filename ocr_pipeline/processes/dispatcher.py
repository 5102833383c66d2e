"""The process that hands calls of a run to a Ray cluster and outlives the run if that is killed.

Ray ends all workers of a process as soon as it is gone, and to start new ones was half of the CPU time from the kill of a run
to its next finished cell (benchmarks/RESULTS.md, Cluster). With this process between them, what a killed run handed over is
finished and stored, and the next run finds the connection and the workers with their imports where they were.
"""

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes.calls import Call, Calls, Request, Warm, warm

IDLE = 60.0
"""Seconds after the kill of its run, and after the last of its calls, in which another run may use it."""
SOCKET = "socket"

NEXT, END, STOP, BYE = "next", "end", "stop", "bye"
"""What is sent beside calls and outcomes: the dispatcher asks for the next call, or has none left; a run wants its calls to be
stopped, or is at its end."""


class Stopped(Exception):
    """The run wants no more of it."""


class Dispatcher:
    """Runs connect to a socket in `folder`, once for each function. Nobody else may: the folder is its user's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open, self._lock = 0, threading.Lock()
        self._used, self._wanted = time.monotonic(), True

    def serve(self) -> None:
        """Answer until no run wants anything."""
        listener = Listener(str(self._folder / SOCKET), "AF_UNIX")
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        while self._open or (self._wanted and time.monotonic() < self._used + IDLE):
            time.sleep(0.1)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self, listener: Listener) -> None:
        while True:
            connection = listener.accept()
            with self._lock:
                self._open, self._wanted = self._open + 1, True
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _attend(self, connection: Connection) -> None:
        try:
            while (request := connection.recv()) != BYE:
                _answer(connection, request)
            self._wanted = False
        except (EOFError, OSError):
            pass
        finally:
            connection.close()
            self._used = time.monotonic()
            with self._lock:
                self._open -= 1


def _answer(connection: Connection, request: Request | Warm) -> None:
    handler = _Passing(connection)
    log = logging.getLogger("ocr_pipeline")
    log.addHandler(handler)
    try:
        connection.send(warm(request) if isinstance(request, Warm) else _do(connection, request))
    except ConfigurationError as error:
        connection.send(error)
    except Stopped:
        connection.send(END)
    finally:
        log.removeHandler(handler)


def _do(connection: Connection, request: Request) -> str:
    calls, todo = Calls(request), _asked(connection)
    try:
        call = next(todo, None)
        while call is not None or calls.unfinished:
            while call is not None and calls.has_room:
                calls.add(call)
                call = next(todo, None)
            for finished in calls.finished():
                connection.send(finished)
            if connection.poll():
                connection.recv()
                raise Stopped
    except (EOFError, OSError):
        calls.finish()
        raise
    except BaseException:
        calls.stop()
        raise
    return END


def _asked(connection: Connection) -> Iterator[Call]:
    """The calls of the run, one after the other."""
    while True:
        connection.send(NEXT)
        call = connection.recv()
        if call == END:
            return
        if call == STOP:
            raise Stopped
        yield call


class _Passing(logging.Handler):
    """What the log says belongs to the run."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection, self._thread = connection, threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if threading.get_ident() == self._thread:
            record.msg, record.args = record.getMessage(), None
            with suppress(OSError):
                self._connection.send(record)


def main(folder: str) -> Any:
    """Serve, and end without waiting for threads, or for `ray.shutdown`, which was seen to hang."""
    logging.getLogger("ocr_pipeline").setLevel(logging.INFO)
    Dispatcher(Path(folder)).serve()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
