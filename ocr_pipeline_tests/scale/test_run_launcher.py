"""Whole runs as jobs of the cluster: the run launcher of `instance.run_launcher`."""

import subprocess
import sys
import time
from collections.abc import Iterator

import dagster as dg
import pytest

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.defs.instance import PROCESS, open_instance
from ocr_pipeline.defs.instance_files import instance_environment
from ocr_pipeline.defs.pipeline import plan_run
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import Project
from ocr_pipeline_tests.scale.projects import cells, command, make_project, on_servers
from ocr_pipeline_tests.scale.servers import S3, Postgres, RayCluster, ray_cluster, until, with_keys

VARIABLE, PASSWORD = "OCR_SCALE_PASSWORD", "a'b/c"
"""Of the servers, as every machine has it in its environment. This PostgreSQL takes any."""

DOCUMENTS = 3
OWN_SETTINGS = """
telemetry: {enabled: false}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
"""
"""There is no daemon here that would take runs from a queue."""


@pytest.fixture(scope="module")
def cluster(s3: S3) -> Iterator[RayCluster]:
    """A cluster that takes jobs."""
    pytest.importorskip("dagster_ray")
    with pytest.MonkeyPatch.context() as patch, with_keys(s3):
        patch.setenv(VARIABLE, PASSWORD)
        with ray_cluster(nodes=0, dashboard=True) as started:
            started.add_node(cpus=1, resources={"runs": 1})
            yield started


@pytest.fixture(scope="module")
def project(cluster: RayCluster, postgres: Postgres, s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Its folder has a quotation mark in its name."""
    content = on_servers(cluster, postgres, s3)
    content["warehouse"] = content["warehouse"].replace("ocr@", f"ocr:${{{VARIABLE}}}@")
    content["instance"] = {
        "postgres_url": content["instance"]["postgres_url"].replace("ocr@", f"ocr:${{{VARIABLE}}}@"),
        "run_launcher": {"address": cluster.dashboard, "cpus": 0, "resources": {"runs": 1}},
    }
    return make_project(tmp_path_factory.mktemp("runs") / "o'brien", DOCUMENTS, content)


def launched(project: Project) -> str:
    """Launch a run of `process` as Dagster's own command does, without a queue; returns its id."""
    project.dagster_home.mkdir()
    (project.dagster_home / "dagster.yaml").write_text(OWN_SETTINGS, "utf-8")
    arguments = ["job", "launch", "-m", "ocr_pipeline.definitions", "-j", PROCESS]
    started = command(project, **instance_environment(project))
    started["args"] = [sys.executable, "-m", "dagster", *arguments]
    done = subprocess.run(**started, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with open_instance(project) as instance:
        [run] = instance.get_runs()
    return run.run_id


def look(instance: dg.DagsterInstance, checked: set[str]) -> None:
    """What Dagster's monitor asks about every started run. It ends those that are not known to live."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        health = instance.run_launcher.check_run_worker_health(run)
        again = instance.get_run_by_id(run.run_id)
        if again and again.status == dg.DagsterRunStatus.STARTED:
            assert health.status.value in ("RUNNING", "SUCCESS"), (run, health)
            checked.add(run.run_id)


def test_a_whole_run_is_a_job_of_the_cluster(cluster: RayCluster, project: Project) -> None:
    from ray.job_submission import JobStatus, JobSubmissionClient

    run_id = launched(project)
    checked: set[str] = set()

    def ended(instance: dg.DagsterInstance) -> bool:
        time.sleep(0.5)
        look(instance, checked)
        run = instance.get_run_by_id(run_id)
        return run is not None and (run.is_finished or client.get_job_status(f"dagster-run-{run_id}").is_terminal())

    client = JobSubmissionClient(cluster.dashboard)
    with open_instance(project) as instance:
        assert until(lambda: ended(instance), 180)
        job = client.get_job_info(f"dagster-run-{run_id}")
        run_of_job = instance.get_run_by_id(run_id)
    assert run_of_job
    assert run_of_job.status == dg.DagsterRunStatus.SUCCESS, job
    assert until(lambda: client.get_job_status(f"dagster-run-{run_id}") == JobStatus.SUCCEEDED, 20)
    assert PASSWORD not in str(job)
    assert len(checked) > 1, "also the runs inside it were seen"
    for table, dimension in (("ocr_text", "engine"), ("extractions", "backend")):
        assert len(cells(project, table, dimension)) == 2 * DOCUMENTS
    assert plan_run(project, find_documents(project.data), load_backends(project)).steps == (), (
        "as a run here makes them"
    )
