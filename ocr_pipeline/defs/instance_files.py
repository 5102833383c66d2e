"""The settings of the Dagster instance: `dagster.yaml` in the instance folder, and the environment that Dagster needs."""

import json
import os
import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr_pipeline.deployment import Instance, load_deployment, without_password
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError, WarehouseError
from ocr_pipeline.installing import extra_command
from ocr_pipeline.machine import explained_os_errors
from ocr_pipeline.project import Project

if TYPE_CHECKING:
    from dagster import DagsterInstance

BATCH_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
EVENT_BATCH, POSTGRES_EVENT_BATCH = "100", "500"
"""Events that are written together: half the time per cell. Those that a killed process loses are recorded by the next run."""
URL_VARIABLE = "OCR_PIPELINE_DAGSTER_POSTGRES"
"""The URL of the instance in the environment of Dagster's processes: it may have a password, so that it is in no file."""

_STORAGE = f"""\
storage:
  postgres:
    postgres_url:
      env: {URL_VARIABLE}
"""
_LAUNCHER = """\
run_launcher:
  module: ocr_pipeline.run_launcher
  class: RayJobLauncher
  config:
    ray: {settings}
"""
_BEGIN = "# From deployment.yaml (`instance`); written and removed by ocr-pipeline."
_END = "# End of what is from deployment.yaml."
_WRITTEN = re.compile(rf"\n{re.escape(_BEGIN)}\n.*?{re.escape(_END)}\n", re.DOTALL)


def instance_environment(project: Project) -> dict[str, str]:
    """Environment variables for Dagster's own commands, so that they use this project's instance.

    Creates the instance folder with its `dagster.yaml` if it does not exist, and follows `deployment.yaml`.
    """
    instance = load_deployment(project).instance
    url, home = instance.postgres_url, project.dagster_home
    if instance.run_launcher:
        _check_launcher()
    with explained_os_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        _write_settings(home / "dagster.yaml", instance)
    batch = POSTGRES_EVENT_BATCH if url else EVENT_BATCH
    found = {"DAGSTER_HOME": str(home), BATCH_VARIABLE: os.environ.get(BATCH_VARIABLE, batch)}
    if url:
        _check_package()
        # Without a driver's name, SQLAlchemy takes psycopg 3, which dagster-postgres does not know.
        found[URL_VARIABLE] = re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", url)
    return found


def keep_connections(instance: "DagsterInstance") -> None:
    """On PostgreSQL, use connections again. Dagster opens one for each statement, three to record that a cell is planned,
    which takes most of the start of a run of 300 cells. A connection that the server closed is replaced."""
    storages: list[Any] = [instance.event_log_storage, instance.run_storage, instance.schedule_storage]
    for storage in storages:
        if type(storage).__module__.startswith("dagster_postgres") and hasattr(storage, "_engine"):
            from sqlalchemy import create_engine

            url = storage.postgres_url
            storage._engine = create_engine(
                url, isolation_level="AUTOCOMMIT", pool_size=2, max_overflow=-1, pool_pre_ping=True
            )


def unreachable(project: Project, error: BaseException) -> OcrPipelineError | None:
    """What to say if the instance is on a server that refuses or does not answer; None: something else is wrong."""
    url = load_deployment(project).instance.postgres_url
    if not url or type(error).__name__ not in ("OperationalError", "DagsterPostgresException"):
        return None
    return WarehouseError(
        f"The Dagster instance at {without_password(url)} cannot be opened: check that the server runs, that the database "
        "exists, and `instance` in deployment.yaml."
    )


def _write_settings(path: Path, instance: Instance) -> None:
    """Whole or not at all, should this be killed."""
    template = files("ocr_pipeline.defs") / "dagster.yaml"
    before = path.read_text("utf-8") if path.exists() else None
    own = _WRITTEN.sub("", template.read_text("utf-8") if before is None else before)
    if sections := _sections(own, instance):
        text = "\n".join([own.rstrip("\n"), "", _BEGIN, f"{sections}{_END}", ""])
    else:
        text = own
    if text != before:
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(text, "utf-8")
        new.replace(path)


def _sections(own: str, instance: Instance) -> str:
    """What deployment.yaml adds to the user's own settings. A section that is in the file already is the user's choice."""
    found = ""
    if instance.postgres_url and "\nstorage:" not in own:
        found += _STORAGE
    if (runs := instance.run_launcher) and "\nrun_launcher:" not in own:
        settings = {"address": runs.address, "num_cpus": runs.cpus, "resources": runs.resources}
        found += _LAUNCHER.format(settings=json.dumps(settings))
    return found


def _check_package() -> None:
    if find_spec("dagster_postgres") is None or find_spec("psycopg2") is None:
        raise ConfigurationError(
            f"`instance` in deployment.yaml needs the package dagster-postgres: {extra_command('cluster')}"
        )


def _check_launcher() -> None:
    if find_spec("dagster_ray") is None:
        raise ConfigurationError(
            f"`instance.run_launcher` in deployment.yaml needs the package dagster-ray: {extra_command('cluster-runs')}"
        )
