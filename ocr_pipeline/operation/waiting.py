"""One run at a time in a project: a lock that says who holds it, and a line now and then while somebody waits for it."""

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from ocr_pipeline.coordination.claims import claimed
from ocr_pipeline.coordination.locks import STEP, shared_locks
from ocr_pipeline.machine import explained_os_errors
from ocr_pipeline.project import Project

EVERY_SECONDS = 30.0
"""How often somebody who waits is told so."""


class Holder(BaseModel):
    """Who holds a project, as it stands in the lock file. `start` is in UTC."""

    pid: int
    host: str
    command: str
    start: datetime

    @classmethod
    def this_process(cls) -> "Holder":
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])  # not the ids of documents
        return cls(pid=os.getpid(), host=socket.gethostname(), command=command, start=datetime.now(UTC))

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid} on {self.host}, since {self.start:%Y-%m-%d %H:%M} UTC)"


def lock_file(project: Project) -> Path:
    """The lock of a project's runs."""
    return project.dagster_home / "run.lock"


def holder_of(project: Project) -> Holder | None:
    """Who wrote itself into the lock file last; None if nobody did, or an older version."""
    try:
        return Holder.model_validate_json(lock_file(project).read_bytes())
    except (OSError, ValidationError):
        return None


@contextmanager
def only_run(
    project: Project,
    on_wait: Callable[[str], None],
    backends: Collection[str] | None = None,
    documents: Collection[str] | None = None,
) -> Iterator[None]:
    """Let one `ocr-pipeline run` work at a time: two would recognise the same documents twice.

    Where machines share PostgreSQL, runs of other backends or other documents work at the same time.

    Args:
        on_wait: gets a sentence at once and every 30 s while it waits for another one.
        backends: what the run works on; None: all.
        documents: None: all.

    Raises:
        OcrPipelineError: the lock file or the server cannot be used.
    """
    if locks := shared_locks(project):
        with claimed(locks, backends, documents, lambda who, waited: on_wait(_sentence(who, waited)), EVERY_SECONDS):
            yield
        return
    path = lock_file(project)
    with explained_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        timeout, began = 0.0, datetime.now(UTC)
        while True:
            try:
                lock.acquire(timeout=timeout)
                break
            except Timeout:
                waited = (datetime.now(UTC) - began).total_seconds()
                on_wait(_sentence(holder_of(project), waited))
                timeout = EVERY_SECONDS
        _sign(path)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.truncate(path, 0)
        lock.release()


@contextmanager
def only_step(project: Project, names: Iterable[str]) -> Iterator[bool]:
    """Where machines share PostgreSQL: let one run at a time do a step that is not split by backends, such as the text of an
    engine or the scores.

    Args:
        names: what the step works on: engines, or `shared`.

    Gives whether it waited for another run, which may have done the step. On one machine, `only_run` is enough.
    """
    locks, waited = shared_locks(project), False
    with contextlib.ExitStack() as stack:
        for name in sorted(names) if locks else ():
            assert locks is not None
            if not locks.try_take(f"{STEP}{name}"):
                waited = True
                locks.take(f"{STEP}{name}")
            stack.callback(locks.drop, f"{STEP}{name}")
        yield waited


def _sentence(holder: Holder | str | None, waited: float) -> str:
    who = str(holder) if holder else "another run"
    return f"Waiting for {who} to end in this project{f' ({waited:.0f} s so far)' if waited >= 1 else ''}."


def _sign(path: Path) -> None:
    """Written over, not replaced: the lock is on this file."""
    with path.open("r+", encoding="utf-8") as file:
        file.write(Holder.this_process().model_dump_json() + "\n")
        file.truncate()
