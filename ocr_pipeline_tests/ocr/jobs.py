"""Jobs for worker processes: they must be importable there."""

import os
import signal
import threading
import uuid
from pathlib import Path


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
    (Path(folder) / f"worker-{number}").write_text(str(os.getpid()))
    while not (Path(folder) / "end").exists():
        threading.Event().wait(0.01)
    (Path(folder) / f"done-{number}").touch()
