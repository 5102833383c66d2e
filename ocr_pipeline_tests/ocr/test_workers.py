import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.processes.budget import Budget, OverBudget, WorkerDied, available_cores
from ocr_pipeline.processes.workers import run_in_workers
from ocr_pipeline_tests.ocr import jobs

ROOT = Path(__file__).resolve().parents[2]


def run(function: Callable[..., Any], arguments: list[tuple[Any, ...]], processes: int) -> dict[Any, Any]:
    pairs = list(run_in_workers(function, arguments, processes))
    assert len(pairs) == len(arguments)
    return {job: None if isinstance(result, WorkerDied | OverBudget) else result for job, result in pairs}


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll; the deadline only ends a test that hangs."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # a zombie has left; only its parent has not noticed
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc").exists()


def test_every_job_has_its_result() -> None:
    assert run(jobs.square, [(number,) for number in range(12)], 2) == {(number,): number**2 for number in range(12)}
    assert run(jobs.square, [], 2) == {}


@pytest.mark.parametrize(("count", "processes"), [(1, 4), (3, 1)])
def test_one_job_or_one_process_has_one_worker(count: int, processes: int) -> None:
    (pid,) = set(run(jobs.where, [(number,) for number in range(count)], processes).values())
    assert pid != os.getpid()  # what crashes there must not take this process along


def test_jobs_run_in_other_processes() -> None:
    pids = set(run(jobs.where, [(number,) for number in range(8)], 2).values())
    assert os.getpid() not in pids
    assert len(pids) <= 2


@pytest.mark.parametrize("processes", [1, 2])
def test_an_exception_is_raised_in_the_caller(processes: int) -> None:
    with pytest.raises(LookupError, match="three"):
        run(jobs.raising, [(number,) for number in range(5)], processes)


@pytest.mark.parametrize(("numbers", "processes"), [([3], 2), ([3, 4], 1), ([3], 0)])
def test_a_job_that_kills_its_process_does_not_affect_the_caller(numbers: list[int], processes: int) -> None:
    actual = run(jobs.killing_itself, [(number, "kill") for number in numbers], processes)
    assert actual == {(number, "kill"): None if number == 3 else number for number in numbers}


def test_the_function_is_sent_to_each_worker_once() -> None:
    actual = run(partial(jobs.remembering, jobs.Memory()), [(number,) for number in range(8)], 2)
    assert len(set(actual.values())) <= 2


@pytest.mark.parametrize("how", ["exit", "kill", "segfault"])
def test_a_job_that_kills_its_process_only_loses_itself(how: str) -> None:
    actual = run(jobs.killing_itself, [(number, how) for number in range(8)], 2)
    assert actual == {(number, how): None if number in (3, 6) else number for number in range(8)}


def test_nothing_is_lost_or_repeated_if_a_worker_dies_while_the_caller_is_busy(tmp_path: Path) -> None:
    results = run_in_workers(jobs.counted, [(str(tmp_path), number) for number in range(6)], 2)
    actual: dict[Any, Any] = dict([next(results)])  # the other worker is in job 0, and the caller takes its time
    (tmp_path / "go").touch()
    wait_until(lambda: (tmp_path / "pid").exists(), "job 0 has not begun")
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not alive(pid), "the worker did not die")
    actual.update(results)
    died = actual.pop((str(tmp_path), 0))
    assert isinstance(died, WorkerDied)
    assert died.exit_code == -signal.SIGKILL
    assert {number: result for (_, number), result in actual.items()} == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}


@pytest.mark.parametrize("number", [3, 6, 9])
def test_a_job_that_never_ends_is_ended_and_the_others_go_on(number: int) -> None:
    """3 holds the interpreter, so that nothing within its process could end it; 6 lets another program compute; 9 waits."""
    budget = Budget(cpu=0.5, wall=0.5 if number == 9 else 60)
    numbers = [number, 1, 2]
    pairs = dict(run_in_workers(jobs.never_ending, [(each,) for each in numbers], 1, lambda _: budget))
    stopped = pairs.pop((number,))
    assert isinstance(stopped, OverBudget)
    assert stopped.kind == ("wall" if number == 9 else "CPU")
    assert pairs == {(1,): 1, (2,): 2}


