"""Running an ASGI application behind the guard."""

import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from ocr_pipeline.web.access import Access
from ocr_pipeline.web.guard import App, Guard


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

    settings: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False}
    # Headers of a proxy are not believed: nobody says which proxy it is.
    server = uvicorn.Server(uvicorn.Config(Guard(app, access), host, port, proxy_headers=False, **settings))
    if ends_with_parent:
        threading.Thread(target=_end_with, args=(os.getppid(), server), daemon=True).start()
    server.run()


def _end_with(parent: int, server: Any) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    server.should_exit = True


def in_use(host: str, port: int) -> bool:
    """Whether a program listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex((host, port)) == 0


def url_of(host: str, port: int) -> str:
    """The address of a server that listens on `host`, for the browser of this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def tell_login(link: str, file: Path) -> str:
    """A sentence with the login link if it goes to a terminal; otherwise, it is kept out of the log, in a file."""
    import sys

    if sys.stdout.isatty():
        return f"Log in: {link}"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(f"{link}\n")
    return f"Log in with the link in {file}"
