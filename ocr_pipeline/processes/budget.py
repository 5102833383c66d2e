"""What a call of a worker may take, and what it has taken."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Literal


def available_cores() -> int:
    """Number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Budget:
    """What one call may take, in seconds: CPU time of the worker and of all that it starts, and wall time."""

    cpu: float = inf
    wall: float = inf


class OverBudget(Exception):
    """A call exceeded its budget; its worker was killed."""

    def __init__(self, kind: Literal["CPU", "wall"], budget: Budget) -> None:
        self.kind, self.budget = kind, budget
        super().__init__(f"{budget.cpu if kind == 'CPU' else budget.wall:g} s of {kind} time")

    def __reduce__(self) -> tuple[type["OverBudget"], tuple[Literal["CPU", "wall"], Budget]]:
        return (type(self), (self.kind, self.budget))  # other machines say it, too


class WorkerDied(Exception):
    """A worker ended during a call. `exit_code` is negative if a signal ended it."""

    def __init__(self, exit_code: int | None) -> None:
        self.exit_code = exit_code
        super().__init__(f"exit code {exit_code}")

    def __reduce__(self) -> tuple[type["WorkerDied"], tuple[int | None]]:
        return (type(self), (self.exit_code,))


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of all that it has started; 0 if it is gone."""
    if not sys.platform.startswith("linux"):
        return cpu_seconds_of_group(pid)
    total = 0.0
    with suppress(OSError, IndexError):
        times = _content(f"/proc/{pid}/stat").rpartition(b")")[2].split()[11:15]
        # proc(5): user and system, its own and of ended children
        total = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
        for thread in os.listdir(f"/proc/{pid}/task"):
            total += sum(cpu_seconds(int(child)) for child in _content(f"/proc/{pid}/task/{thread}/children").split())
    return total


def _content(path: str) -> bytes:
    """Of a file in /proc, in a third of pathlib's time: it is read for every call."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 65536)
    finally:
        os.close(descriptor)


def cpu_seconds_of_group(group: int) -> float:
    listed = subprocess.run(["/bin/ps", "-A", "-o", "pgid=,time="], capture_output=True, text=True, check=False).stdout
    total = 0.0
    for line in listed.splitlines():
        of, _, spent = line.strip().partition(" ")
        if of == str(group):
            days, _, clock = spent.strip().rpartition("-")
            parts = [float(part) for part in clock.split(":")]
            total += sum(part * 60**power for power, part in enumerate(reversed(parts))) + 86400 * int(days or 0)
    return total
