"""Jobs for the nodes of a cluster: they must be importable there."""

import os
import signal
import time
from pathlib import Path

from ocr_pipeline.errors import DocumentError
from ocr_pipeline_tests.ocr.jobs import Memory


def remembering_slowly(memory: Memory, number: int) -> tuple[str, str]:
    """The load of the function that did it, and the node."""
    time.sleep(0.1)
    return memory.id, os.environ.get("RAY_RAYLET_PID", "")


def raising(number: int) -> None:
    raise DocumentError("no_pages", "There is no page.")


def killing_its_parent(folder: str, number: int) -> int:
    """Returns the number; 3 notes that it began, and kills the process of Ray that it works for."""
    if number == 3:
        with (Path(folder) / "3").open("a") as file:
            file.write("x")
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return number


def noted(folder: str, number: int, seconds: float) -> int:
    """Notes its process, and takes its time."""
    (Path(folder) / f"new-{number}").write_text(str(os.getpid()))
    (Path(folder) / f"new-{number}").rename(Path(folder) / f"begun-{number}")
    time.sleep(seconds)
    return number


def process_id() -> str:
    """An identity that is different in each process."""
    return str(os.getpid())
