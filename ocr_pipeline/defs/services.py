"""The services of `ocr-pipeline dev`: those of `dagster dev`, with the web server behind the guard.

    python -m ocr_pipeline.defs.services ...      the web server, with the arguments that Dagster gives to its own

Dagster's web server has no logins, and whoever reaches it can launch runs. So it is never started itself: its application runs
inside the guard, in the only process that listens to a port. The code server listens to a Unix socket that only its owner may
open; the daemon does not listen. See docs/decisions/0018.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path

from ocr_pipeline.defs._dagster import dev_services, web_application
from ocr_pipeline.web.access import HOSTS_VARIABLE, TOKEN_VARIABLE, Access
from ocr_pipeline.web.serving import serve

GRAPHQL = "/graphql"


def run_services(root: Path, host: str, port: int, access_variables: dict[str, str]) -> None:
    """Run code server, daemon and web server until interrupted.

    Args:
        root: the project folder, which becomes the working directory.
        host: address to listen on.
        port: port to listen on.
        access_variables: from `access_environment`.
    """
    os.chdir(root)
    command = [sys.executable, "-m", "ocr_pipeline.defs.services", host, str(port)]
    with as_file(files("ocr_pipeline.defs") / "workspace.yaml") as workspace:
        dev_services(workspace, command, {**os.environ, **access_variables})


def access_environment(hosts: Iterable[str], token: str | None) -> dict[str, str]:
    """Hand over to a server who may use it: the arguments of a process can be read by everybody on the machine."""
    return {HOSTS_VARIABLE: " ".join(hosts), TOKEN_VARIABLE: token or ""}


def main() -> None:
    """Serve Dagster's UI behind the guard."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    for name in ("instance-ref", "workspace", "dagster-log-level", "log-format", "code-server-log-level"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("shutdown-pipe", "live-data-poll-rate"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments, _ = parser.parse_known_args()
    hosts = os.environ.get(HOSTS_VARIABLE, "").split()
    # The token is taken out: no process that this one starts needs it.
    access = Access.on(arguments.host, hosts, os.environ.pop(TOKEN_VARIABLE, "") or None, [GRAPHQL])
    with suppress(KeyboardInterrupt), web_application(arguments) as application:
        serve(application, arguments.host, arguments.port, access)


if __name__ == "__main__":
    main()
