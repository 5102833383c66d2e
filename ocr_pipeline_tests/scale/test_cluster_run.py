"""The product's own run on the cluster: the same results as in this machine's processes."""

from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.scale.projects import cells, done_twice, leaderboard, make_project, run
from ocr_pipeline_tests.scale.servers import RayCluster

DOCUMENTS = 60


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The run without deployment.yaml."""
    project = make_project(tmp_path_factory.mktemp("embedded") / "project", DOCUMENTS)
    run(project)
    return project


def test_sixty_documents_and_two_engines_are_as_in_the_embedded_run(
    embedded: Project, cluster: RayCluster, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "project", DOCUMENTS, {"workers": {"kind": "ray", "address": cluster.address}})
    run(project)
    for table, dimension in (("ocr_text", "engine"), ("extractions", "backend")):
        found = cells(project, table, dimension)
        assert len(found) == 2 * DOCUMENTS
        assert found == cells(embedded, table, dimension)
    assert leaderboard(project) == leaderboard(embedded)
    assert not done_twice(project)
    assert "everything is current" in run(project)
