"""The connection of a process to a Ray cluster."""

import logging
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.installing import extra_command

logger = logging.getLogger(__name__)

CONNECT = 5.0
"""Seconds to wait for the head."""
ATTEMPTS = 4
"""The head starts a process for each connection by `ray://`, and about one of twenty dies before it begins: gRPC's threads do
not survive the fork (ray-project/ray#63202, open with Ray 2.60 and grpcio 1.85). The next one is independent of it."""
_NOT_STARTED = "Starting Ray client server failed"


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


MAX_SAID = 200
"""Characters; Ray puts whole paragraphs on a line."""


def first_line(error: BaseException) -> str:
    """What Ray says, without colours, tracebacks and the pages that follow."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().splitlines() or [type(error).__name__]
    said = f"{lines[0]} {lines[-1].strip()}" if lines[0].endswith(":") and len(lines) > 1 else lines[0]
    return (said if len(said) <= MAX_SAID else said.partition(". ")[0]).rstrip(".")


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
        _initialise(ray, address)
    except Exception as error:  # noqa: BLE001 - Ray raises all kinds of exceptions here
        raise ConfigurationError(
            f"The Ray cluster at {address} cannot be used ({first_line(error)}): check RAY_AUTH_TOKEN, the versions of Ray "
            "and Python, and the address (ray://HEAD:10001 from a machine that is no node)."
        ) from None
    _silence(ray)
    return ray


def _initialise(ray: Any, address: str, attempts: int = ATTEMPTS) -> None:
    try:
        with _own_signals():
            ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except ConnectionAbortedError as error:
        if attempts == 1 or _NOT_STARTED not in str(error):
            raise
        logger.info("The head could not start the process for this connection; trying again.")
        _initialise(ray, address, attempts - 1)


def _silence(ray: Any) -> None:
    """Keep pages of Ray's own log off the terminal when a node dies; `log_to_driver` does not cover them."""
    private = ray._private.worker
    if hasattr(private, "print_to_stdstream"):
        private.print_to_stdstream = lambda *_, **__: None
