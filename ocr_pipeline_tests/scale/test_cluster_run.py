"""The product's own run on the cluster: the same results as in this machine's processes."""

from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.scale.engine import by_node, done_twice
from ocr_pipeline_tests.scale.projects import (
    cells,
    events,
    leaderboard,
    make_project,
    on_servers,
    ray_workers,
    run,
)
from ocr_pipeline_tests.scale.servers import S3, Postgres, RayCluster

DOCUMENTS = 60


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The run without deployment.yaml."""
    project = make_project(tmp_path_factory.mktemp("embedded") / "project", DOCUMENTS)
    run(project)
    return project


@pytest.mark.parametrize("servers", [False, True], ids=["ray", "ray, postgres, s3"])
def test_sixty_documents_and_two_engines_are_as_in_the_embedded_run(
    embedded: Project,
    cluster: RayCluster,
    postgres: Postgres,
    s3: S3,
    tmp_path: Path,
    servers: bool,
) -> None:
    deployment = on_servers(cluster, postgres, s3) if servers else {"workers": ray_workers(cluster)}
    project = make_project(tmp_path / "project", DOCUMENTS, deployment)
    run(project)
    for table, dimension in (("ocr_text", "engine"), ("extractions", "backend")):
        found = cells(project, table, dimension)
        assert len(found) == 2 * DOCUMENTS
        assert found == cells(embedded, table, dimension)
    assert leaderboard(project) == leaderboard(embedded)
    assert not done_twice(events(project))
    shares = by_node(events(project)).values()
    assert len(shares) == 2
    assert min(shares) >= 0.3 * DOCUMENTS
    assert "everything is current" in run(project)
