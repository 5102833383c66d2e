"""Workers are started early only by a run that takes over from one that was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_pipeline.cli import taking_over
from ocr_pipeline.processes import warming
from ocr_pipeline.processes.calls import Task
from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline.project import ROOT_VARIABLE, Project

RAY = "workers: {kind: ray, address: 'ray://head:10001', cpus_per_task: 2}\n"


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Project:
    (tmp_path / "backends.yaml").write_text("backends: {}\n")
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    project = Project(tmp_path)
    project.dagster_home.mkdir()
    project.deployment_file.write_text(RAY)
    return project


@pytest.fixture
def warmed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Task]]:
    begun: list[tuple[str, Task]] = []
    monkeypatch.setattr(warming, "warm_beside", lambda address, task, _: begun.append((address, task)))
    return begun


def dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_run_after_a_killed_one_takes_over_its_workers(project: Project, warmed: list[tuple[str, Task]]) -> None:
    project.on_cluster.write_text(f"{dead_process()} /somewhere")
    taking_over.warm_workers()
    assert warmed == [("ray://head:10001", Task(2, 0))]
    assert (
        project.on_cluster.read_text() == f"{os.getpid()} /somewhere"
    )  # if this process is killed, the next finds it, too


def test_a_run_that_is_alive_keeps_its_mark(project: Project, warmed: list[tuple[str, Task]]) -> None:
    project.on_cluster.write_text(str(os.getppid()))
    taking_over.warm_workers()
    assert not warmed
    assert project.on_cluster.exists()


def test_the_same_process_id_in_a_new_container_is_another_process(
    project: Project, warmed: list[tuple[str, Task]]
) -> None:
    project.on_cluster.write_text(str(os.getpid()))
    taking_over.warm_workers()
    assert len(warmed) == 1


@pytest.mark.parametrize("settings", ["workers: {kind: local}\n", "workers: {kind: nonsense}\n", None])
def test_without_a_cluster_nothing_starts_and_nothing_is_said(
    project: Project, warmed: list[tuple[str, Task]], settings: str | None
) -> None:
    project.on_cluster.write_text(str(dead_process()))
    project.deployment_file.write_text(settings) if settings else project.deployment_file.unlink()
    taking_over.warm_workers()
    assert not warmed


@pytest.mark.parametrize("mark", ["", "no number"])
def test_a_damaged_mark_starts_nothing(project: Project, warmed: list[tuple[str, Task]], mark: str) -> None:
    project.on_cluster.write_text(mark)
    taking_over.warm_workers()
    assert not warmed


def test_a_cluster_that_does_not_answer_is_left_to_the_run() -> None:
    thread = warming.warm_beside("127.0.0.1:1", Task(), Path("/dev/null"))
    thread.join(30)
    assert not thread.is_alive()


def test_a_run_that_took_over_and_ends_without_calls_leaves_no_mark(project: Project) -> None:
    project.on_cluster.write_text(f"{dead_process()} /somewhere")
    code = "import sys; from pathlib import Path; from ocr_pipeline.processes.warming import taken_over; "
    code += "print(taken_over(Path(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", code, project.on_cluster], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "/somewhere"
    assert not project.on_cluster.exists()


def test_stored_results_leave_no_mark(tmp_path: Path) -> None:
    from ocr_pipeline.processes.workers import Ready

    workers = RayWorkers("127.0.0.1:1", mark=tmp_path / "mark")
    assert [str(result) for _, result in workers.run(print, [Ready(1)])] == ["1"]
    assert not (tmp_path / "mark").exists()
