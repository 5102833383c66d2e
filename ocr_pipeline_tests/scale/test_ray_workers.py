"""`Workers` on two Ray nodes: the same contract as local processes, and what only a cluster can lose."""

import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied
from ocr_pipeline.processes.calls import MAX_DEATHS
from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline.processes.workers import Needs, Ready
from ocr_pipeline_tests.ocr import jobs
from ocr_pipeline_tests.scale import tasks
from ocr_pipeline_tests.scale.servers import RayCluster, until


@pytest.fixture
def workers(cluster: RayCluster) -> RayWorkers:
    return RayWorkers(cluster.address)


def run(workers: RayWorkers, function: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> dict[Any, Any]:
    pairs = list(workers.run(function, arguments))
    assert len(pairs) == len(arguments)
    return {job: None if isinstance(result, WorkerDied | OverBudget) else result for job, result in pairs}


def test_every_job_has_its_result(workers: RayWorkers) -> None:
    assert run(workers, jobs.square, [(number,) for number in range(20)]) == {(n,): n**2 for n in range(20)}
    assert run(workers, jobs.square, []) == {}


def test_both_nodes_work_and_each_loads_the_function_once(workers: RayWorkers) -> None:
    function = partial(tasks.remembering_slowly, jobs.Memory())
    found = run(workers, function, [(number,) for number in range(20)])
    loads, nodes = ({pair[part] for pair in found.values()} for part in (0, 1))
    assert len(nodes) == 2
    assert len(loads) == 2


def test_what_is_ready_is_passed_on(workers: RayWorkers) -> None:
    given: list[tuple[int] | Ready] = [Ready("a"), (3,), Ready("b")]
    found = list(workers.run(jobs.square, iter(given)))
    assert sorted(str(result) for _, result in found) == ["9", "a", "b"]


def test_an_exception_keeps_its_type(workers: RayWorkers) -> None:
    with pytest.raises(DocumentError) as error:
        run(workers, tasks.raising, [(1,)])
    assert (error.value.reason, str(error.value)) == ("no_pages", "There is no page.")


@pytest.mark.parametrize("how", ["exit", "kill", "segfault"])
def test_a_job_that_kills_its_process_only_loses_itself(workers: RayWorkers, how: str) -> None:
    found = run(workers, jobs.killing_itself, [(number, how) for number in range(8)])
    assert found == {(number, how): None if number in (3, 6) else number for number in range(8)}


@pytest.mark.parametrize("number", [3, 9])
def test_a_job_that_never_ends_is_ended(workers: RayWorkers, number: int) -> None:
    budget = Budget(cpu=0.5, wall=0.5 if number == 9 else 60)
    pairs = dict(workers.run(jobs.never_ending, [(number,), (1,)], lambda _: budget))
    stopped = pairs.pop((number,))
    assert isinstance(stopped, OverBudget)
    assert stopped.kind == ("wall" if number == 9 else "CPU")
    assert pairs == {(1,): 1}


def test_a_job_that_kills_the_worker_of_ray_is_given_up_after_two_deaths(workers: RayWorkers, tmp_path: Path) -> None:
    found = dict(workers.run(tasks.killing_its_parent, [(str(tmp_path), number) for number in range(6)]))
    died = found.pop((str(tmp_path), 3))
    assert isinstance(died, WorkerDied)
    assert found == {(str(tmp_path), number): number for number in (0, 1, 2, 4, 5)}
    assert (tmp_path / "3").read_text() == "x" * MAX_DEATHS


def test_a_dead_node_s_jobs_are_done_by_the_others(cluster: RayCluster, workers: RayWorkers, tmp_path: Path) -> None:
    results = workers.run(tasks.noted, [(str(tmp_path), number, 0.3) for number in range(24)])
    found = [next(results) for _ in range(4)]
    cluster.kill_node(cluster.nodes[-1])
    found += results
    cluster.add_node()
    assert sorted(str(result) for _, result in found) == sorted(map(str, range(24)))


def test_other_versions_on_a_node_are_one_sentence(workers: RayWorkers) -> None:
    needs = Needs(identity=tasks.process_id)
    with pytest.raises(ConfigurationError, match=r"^Node .* would compute other results .* on every node\.$"):
        list(workers.run(jobs.square, [(1,)], needs=needs))


def test_closing_stops_the_calls_within_the_grace(workers: RayWorkers, tmp_path: Path) -> None:
    results = workers.run(tasks.noted, [(str(tmp_path), number, 60 if number else 0.1) for number in range(12)])
    next(results)
    assert until(lambda: len(list(tmp_path.glob("begun-*"))) >= 2)
    began = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 5
    begun = set(tmp_path.glob("begun-*"))
    pids = [int(file.read_text()) for file in begun]
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 10), "a worker goes on"
    assert set(tmp_path.glob("begun-*")) == begun


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port where nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_no_head_is_one_sentence(nobody: int, scheme: str) -> None:
    """In a process of its own: this one may be connected."""
    import subprocess
    import sys

    code = (
        "import sys\nfrom ocr_pipeline.processes.connection import connected\n"
        "from ocr_pipeline.errors import ConfigurationError\n"
        "try:\n    connected(sys.argv[1])\nexcept ConfigurationError as error:\n    print(error)"
    )
    command = [sys.executable, "-c", code, f"{scheme}127.0.0.1:{nobody}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(f"No Ray cluster answers at {scheme}127.0.0.1:{nobody} (")
    assert done.stdout.count("\n") == 1
