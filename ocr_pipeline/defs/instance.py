"""The project's own persistent Dagster instance: runs, lineage and partitions, shared by the CLI and the UI."""

import os
import shutil
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import dagster as dg

from ocr_pipeline.defs.partitions import DOCUMENTS
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable


def instance_environment(project: Project) -> dict[str, str]:
    """Environment variables for Dagster's own commands, so that they use this project's instance.

    Creates the instance folder with its `dagster.yaml` where there is none yet.
    """
    home = project.dagster_home
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "dagster.yaml").exists():
            with as_file(files("ocr_pipeline.defs") / "dagster.yaml") as template:
                shutil.copyfile(template, home / "dagster.yaml.new")
            (home / "dagster.yaml.new").replace(home / "dagster.yaml")  # whole or not at all, should this be killed
    except OSError as error:
        raise ConfigurationError(f"The Dagster instance folder {home} cannot be made: {error.strerror}.") from None
    return {"DAGSTER_HOME": str(home)}


def open_instance(project: Project) -> dg.DagsterInstance:
    """Open the instance; the caller closes it (it is a context manager)."""
    os.environ.update(instance_environment(project))
    return dg.DagsterInstance.get()


def register_documents(instance: dg.DagsterInstance, document_ids: "Iterable[str]") -> list[str]:
    """Make each document a partition. Returns the ones that were not there before."""
    known = set(instance.get_dynamic_partitions(DOCUMENTS))
    new = [document_id for document_id in document_ids if document_id not in known]
    if new:
        instance.add_dynamic_partitions(DOCUMENTS, new)
    return new
