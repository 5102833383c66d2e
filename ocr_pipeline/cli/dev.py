"""`ocr-pipeline dev`: the Dagster UI, its daemon and the report on the Dagster instance of the project."""

import os
import signal
import subprocess
import sys
from typing import Annotated

import typer

from ocr_pipeline.cli.output import errors
from ocr_pipeline.defs.instance import open_instance, register_documents, require_shards
from ocr_pipeline.defs.instance_files import instance_environment
from ocr_pipeline.defs.launch import close_killed_runs
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.operation.instance_file import instance_file_gaps
from ocr_pipeline.project import ROOT_VARIABLE, Project, find_project
from ocr_pipeline.report.serve import URL_VARIABLE
from ocr_pipeline.web.access import HOSTS_VARIABLE, TOKEN_VARIABLE, Access, is_loopback, new_token
from ocr_pipeline.web.login import login_path
from ocr_pipeline.web.serving import check_free, free_port, tell_login, url_of


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web server.")] = 3000,
    host: Annotated[str, typer.Option(help="Address the web server listens on.")] = "127.0.0.1",
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", envvar=HOSTS_VARIABLE, help="A further host name of this machine; can be repeated."
        ),
    ] = None,
    token: Annotated[
        bool | None,
        typer.Option(
            "--token/--no-token",
            help=f"Require a login. Default: if other machines can reach the server. The token is {TOKEN_VARIABLE}, or new.",
        ),
    ] = None,
) -> None:
    """Start the Dagster UI and its daemon.

    Uses the Dagster instance of the project, so runs of `ocr-pipeline run` are shown too. Serves the HTML report as well.
    Pages of other sites can neither read nor command them.
    """
    _start(find_project(), host, port, allowed_host or [], token)


def _start(project: Project, host: str, port: int, hosts: list[str], with_token: bool | None) -> None:
    """Register the documents as partitions, then run the services until interrupted."""
    # The token is for the two servers only: runs are started with the environment that is left.
    given = os.environ.pop(TOKEN_VARIABLE, "")
    is_public = not is_loopback(host)
    needs_token = with_token if with_token is not None else bool(given) or is_public
    secret = (given or new_token()) if needs_token else None
    Access.on(host, hosts, secret)  # raises here what the servers would raise
    check_free(host, port)
    if gaps := instance_file_gaps(project):
        print(f"Note: {gaps}", file=sys.stderr)
    with open_instance(project) as instance:
        close_killed_runs(instance)
        shards = load_deployment(project).shards
        require_shards(instance, shards.in_use)
        register_documents(instance, [source.document_id for source in find_documents(project.data)], shards.in_use)
    os.environ |= {**instance_environment(project), ROOT_VARIABLE: str(project.root)}
    from ocr_pipeline.defs.services import access_environment, run_services

    variables = access_environment(hosts, secret)
    # Links name the first host name that was given: other machines cannot follow those to 127.0.0.1.
    shown = hosts[0] if hosts and is_public else host
    os.environ[URL_VARIABLE] = report_url = url_of(shown, _serve_report(project, host, port + 1, variables))
    print(f"Report: {report_url} (available after the first run)")
    url = url_of(shown, port)
    print(f"Dagster UI: {url}")
    if secret is not None:
        print(tell_login(url + login_path(secret), project.dagster_home / "login", is_own=bool(given)))
    if is_public:
        errors.print(f"[yellow]{_warning(host, secret is not None)}[/]", soft_wrap=True)
    sys.stdout.flush()
    # A shell makes background processes ignore Ctrl-C; `docker stop` and systemd send SIGTERM.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    run_services(project.root, host, port, variables)


def _warning(host: str, has_token: bool) -> str:
    if has_token:
        return (
            f"Other machines can reach this server ({host}). Documents and the login travel unencrypted: put a proxy with "
            "TLS in front on networks that you do not trust."
        )
    return (
        f"Everybody who can reach this server ({host}) can read all documents, launch runs and spend money on models: "
        "leave --no-token out, or listen on 127.0.0.1."
    )


def _serve_report(project: Project, host: str, wanted: int, variables: dict[str, str]) -> int:
    """Start the report server that the UI links to, on another port if this one is taken. Returns its port."""
    port = free_port(host, wanted)
    try:
        project.report.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"The folder {project.report} cannot be made: {error.strerror}.") from None
    command = [sys.executable, "-m", "ocr_pipeline.report.serve", str(project.report), host, str(port)]
    # It ends together with this process.
    subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, **variables})  # noqa: S603 - our own module
    return port
