"""Running an ASGI application behind the guard."""

import errno
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.web.access import Access
from ocr_pipeline.web.asgi import App
from ocr_pipeline.web.guard import Guard


def serve(app: App, host: str, port: int, access: Access, *, ends_with_parent: bool = False) -> None:
    """Serve until interrupted. Prints no requests: their addresses can hold the token.

    Args:
        app: any ASGI application.
        host: address to listen on.
        port: port to listen on.
        access: who may use it.
        ends_with_parent: end when the process that started this one has ended, for whatever reason.
    """
    import uvicorn

    config = uvicorn.Config(
        Guard(app, access),
        host,
        port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody says which proxy to believe
        timeout_graceful_shutdown=3,  # pages keep sockets open
    )
    server = uvicorn.Server(config)
    if ends_with_parent:
        threading.Thread(target=_end_with, args=(os.getppid(), server), daemon=True).start()
    server.run()


def _end_with(parent: int, server: Any) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    server.should_exit = True


def check_free(host: str, port: int) -> None:
    """Raises ConfigurationError if no server can listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closed ones leave connections
            probe.bind(address)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label of the name is too long
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} is in use; stop the program that uses it or choose another port with --port."
            ) from None
        if getattr(error, "errno", None) == errno.EACCES:
            raise ConfigurationError(f"You may not listen on port {port}; choose one above 1023 with --port.") from None
        raise ConfigurationError(
            f"{host!r} is not an address of this machine; choose another one with --host."
        ) from None


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or another one if it is taken."""
    try:
        if wanted > 65535:
            raise ConfigurationError(f"{wanted} is not a port.")
        check_free(host, wanted)
    except ConfigurationError:
        with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            return int(probe.getsockname()[1])
    return wanted


def url_of(host: str, port: int) -> str:
    """The address of a server that listens on `host`, for the browser of this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def tell_login(link: str, file: Path, *, is_own: bool = False) -> str:
    """A sentence that says how to log in. The link goes to a terminal or into a file, never into a log.

    Args:
        link: the whole address with the token.
        file: where the link is kept if the output is not a terminal; only its owner may read it.
        is_own: the token was given by the user, who knows it.
    """
    if sys.stdout.isatty():
        return f"Log in: {link}"
    if is_own:
        return "Log in with your token."
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(f"{link}\n")
    return f"Log in with the link in {file}"
