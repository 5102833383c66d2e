"""`ocr-pipeline dev`: `dg dev` on the Dagster instance of the project."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ocr_pipeline.defs.instance import instance_environment, open_instance, register_documents
from ocr_pipeline.defs.launch import close_killed_runs
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import ROOT_VARIABLE, Project, find_project
from ocr_pipeline.report.serve import URL_VARIABLE

CHECKOUT = Path(__file__).resolve().parents[2]
"""`dg` finds the code location through the pyproject.toml of its working directory; the data may be elsewhere."""


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web server.")] = 3000,
    host: Annotated[str, typer.Option(help="Address the web server listens on.")] = "127.0.0.1",
) -> None:
    """Start the Dagster UI and its daemon.

    Uses the Dagster instance of the project, so runs of `ocr-pipeline run` are shown too. Serves the HTML report as well.
    """
    _start(find_project(), host, port)


def _start(project: Project, host: str, port: int) -> None:
    """Register the documents as partitions, then become `dg dev`. Does not return.

    Raises:
        ConfigurationError: `dg` is not installed, or the package does not run from its checkout.
    """
    if not (CHECKOUT / "pyproject.toml").is_file():
        raise ConfigurationError(
            "`ocr-pipeline dev` needs a checkout of ocr_pipeline: clone the repository and run `make dev`."
        )
    beside_python = str(Path(sys.executable).parent)
    dg = shutil.which("dg", path=os.pathsep.join((beside_python, os.environ.get("PATH", ""))))
    if dg is None:
        raise ConfigurationError("dg is not installed; run `make install`.")
    with open_instance(project) as instance:
        close_killed_runs(instance)
        register_documents(instance, [source.document_id for source in find_documents(project.data)])
    environment = {
        **os.environ,
        **instance_environment(project),
        ROOT_VARIABLE: str(project.root),
        "VIRTUAL_ENV": sys.prefix,  # dg warns about an environment that is not active
        "PATH": os.pathsep.join((beside_python, os.environ.get("PATH", ""))),  # dg starts `dagster` by name
    }
    if _in_use(host, port):
        raise ConfigurationError(
            f"Port {port} is in use; stop the program that uses it or choose another port with --port."
        )
    environment[URL_VARIABLE] = _serve_report(project, host, port + 1)
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell makes background processes ignore Ctrl-C
    sys.stdout.flush()
    os.execve(dg, ["dg", "dev", "--host", host, "--port", str(port)], environment)  # noqa: S606


def _serve_report(project: Project, host: str, port: int) -> str:
    """Start the report server that the UI links to, on another port if this one is taken. Returns its URL."""
    if port > 65535 or _in_use(host, port):
        with socket.socket() as free:
            free.bind((host, 0))
            port = free.getsockname()[1]
    project.report.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ocr_pipeline.report.serve", str(project.report), host, str(port)]
    # It ends together with `dg dev`, which replaces this process.
    subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own module
    url = f"http://{host}:{port}"
    print(f"Report: {url} (available after the first run)")
    return url


def _in_use(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
