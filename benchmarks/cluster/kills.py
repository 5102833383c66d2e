"""Kills of nodes, runs and writers of the warehouse, while at least 5 cells are in flight; what is lost is counted."""

import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import dagster as dg
import psycopg2

from ocr_pipeline.defs.instance import open_instance
from ocr_pipeline.processes.calls import AHEAD
from ocr_pipeline.project import Project
from ocr_pipeline.storage import open_store
from ocr_pipeline_tests.scale.engine import done_twice, in_flight
from ocr_pipeline_tests.scale.projects import cells, command, events, run
from ocr_pipeline_tests.scale.servers import RayCluster, until

KINDS = ("node", "run", "writer")
IN_FLIGHT = 5
"""Cells that are being worked on when a kill lands, at least."""
A_CELL = 0.5
"""Seconds of work on a cell, about."""
CLOSED = 60.0
"""Seconds after which Dagster shows no run whose process was killed as started."""


@dataclass
class Report:
    """What became of it. `kills`: (kind, cells in flight). `closed`: seconds until a killed run was no longer started.
    `unstored`: pages that were worked on again because their node lost its power in the moment between the end of the work and
    the end of its storing, and the seconds since that end. `gap`: the longest time without a finished cell, in seconds."""

    documents: int
    kills: list[tuple[str, int]] = field(default_factory=list)
    closed: list[float] = field(default_factory=list)
    lost: int = 0
    duplicated: int = 0
    paid_twice: list[str] = field(default_factory=list)
    unstored: dict[str, float] = field(default_factory=dict)
    gap: float = 0.0
    gaps: list[tuple[float, float]] = field(default_factory=list)
    again: str = ""

    def __str__(self) -> str:
        counts = Counter(kind for kind, _ in self.kills)
        flights = ", ".join(f"{kind} {cells}" for kind, cells in self.kills)
        return (
            f"{len(self.kills)} kills ({', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}) of "
            f"{self.documents} cells; in flight: {flights}. Lost {self.lost}, duplicated {self.duplicated}, paid twice "
            f"{len(self.paid_twice)}, ended on a killed node but not "
            f"stored yet {len(self.unstored)}; a killed run was closed after {max(self.closed, default=0):.1f} s at most; "
            f"longest gap {self.gap:.1f} s"
        )


