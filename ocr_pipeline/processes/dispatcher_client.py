"""The dispatcher that a run uses: one of its own, or that of a run that was killed."""

import atexit
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.processes.dispatcher import BYE, SOCKET
from ocr_pipeline.processes.node import changed_since

_START = 60.0
"""Seconds in which a dispatcher has to be there."""
_KEY = "key"


class Gone(Exception):
    """The dispatcher ended."""


@dataclass
class Used:
    """A dispatcher. `inherited`: from a run that was killed; its workers have the code of that moment. `kept`: a connection
    that is open as long as this process needs it."""

    folder: Path
    address: str
    kept: Connection
    inherited: bool = False

    def connection(self) -> Connection:
        """Another connection. Raises Gone."""
        try:
            return _connect(self.folder)
        except OSError:
            raise Gone from None


_used: Used | None = None
_using = threading.Lock()


def use(address: str) -> Used:
    """The dispatcher of this process for a cluster, started if there is none."""
    global _used
    with _using:
        if _used is not None and _used.address != address:
            _leave(_used)
            _used = None
        _used = _used or _started(address)
        return _used


def inherit(address: str, folder: Path) -> bool:
    """Use the dispatcher of a run that was killed; False if it has ended, or this process would import other code."""
    global _used
    with _using, suppress(OSError):
        key = folder / _KEY
        if folder.stat().st_uid != os.getuid():
            return False
        if _used is None and key.read_text("ascii") == _key(address) and not changed_since(key.stat().st_ctime):
            _used = Used(folder, address, _connect(folder), inherited=True)
            return True
    return False


def leave(used: Used) -> None:
    """Use another one from now on."""
    global _used
    with _using:
        if _used is used:
            _leave(used)
            _used = None


def write_mark(mark: Path, folder: str) -> None:
    """Note this process and its dispatcher in a file, for the next run if this one is killed."""
    new = mark.with_suffix(f".{os.getpid()}")
    new.write_text(f"{os.getpid()} {folder}", "utf-8")
    new.replace(mark)


def _started(address: str) -> Used:
    folder = Path(tempfile.mkdtemp(prefix="ocr-cluster-"))
    (folder / _KEY).write_text(_key(address), "ascii")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and a folder that we made
        [sys.executable, "-m", "ocr_pipeline.processes.dispatcher", str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        start_new_session=True,  # Ctrl-C is for the run
    )
    end = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError):
            return Used(folder, address, _connect(folder))
        time.sleep(0.02)
    process.kill()
    raise ConfigurationError("The process that hands documents to the Ray cluster does not start.")


def _connect(folder: Path) -> Connection:
    return Client(str(folder / SOCKET), "AF_UNIX")


def _key(address: str) -> str:
    """What must be the same in a run that inherits a dispatcher."""
    return sha256("\0".join([address, sys.version, *sys.path]).encode()).hexdigest()


def _leave(used: Used) -> None:
    """A run that ends needs its dispatcher no more. One that is killed leaves it to the next."""
    try:
        used.kept.send(BYE)
        used.kept.close()
    except OSError:  # it was killed, and could not remove its folder itself
        shutil.rmtree(used.folder, ignore_errors=True)


@atexit.register
def _leave_at_exit() -> None:
    if _used is not None:
        _leave(_used)


def send(connection: Connection, message: Any) -> None:
    """Send to a dispatcher. Raises Gone."""
    try:
        connection.send(message)
    except OSError:
        raise Gone from None


def receive(connection: Connection) -> Any:
    """What a dispatcher says, apart from what is for the log. Raises Gone, and what is wrong with the cluster."""
    try:
        message = connection.recv()
        while isinstance(message, logging.LogRecord):
            log = logging.getLogger(message.name)
            if log.isEnabledFor(message.levelno):
                log.handle(message)
            message = connection.recv()
    except (EOFError, OSError):
        raise Gone from None
    if isinstance(message, ConfigurationError):
        raise message
    return message
