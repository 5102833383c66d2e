"""Builds the Dagster definitions. One function; resources can be overridden by tests and deployments."""

import os
import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from ocr_pipeline.project import Project, find_project


def build_definitions(project: Project, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions of one project folder.

    Raises:
        ConfigurationError: its `backends.yaml` is missing or wrong, or `evaluation.yaml` or `operation.yaml` is wrong.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.defs.automation import automation
    from ocr_pipeline.defs.checks import reading_checks
    from ocr_pipeline.defs.comparing import comparing_assets
    from ocr_pipeline.defs.diagnosis import diagnosis_assets
    from ocr_pipeline.defs.documents import document_assets
    from ocr_pipeline.defs.evaluation_checks import evaluation_checks
    from ocr_pipeline.defs.learning import learning_assets
    from ocr_pipeline.defs.partitions import Partitions
    from ocr_pipeline.defs.reading import reading_assets
    from ocr_pipeline.defs.report import report_assets
    from ocr_pipeline.defs.resources import LogProgress, ModelsResource, ProjectResource, WarehouseResource
    from ocr_pipeline.defs.scoring import evaluation_assets
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.operation.settings import load_operation
    from ocr_pipeline.report.serve import DEFAULT_URL, URL_VARIABLE

    configured, rules = load_backends(project), load_rules(project.evaluation_file)
    operation = load_operation(project.operation_file, set(configured))
    partitions = Partitions(configured)
    with warnings.catch_warnings():
        # Backfill policies and multi-dimensional mappings are "beta"; the Dagster version is pinned, and tests cover them.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = [
            *document_assets(configured, partitions),
            *learning_assets(configured),
            *reading_assets(configured, partitions),
            *evaluation_assets(configured, partitions, rules),
            *comparing_assets(configured, rules),
            *diagnosis_assets(configured, rules),
            *report_assets(configured),
        ]
        checks = [*reading_checks(rules.checks), *evaluation_checks(rules.checks)]
        runs_itself = automation(operation, checks)
    # Dagster makes every sensor again when it binds its job, and then warns about a parameter that nobody gave.
    warnings.filterwarnings("ignore", r".*`SensorDefinition\.__init__`.*", dg.BetaWarning)
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        resources={
            "project": ProjectResource(root=str(project.root), report_url=os.environ.get(URL_VARIABLE, DEFAULT_URL)),
            "warehouse": WarehouseResource(database=str(project.database)),
            "models": ModelsResource(root=str(project.root)),
            "progress": LogProgress(),
            **(resources or {}),
        },
        executor=dg.in_process_executor,
        jobs=runs_itself.jobs,
        sensors=runs_itself.sensors,
        schedules=runs_itself.schedules,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dg dev` and `workspace.yaml` load: the project folder around the working directory."""
    return build_definitions(find_project())