def test_time_spent_waiting_for_a_lock_is_not_counted() -> None:
    budget = Budget(wall=0.3)
    assert dict(run_in_workers(jobs.waiting_first, [(0.5,)], 1, lambda _: budget)) == {(0.5,): 0.5}


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with two workers that are in the middle of their jobs; leads a process group of its own."""
    code = (
        "import sys\n"
        "from ocr_pipeline.processes.workers import run_in_workers\n"
        "from ocr_pipeline_tests.ocr.jobs import waiting\n"
        "if __name__ == '__main__':\n"
        "    list(run_in_workers(waiting, [(sys.argv[1], n) for n in range(9)], 2))\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        start_new_session=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )

    def begun() -> list[Path]:
        return [file for file in tmp_path.glob("worker-*") if file.read_text()]  # not only opened

    wait_until(lambda: len(begun()) >= 2 or process.poll() is not None, "no worker has begun")
    yield process
    with contextlib.suppress(ProcessLookupError):  # as it should be: nobody is left
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def group_members(group: int) -> list[int]:
    """Processes of a process group that are not zombies."""
    actual = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, its_group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            actual.append(int(folder.name))
    return actual


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@needs_proc
def test_workers_exit_if_their_parent_is_killed(parent: subprocess.Popen[bytes], tmp_path: Path) -> None:
    workers = [int(file.read_text()) for file in tmp_path.glob("worker-*")]
    assert len(workers) == 2
    assert all(alive(pid) for pid in workers)
    parent.kill()
    parent.wait()
    wait_until(lambda: not group_members(parent.pid), f"still there: {group_members(parent.pid)}")


def isolated_call(job: str, folder: Path) -> subprocess.Popen[bytes]:
    """A process that calls a function of `jobs` with a folder, in a worker of its own."""
    code = (
        "import sys\n"
        "from ocr_pipeline.processes.budget import Budget\n"
        "from ocr_pipeline.processes.shared import call_isolated\n"
        "from ocr_pipeline.processes.worker import Isolated\n"
        f"from ocr_pipeline_tests.ocr.jobs import {job}\n"
        f"call_isolated(Isolated({job}), Budget(), sys.argv[1])\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def test_a_call_whose_parent_is_killed_has_a_moment_to_finish(tmp_path: Path) -> None:
    """So that its result is stored, and not computed again."""
    process = isolated_call("finishing", tmp_path)
    wait_until(lambda: (tmp_path / "begun").exists() or process.poll() is not None, "it has not begun")
    process.kill()
    process.wait()
    pid = int((tmp_path / "begun").read_text())
    wait_until(lambda: not alive(pid), "a process outlives its parent")
    assert (tmp_path / "finished").exists()


@needs_proc
def test_what_a_worker_has_started_ends_with_its_parent(tmp_path: Path) -> None:
    """Also if the worker cannot see to it, because a library holds the interpreter."""
    process = isolated_call("starting_a_program", tmp_path)
    wait_until(lambda: (tmp_path / "pids").exists() or process.poll() is not None, "nothing was started")
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert all(alive(pid) for pid in pids)
    process.kill()
    process.wait()
    wait_until(lambda: not any(alive(pid) for pid in pids), "a process outlives its parent")


def test_a_process_of_multiprocessing_ends_although_it_has_workers(tmp_path: Path) -> None:
    """Dagster starts runs as such, which wait for their children; to terminate one, it sends itself the signal of Ctrl-C."""
    process = multiprocessing.get_context("spawn").Process(target=jobs.using_workers, args=(str(tmp_path),))
    process.start()
    wait_until(lambda: len(list(tmp_path.glob("worker-*"))) >= 2 or not process.is_alive(), "no worker has begun")
    workers = [int(file.read_text()) for file in tmp_path.glob("worker-*")]
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join(60)
    try:
        assert process.exitcode == 1
        wait_until(lambda: not any(alive(pid) for pid in workers), "a worker outlives its parent")
    finally:
        process.kill()


@needs_proc
def test_ctrl_c_leaves_no_process(parent: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.killpg(parent.pid, signal.SIGINT)  # a terminal sends it to the whole group
    (tmp_path / "end").touch()
    _, errors = parent.communicate(timeout=60)
    assert parent.returncode == -signal.SIGINT
    assert errors.count(b"KeyboardInterrupt") == 1  # the parent's, none of the workers'
    assert (tmp_path / "done-0").exists()  # what has begun is finished, so that its result is kept
    assert (tmp_path / "done-1").exists()
    assert len(list(tmp_path.glob("worker-*"))) <= 4  # of nine: those that were handed over already
    wait_until(lambda: not group_members(parent.pid), f"still there: {group_members(parent.pid)}")


def test_only_available_cores_are_counted() -> None:
    assert available_cores() >= 1
    if hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {min(before)})
            assert available_cores() == 1
        finally:
            os.sched_setaffinity(0, before)
