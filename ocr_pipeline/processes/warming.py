"""Workers before there is a call for them: a run that takes over from a killed one loses no time to them.

Its dispatcher and workers are used again if they are still there. If not, new ones are started while the rest of the command
is imported (benchmarks/RESULTS.md, Cluster).
"""

import atexit
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

from ocr_pipeline.processes.calls import Task, Warm
from ocr_pipeline.processes.dispatcher_client import inherit, receive, send, use, write_mark


def was_killed(mark: Path) -> bool:
    """Whether the process of `mark` ended while its calls were in the cluster. Another machine's processes are not seen: then
    workers are started early for a run that may not need them."""
    try:
        process = int(mark.read_text("utf-8").split()[0])
        if process != os.getpid():  # in a container that was started again, the number is the same
            os.kill(process, 0)
    except (FileNotFoundError, ValueError, IndexError):
        return False
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return process == os.getpid()


def taken_over(mark: Path) -> Path:
    """Make a mark that of this process, so that it is found if this process is killed, too; the folder of its dispatcher."""
    folder = mark.read_text("utf-8").partition(" ")[2]
    write_mark(mark, folder)
    atexit.register(mark.unlink, missing_ok=True)  # a run without calls would leave it
    return Path(folder or os.devnull)  # an earlier version wrote none


def warm_beside(address: str, task: Task, dispatcher: Path) -> threading.Thread:
    """Find the dispatcher of a killed run, or start one and workers, while this process does something else. Errors are left
    to whoever needs it next."""

    def warm() -> None:
        with suppress(Exception):
            if not inherit(address, dispatcher):
                warm_up(address, task)

    thread = threading.Thread(target=warm, name="warming")
    thread.start()
    return thread


def warm_up(address: str, task: Task) -> list[int]:
    """Start a worker on each place of the cluster; their process ids."""
    with use(address).connection() as connection:
        send(connection, Warm(address, task, list(sys.path)))
        processes: list[int] = receive(connection)
    return processes
