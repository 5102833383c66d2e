"""The product's own run on the cluster: the same results as in this machine's processes."""

import signal
import subprocess
from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.scale.engine import by_node, done_twice, in_flight
from ocr_pipeline_tests.scale.projects import (
    cells,
    command,
    events,
    leaderboard,
    make_project,
    on_servers,
    ray_workers,
    run,
)
from ocr_pipeline_tests.scale.servers import S3, Postgres, RayCluster, until

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
    assert "everything is current" in run(project)


def test_both_nodes_have_their_share_of_the_work(cluster: RayCluster, tmp_path: Path) -> None:
    """Cells that take a while: those that take no time are done before the second node has loaded the engine."""
    project = make_project(tmp_path / "project", 200, {"workers": ray_workers(cluster)}, seconds=0.2)
    run(project, "run", "--backends", "sleeping+first")
    shares = by_node(events(project)).values()
    assert sum(shares) == 200
    assert len(shares) == 2
    assert min(shares) >= 0.3 * 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_tasks(cluster: RayCluster, tmp_path: Path, number: signal.Signals) -> None:
    project = make_project(tmp_path / "project", 8, {"workers": ray_workers(cluster)}, seconds=600)
    started = command(project, "run", "--backends", "sleeping+first")
    process = subprocess.Popen(**started, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        assert until(lambda: in_flight(events(project)) == 2 or process.poll() is not None, 120)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, output
    assert "Interrupted. Finished results are kept" in output
    assert until(lambda: not in_flight(events(project)), 30)
    assert len(events(project)) == 2  # what had not begun never did
