"""Merges the asset graph with the jobs, sensors and schedules that launch it. Nothing in the package imports this module."""

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from ocr_pipeline.project import Project, find_project


def build_definitions(project: Project, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions of one project folder; tests and deployments may override resources.

    Raises:
        ConfigurationError: `backends.yaml` is missing or invalid, or `evaluation.yaml` or `operation.yaml` is invalid.
    """
    from ocr_pipeline.backends.config import load_config
    from ocr_pipeline.defs.graph import build_graph
    from ocr_pipeline.defs.jobs import process_job
    from ocr_pipeline.defs.known_ids import keep_known_ids
    from ocr_pipeline.defs.schedules import build_schedules
    from ocr_pipeline.defs.sensors import build_sensors
    from ocr_pipeline.operation.settings import load_operation

    keep_known_ids(project)
    operation = load_operation(project.operation_file, set(load_config(project.config_file)[0].backends))
    graph, process = build_graph(project, resources), process_job()
    launching = dg.Definitions(
        jobs=[process],
        sensors=build_sensors(process, operation),
        schedules=build_schedules(process, operation),
    )
    # Dagster rebuilds every sensor when it binds its job, and then warns about a parameter that was not passed.
    warnings.filterwarnings("ignore", r".*`SensorDefinition\.__init__`.*", dg.BetaWarning)
    return dg.Definitions.merge(graph, launching)


@dg.definitions
def defs() -> dg.Definitions:
    """What `dg dev` and `workspace.yaml` load: the project folder around the working directory, with its own assets."""
    from ocr_pipeline.defs.found import found_definitions

    project = find_project()
    return dg.Definitions.merge(build_definitions(project), found_definitions(project))