def drill(
    project: Project, cluster: RayCluster, warehouse: str, seed: int, *, kills: int = 10, cpus: int = 3, pause: int = 6
) -> Report:
    """Run a project whose backend is `sleeping+first`, and kill what it runs on.

    Args:
        warehouse: of the tables, as a libpq connection string.
        cpus: of a node that takes the place of a killed one.
        pause: cells that finish between two kills, about.
    """
    chance = random.Random(seed)
    kinds = [KINDS[number % len(KINDS)] for number in range(kills)]
    chance.shuffle(kinds)
    report = Report(len(list((project.data / "documents").glob("*.pdf"))))
    process, threads, lost = _start(project), list[threading.Thread](), list[_Lost]()
    flying, handed = 0, 0

    def ready(target: int = 0) -> bool:
        nonlocal flying  # of the moment before the kill
        flying = in_flight(events(project))
        return flying >= IN_FLIGHT and _ended(project) >= target

    for kind in kinds:
        target = _ended(project) + handed + chance.randint(pause // 2, pause)
        assert until(partial(ready, target), 300), f"no kill of a {kind} was possible: {process.poll()}"
        if kind == "writer":
            assert _stop_while_writing(process, warehouse, ready), f"no writer was caught: {process.poll()}"
        report.kills.append((kind, flying))
        print(
            f"kill {len(report.kills)} at {time.time() - events(project)[0].time:.1f} s: {kind} after {_ended(project)} "
            f"cells, {report.kills[-1][1]} in flight",
            flush=True,
        )
        if kind == "node":
            node = chance.choice(cluster.nodes)
            name, now = str(_raylet(node)), time.time()
            cluster.kill_node(node)
            lost.append(_Lost(name, now, _stored(project)))
            cluster.add_node(cpus)
            handed = 0
            continue
        handed = AHEAD * cpus * len(cluster.nodes)  # what a killed run handed over is finished without a run
        process.send_signal(signal.SIGKILL)
        process.wait()
        threads.append(threading.Thread(target=_closing, args=(project, report)))
        threads[-1].start()
        process = _start(project)
    assert process.wait(300) == 0
    for thread in threads:
        thread.join()
    return _counted(project, report, lost)


@dataclass(frozen=True)
class _Lost:
    """A node that was killed at a time, and the keys that were stored then."""

    node: str
    time: float
    stored: set[str]


def _raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def _stored(project: Project) -> set[str]:
    return {entry.key for entry in open_store(project).entries("ocr")}


def _start(project: Project) -> "subprocess.Popen[str]":
    started = command(project, "run", "--backends", "sleeping+first")
    with (project.root / "run.log").open("a") as log:
        return subprocess.Popen(**started, stdout=log, stderr=log, start_new_session=True)


def _ended(project: Project) -> int:
    return sum(event.what == "end" for event in events(project))


def _stop_while_writing(process: "subprocess.Popen[str]", warehouse: str, condition: Callable[[], bool]) -> bool:
    """Stop a run in the middle of a transaction that writes to the warehouse, under this condition.

    A transaction takes some milliseconds. A lock on the last of its tables holds it until the run is stopped.
    """
    end = time.monotonic() + 120
    with closing(psycopg2.connect(warehouse)) as connection, connection.cursor() as cursor:

        def waits() -> bool:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE relation = 'ocr_words'::regclass AND NOT granted")
            return bool(cursor.fetchone() != (0,))

        while time.monotonic() < end and process.poll() is None:
            cursor.execute("LOCK TABLE ocr_words IN SHARE MODE")
            if until(lambda: waits() or process.poll() is not None, end - time.monotonic()):
                process.send_signal(signal.SIGSTOP)
                if until(condition, A_CELL):  # the workers go on
                    return True
                process.send_signal(signal.SIGCONT)
            connection.rollback()
    return False


def _started(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))}


def _closing(project: Project, report: Report) -> None:
    """How long the runs of a process that was killed just now are still shown as started."""
    began = time.monotonic()
    with suppress(Exception), open_instance(project) as instance:
        dead = _started(instance)
        while dead & _started(instance) and time.monotonic() < began + CLOSED:
            time.sleep(0.5)
        report.closed.append(time.monotonic() - began)


def _unstored(project: Project, lost: list[_Lost]) -> dict[str, float]:
    """Pages that were done twice, whose first result was not stored when its node died: no design knows of it."""
    happened = [event for event in events(project) if event.what == "end"]
    pages = sorted({event.page for event in happened}, key=int)  # in the order of the documents
    keys = [key for _, key in sorted(cells(project, "ocr_text", "engine").items())]
    key_of = dict(zip(pages, keys, strict=True))
    found = {}
    for page in done_twice(happened):
        first, *again = [event for event in happened if event.page == page]
        node = next((node for node in lost if node.node == first.node), None)
        if len(again) == 1 and node and key_of[page] not in node.stored:
            found[page] = node.time - first.time
    return found


def _counted(project: Project, report: Report, lost: list[_Lost]) -> Report:
    found, happened = cells(project, "ocr_text", "engine"), events(project)
    report.lost = report.documents - len(found)
    report.unstored = _unstored(project, lost)
    report.paid_twice = [page for page in done_twice(happened) if page not in report.unstored]
    moments = sorted(event.time for event in happened if event.what == "end")
    gaps = [(later - earlier, earlier - moments[0]) for earlier, later in pairwise(moments)]
    report.gaps = sorted(gaps, reverse=True)[:5]
    report.gap = report.gaps[0][0] if gaps else 0.0
    report.duplicated = sum(count - 1 for count in Counter(document for _, document in found).values() if count > 1)
    report.again = run(project, "run", "--backends", "sleeping+first")
    return report
