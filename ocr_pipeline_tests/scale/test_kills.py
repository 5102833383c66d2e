"""Kills of nodes, runs and writers of the warehouse: nothing is lost, written twice or worked on twice."""

import os
from pathlib import Path

import pytest

from ocr_pipeline_tests.scale.projects import make_project, on_servers
from ocr_pipeline_tests.scale.servers import S3, Postgres, ray_cluster

kills = pytest.importorskip("benchmarks.cluster.kills")


@pytest.mark.timeout(900)
def test_ten_kills_lose_nothing_and_pay_nothing_twice(postgres: Postgres, s3: S3, tmp_path: Path) -> None:
    os.environ.update(s3.environment)
    with ray_cluster(cpus=3) as cluster:  # a cluster of its own: others do not expect that nodes die
        deployment = on_servers(cluster, postgres, s3)
        project = make_project(tmp_path / "project", 400, deployment, seconds=0.5)
        report = kills.drill(project, cluster, deployment["warehouse"], seed=1)
    print(report)
    assert len(report.kills) == 10
    assert {kind for kind, _ in report.kills} == set(kills.KINDS)
    assert min(cells for _, cells in report.kills) >= kills.IN_FLIGHT
    assert (report.lost, report.duplicated, report.paid_twice) == (0, 0, [])
    assert max(report.closed) < kills.CLOSED
    assert "everything is current" in report.again
