"""A run that is told to stop, with real signals, in a stage that would never come to an end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_pipeline.project import Project
from ocr_pipeline_tests.defs.server import dg_dev, wait_for
from ocr_pipeline_tests.files import PLUGINS, add_image, small_backends, write_backends

RUN = """
import importlib, pathlib, sys
from ocr_pipeline.cli import main
_, module, name, marker, *sys.argv = ["", *sys.argv[1:4], "ocr-pipeline", "run"]
def stall(*_, **__):
    pathlib.Path(marker).touch()
    while True:
        sum(range(1000))
if module:
    setattr(importlib.import_module(module), name, stall)
main()
"""
"""`ocr-pipeline run`, with a function of this module that computes for ever."""

STAGES = {
    "ocr": ("", ""),
    "extraction": ("", ""),
    "scoring": ("ocr_pipeline.defs.assets.scoring", "score_backend"),
    "report": ("ocr_pipeline.defs.assets.report", "build_site"),
}


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def marker(project: Project) -> Path:
    add_image(project, "d0.png", width=40, total="40.00")
    return project.root / "stalled"


def configure(project: Project, stage: str, marker: Path) -> None:
    backends = small_backends(project.root)
    backends["backends"] = {"pixel+first": backends["backends"]["pixel+first"]}
    options = {"marker": str(marker)}
    if stage == "ocr":
        backends["engines"]["pixel"] = {"type": f"{PLUGINS}:StallingEngine", "options": options}
    if stage == "extraction":
        backends["backends"]["pixel+first"] |= {"extractor": f"{PLUGINS}:StallingExtractor", "options": options}
    write_backends(project.root, backends)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_ends_when_it_is_told_to(project: Project, marker: Path, stage: str, how: signal.Signals) -> None:
    configure(project, stage, marker)
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *STAGES[stage], str(marker)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    wait_for(lambda: marker.exists() or process.poll() is not None, 120)
    process.send_signal(how)
    began = time.monotonic()
    _, errors = process.communicate(timeout=60)
    print(f"{stage}: {how.name}, {time.monotonic() - began:.1f} s")
    assert process.returncode == 130, errors
    assert errors.strip().endswith("Interrupted. Finished results are kept; run the same command to continue.")
    if worker := marker.read_text():
        assert not is_there(int(worker))


@pytest.mark.slow
def test_a_run_that_is_terminated_in_the_ui_ends_with_its_workers(
    project: Project, marker: Path, tmp_path: Path
) -> None:
    configure(project, "ocr", marker)
    with dg_dev(project, tmp_path / "log") as server:
        run_id = server.launch("process")
        wait_for(marker.exists, 240)
        worker = int(marker.read_text())
        mutation = "mutation($id: String!) { answer: terminateRun(runId: $id) { __typename } }"
        assert server.query(mutation, id=run_id)["answer"]["__typename"] == "TerminateRunSuccess"

        def has_ended() -> bool:
            run = server.instance.get_run_by_id(run_id)
            return run is not None and run.is_finished and not is_there(worker)

        wait_for(has_ended, 60)
