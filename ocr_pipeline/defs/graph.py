"""The asset graph of a project: assets, asset checks, resources, and the job that evaluates all checks.

Here belongs what `ocr-pipeline run` executes. Jobs that launch it, sensors and schedules are built on top and are not
imported here.
"""

import os
import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.assets.diagnosis import diagnosis_assets
from ocr_pipeline.defs.assets.documents import document_assets
from ocr_pipeline.defs.assets.ensembles import ensemble_assets
from ocr_pipeline.defs.assets.ranking import ranking_assets
from ocr_pipeline.defs.assets.reading import reading_assets
from ocr_pipeline.defs.assets.report import report_assets
from ocr_pipeline.defs.assets.scoring import scoring_assets
from ocr_pipeline.defs.assets.training import training_assets
from ocr_pipeline.defs.checks.evaluation import evaluation_checks
from ocr_pipeline.defs.checks.reading import reading_checks
from ocr_pipeline.defs.launch import CHECKS
from ocr_pipeline.defs.partitions import partitions_of
from ocr_pipeline.defs.resources import LogProgress, ModelsResource, ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.scoring.settings import load_rules
from ocr_pipeline.project import Project
from ocr_pipeline.report.serve import DEFAULT_URL, URL_VARIABLE
from ocr_pipeline.warehouse.opened import database_file


def build_graph(project: Project, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The asset graph of one project folder.

    Raises:
        ConfigurationError: `backends.yaml` is missing or invalid, or `evaluation.yaml` is invalid.
    """
    backends, rules = load_backends(project), load_rules(project.evaluation_file)
    partitions = partitions_of(project, backends)
    with warnings.catch_warnings():
        # Backfill policies and multi-dimensional mappings are "beta"; the Dagster version is pinned, and tests cover them.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = [
            *document_assets(partitions),
            *training_assets(backends),
            *reading_assets(backends, partitions),
            *ensemble_assets(partitions),
            *scoring_assets(partitions, rules),
            *ranking_assets(rules),
            *diagnosis_assets(),
            *report_assets(),
        ]
        checks = [*reading_checks(rules.checks), *evaluation_checks(rules.checks)]
        all_checks = dg.define_asset_job(
            CHECKS, dg.AssetSelection.checks(*checks), description="Evaluates every asset check and nothing else."
        )
    return dg.Definitions(
        assets=assets,
        asset_checks=checks,
        resources={
            "project": ProjectResource(root=str(project.root), report_url=os.environ.get(URL_VARIABLE, DEFAULT_URL)),
            "warehouse": WarehouseResource(database=str(database_file(project)), root=str(project.root)),
            "models": ModelsResource(root=str(project.root)),
            "progress": LogProgress(),
            **(resources or {}),
        },
        executor=dg.in_process_executor,
        jobs=[all_checks],
    )
