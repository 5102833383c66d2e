"""Jobs for worker processes: they must be importable there."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

from ocr_pipeline.processes.budget import Budget
from ocr_pipeline.processes.child import untimed
from ocr_pipeline.processes.shared import call_isolated
from ocr_pipeline.processes.worker import Isolated
from ocr_pipeline.processes.workers import run_in_workers


def square(number: int) -> int:
    return number * number


def raising(number: int) -> int:
    if number == 3:
        raise LookupError("three")
    return number


def killing_itself(number: int, how: str) -> int:
    """Returns the number; 3 and 6 end their process in some way instead."""
    if number in (3, 6):
        if how == "exit":
            os._exit(1)
        os.kill(os.getpid(), signal.SIGKILL if how == "kill" else signal.SIGSEGV)
    return number


def counted(folder: str, number: int) -> int:
    """Notes each call. Number 0 kills its process as soon as `folder/go` is there."""
    with (Path(folder) / "calls").open("a") as file:
        file.write(f"{number}\n")
    if number == 0:
        (Path(folder) / "pid").write_text(str(os.getpid()))
        while not (Path(folder) / "go").exists():
            threading.Event().wait(0.005)
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def where(number: int) -> int:
    return os.getpid()


class Memory:
    """Something that takes long to load: each unpickled copy has an id of its own."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex

    def __reduce__(self) -> tuple[type["Memory"], tuple[()]]:
        return (type(self), ())


def remembering(memory: Memory, number: int) -> str:
    return memory.id


def waiting(folder: str, number: int) -> None:
    """Notes its process, stays until the test says so, and notes that it came to its end."""
    begun = Path(folder) / f"pid-{number}"
    begun.write_text(str(os.getpid()))
    begun.rename(begun.with_name(f"worker-{number}"))  # who waits for it finds it complete
    while not (Path(folder) / "end").exists():
        threading.Event().wait(0.01)
    (Path(folder) / f"done-{number}").touch()


def never_ending(number: int) -> int:
    """Returns the number; 3, 6 and 9 never end."""
    if number == 3:
        re.match("(a+)+b", "a" * 60)
    if number == 6:
        subprocess.run([sys.executable, "-c", "while True: pass"], check=True)
    if number == 9:
        threading.Event().wait()
    return number


def waiting_first(seconds: float) -> float:
    with untimed():
        time.sleep(seconds)
    return seconds


def starting_a_program(folder: str) -> None:
    """Notes its own process and that of a program that it started, then holds the interpreter for good."""
    program = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    (Path(folder) / "new").write_text(f"{os.getpid()} {program.pid}")
    (Path(folder) / "new").rename(Path(folder) / "pids")
    re.match("(a+)+b", "a" * 60)


def finishing(folder: str) -> None:
    """Notes its process, and, half a second after its parent was killed, that it has finished."""
    parent = os.getppid()
    (Path(folder) / "new").write_text(str(os.getpid()))
    (Path(folder) / "new").rename(Path(folder) / "begun")
    while os.getppid() == parent:
        time.sleep(0.01)
    time.sleep(0.5)
    (Path(folder) / "finished").touch()


def using_workers(folder: str) -> None:
    """A run: it leaves an idle worker behind, and is in the middle of others."""
    call_isolated(Isolated(square), Budget(), 3)
    list(run_in_workers(waiting, [(folder, number) for number in range(4)], 2))
