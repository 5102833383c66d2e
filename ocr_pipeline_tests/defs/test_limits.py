"""The checks of cost, latency and freshness, on rows as the assets write them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from ocr_pipeline.defs.checks.evaluation import evaluation_checks
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.evaluation.scoring.thresholds import Thresholds
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse

NOW = datetime.now(UTC).replace(tzinfo=None)


def results(project: Project, **limits: dict[str, Any]) -> dict[str, dg.AssetCheckResult]:
    common = {"dataset": "shop", "status": "ok", "evaluated_at": NOW}
    call = {"document_id": "d", "position": 0, "call_key": "k", "purpose": "extract", "provider": "p", "model": "m"}
    call |= {"finish": "complete", "seconds": 1.0, "attempts": 1, "batch": False, "from_store": False}
    Warehouse(project.database).replace_all(
        {
            "leaderboard": [
                {**common, "backend": "cheap", "cost_per_document": 0.001, "seconds_per_document": 9.0},
                {**common, "backend": "dear", "cost_per_document": 0.02, "seconds_per_document": 1.0},
                {**common, "backend": "unknown", "cost_per_document": None, "seconds_per_document": None},
            ],
            "model_calls": [
                {**call, "backend": "cheap", "asked_at": NOW - timedelta(hours=1)},
                {**call, "backend": "dear", "asked_at": NOW - timedelta(days=3)},
            ],
        }
    )
    resources = {
        "project": ProjectResource(root=str(project.root)),
        "warehouse": WarehouseResource(database=str(project.database)),
    }
    checks = evaluation_checks(Thresholds.model_validate(limits))
    by_name = {next(iter(check.check_keys)).name: check for check in checks}
    return {name: by_name[name](**resources) for name in ("cost", "latency", "freshness")}  # type: ignore[misc]


def test_everything_passes_without_limits(project: Project) -> None:
    assert {name for name, result in results(project).items() if not result.passed} == set()


def test_backends_above_their_limit_are_named(project: Project) -> None:
    found = results(
        project,
        cost={"max_per_document": 0.01},
        latency={"max_seconds": 2, "severity": "error"},
        freshness={"max_age_hours": 24},
    )
    assert found["cost"].description == "shop: dear costs 0.02000 US dollars per document."
    assert found["latency"].description == "shop: cheap takes 9.00 s per document."
    assert found["latency"].severity == dg.AssetCheckSeverity.ERROR
    assert (found["freshness"].description or "").startswith("dear was last called at ")
    problems = found["cost"].metadata["problems"].value
    assert problems == {"shop dear": "shop: dear costs 0.02000 US dollars per document."}


def test_backends_can_have_their_own_limit(project: Project) -> None:
    assert results(project, cost={"max_per_document": 0.01, "backends": {"dear": 0.03}})["cost"].passed
    assert not results(project, latency={"backends": {"cheap": 8}})["latency"].passed
