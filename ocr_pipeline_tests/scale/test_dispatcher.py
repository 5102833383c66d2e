"""Workers outlive the run that was killed, and nothing outlives a run that ended; workers with old code do nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline.processes.dispatcher_client import use
from ocr_pipeline_tests.ocr import jobs
from ocr_pipeline_tests.scale import tasks
from ocr_pipeline_tests.scale.servers import RayCluster, until

RUN = """
import sys
from pathlib import Path
from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline.processes.dispatcher_client import inherit
from ocr_pipeline.processes.warming import taken_over
address, folder, first, last, seconds = sys.argv[1:]
mark = Path(folder) / "mark"
if mark.exists():
    print(inherit(address, taken_over(mark)))
from ocr_pipeline_tests.scale import tasks
jobs = [(folder, number, float(seconds)) for number in range(int(first), int(last))]
print(len(list(RayWorkers(address, mark=mark).run(tasks.noted, jobs))))
"""
SERVE = "import sys; from ocr_pipeline.processes import dispatcher; dispatcher.IDLE = 1.0; dispatcher.main(sys.argv[1])"


def started(cluster: RayCluster, folder: Path, first: int, last: int, seconds: float = 0.3) -> "subprocess.Popen[str]":
    """A run of calls with these numbers."""
    arguments = [cluster.address, folder, first, last, seconds]
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *map(str, arguments)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def output(process: "subprocess.Popen[str]") -> list[str]:
    printed, _ = process.communicate(timeout=120)
    return printed.split()


def workers(folder: Path, first: int = 0, last: int = 1000) -> set[str]:
    """The processes that began calls with these numbers."""
    begun = {int(file.name.removeprefix("begun-")): file for file in folder.glob("begun-*")}
    return {file.read_text() for number, file in begun.items() if first <= number < last}


def killed(cluster: RayCluster, folder: Path) -> int:
    """Kill a run while its calls are in the cluster; how many had begun."""
    process = started(cluster, folder, 0, 1000)
    assert until(lambda: len(list(folder.glob("begun-*"))) >= 4, 120)
    process.kill()
    process.communicate()
    return len(list(folder.glob("begun-*")))


def dispatcher(folder: Path) -> Path:
    return Path((folder / "mark").read_text().split()[1])


def test_what_a_killed_run_handed_over_is_finished_and_its_workers_are_used_by_the_next(
    cluster: RayCluster, tmp_path: Path
) -> None:
    begun = killed(cluster, tmp_path)
    time.sleep(2)
    finished = len(list(tmp_path.glob("begun-*")))
    assert begun < finished <= begun + 4  # two calls a place
    place = dispatcher(tmp_path)
    assert output(started(cluster, tmp_path, 2000, 2010)) == ["True", "10"]
    assert workers(tmp_path, 2000, 3000) == workers(tmp_path)
    assert until(lambda: not place.exists(), 10), "the dispatcher is still there"
    assert not (tmp_path / "mark").exists()


def test_workers_with_old_code_are_replaced(cluster: RayCluster, tmp_path: Path) -> None:
    killed(cluster, tmp_path)
    time.sleep(1)
    os.utime(tasks.__file__)  # the next run imports it after it has found the dispatcher
    place = dispatcher(tmp_path)
    assert output(started(cluster, tmp_path, 2000, 2010)) == ["True", "10"]
    assert not workers(tmp_path, 2000, 3000) & workers(tmp_path)
    assert until(lambda: not place.exists(), 30)


@pytest.mark.parametrize("changed", ["nothing", "code", "path", "address"])
def test_a_dispatcher_of_other_code_or_another_cluster_is_not_used(
    changed: str, cluster: RayCluster, tmp_path: Path
) -> None:
    killed(cluster, tmp_path)
    place, address, environment = dispatcher(tmp_path), cluster.address, dict(os.environ)
    if changed == "code":
        os.utime(jobs.__file__)
    if changed == "path":
        environment["PYTHONPATH"] = os.pathsep.join([environment.get("PYTHONPATH", ""), "/elsewhere"])
    address += "0" if changed == "address" else ""
    code = "import sys; from pathlib import Path; from ocr_pipeline_tests.ocr import jobs; import ocr_pipeline_tests\n"
    code += (
        "from ocr_pipeline.processes.dispatcher_client import inherit; print(inherit(sys.argv[1], Path(sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, address, place], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(changed == "nothing")


def test_calls_are_handed_over_again_if_the_dispatcher_dies(cluster: RayCluster, tmp_path: Path) -> None:
    pairs = RayWorkers(cluster.address).run(tasks.noted, [(str(tmp_path), number, 0.1) for number in range(12)])
    found = [next(pairs)]
    old = use(cluster.address).folder
    [process] = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and str(old).encode() in (entry / "cmdline").read_bytes()
    ]
    os.kill(process, 9)
    found += pairs
    assert sorted(result for _, result in found if isinstance(result, int)) == list(range(12))
    assert use(cluster.address).folder != old
    assert not old.exists()


@pytest.mark.parametrize("ended", [True, False])
def test_a_dispatcher_ends_with_its_run_or_after_a_while_without_one(ended: bool, tmp_path: Path) -> None:
    from multiprocessing.connection import Client

    folder = tmp_path / "d"
    folder.mkdir()
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(folder)])
    assert until((folder / "socket").exists, 30)
    connection = Client(str(folder / "socket"), "AF_UNIX")
    time.sleep(1.5)
    assert process.poll() is None, "it has a run"
    if ended:
        connection.send("bye")
    began = time.monotonic()
    connection.close()
    assert process.wait(10) == 0
    assert (time.monotonic() - began < 0.9) is ended
    assert not folder.exists()
