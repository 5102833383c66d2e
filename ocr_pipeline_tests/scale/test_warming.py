"""Workers that are started early do the first calls; a run that is killed leaves a mark, one that ends does not."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ocr_pipeline.processes.calls import READING, Task
from ocr_pipeline.processes.cluster import RayWorkers
from ocr_pipeline.processes.warming import warm_up, was_killed
from ocr_pipeline_tests.scale import tasks
from ocr_pipeline_tests.scale.servers import RayCluster, until

WARMED = f"import {__name__} as here, sys; here.warmed(sys.argv[1])"
MARKING = f"import {__name__} as here, sys; here.marking(*sys.argv[1:])"


def started(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """In a process of its own: Ray gives each its own workers."""
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def loaded(number: int) -> tuple[int, bool]:
    """The worker process, and whether it had the modules before."""
    time.sleep(0.1)
    return os.getpid(), READING in sys.modules


def warmed(address: str) -> None:
    """Print whether every call was done by a process that was started early."""
    early = set(warm_up(address, Task()))
    done: list[Any] = [result for _, result in RayWorkers(address).run(loaded, [(number,) for number in range(12)])]
    print(len(early), {process for process, _ in done} == early, all(ready for _, ready in done))


def marking(address: str, folder: str, seconds: str) -> None:
    """Print what the mark says during the call."""
    mark = Path(folder) / "mark"
    workers = RayWorkers(address, mark=mark)
    for _ in workers.run(tasks.noted, [(folder, 1, float(seconds))]):
        print(mark.read_text().split()[0] == str(os.getpid()))
    print(mark.exists())


def test_workers_that_were_started_early_do_the_first_calls(cluster: RayCluster) -> None:
    process = started(WARMED, cluster.address)
    output, _ = process.communicate(timeout=120)
    assert output.split() == ["2", "True", "True"]


def test_a_run_that_ends_leaves_no_mark(cluster: RayCluster, tmp_path: Path) -> None:
    output, _ = started(MARKING, cluster.address, str(tmp_path), "0").communicate(timeout=120)
    assert output.split() == ["True", "False"]


def test_a_run_that_is_killed_leaves_its_mark(cluster: RayCluster, tmp_path: Path) -> None:
    process = started(MARKING, cluster.address, str(tmp_path), "60")
    mark = tmp_path / "mark"
    assert until((tmp_path / "begun-1").exists, 60)
    assert not was_killed(mark)
    process.kill()
    process.communicate()
    assert was_killed(mark)
