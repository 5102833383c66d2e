"""Inboxes: local or remote folders whose files are copied into a data set of the project.

Two small files per inbox are kept in `data/results/inboxes`: `NAME.taken`, a hash of its contents when it was last copied
completely, and `NAME.problem`, why it could not be read.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

from ocr_pipeline.documents.importers import ImportReport, import_folder, open_source
from ocr_pipeline.documents.importers.source import Source, explained
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.operation.arrivals import Attempt, next_attempt
from ocr_pipeline.operation.settings import Inbox
from ocr_pipeline.project import Project
from ocr_pipeline.store import write_durably


class InboxState(BaseModel):
    """`seen`: hash of the contents at the last scan. `tried`: runs launched that did not copy all of it.

    The field names are stored in sensor cursors.
    """

    seen: str = ""
    tried: Attempt | None = None


def scan_inboxes(
    inboxes: Iterable[Inbox], previous: Mapping[str, InboxState], project: Project, now: float, *, may_launch: bool
) -> tuple[dict[str, InboxState], list[str]]:
    """The state of each inbox, and the names of inboxes to copy: new contents that did not change between two scans.

    Args:
        now: Unix time in seconds.
        may_launch: False while no run may be launched; then no inbox is due.
    """
    states: dict[str, InboxState] = {}
    due: list[str] = []
    for inbox in inboxes:
        last = previous.get(inbox.name, InboxState())
        problem_file = _state_file(project, inbox.name, "problem")
        try:
            content = _content_hash(inbox)
        except ConfigurationError as error:
            write_durably(problem_file, str(error))
            states[inbox.name] = last
            continue
        problem_file.unlink(missing_ok=True)
        attempt = last.tried
        stable = content == last.seen and content not in ("", _read(_state_file(project, inbox.name, "taken")))
        if stable and may_launch and (retry := next_attempt(attempt, content, now)):
            attempt = retry
            due.append(inbox.name)
        states[inbox.name] = InboxState(seen=content, tried=attempt)
    return states, due


def problems_of(inboxes: Iterable[Inbox], project: Project) -> dict[str, str]:
    """Why inboxes cannot be read, by name."""
    problems = {inbox.name: _read(_state_file(project, inbox.name, "problem")) for inbox in inboxes}
    return {name: problem for name, problem in problems.items() if problem}


def collect(inbox: Inbox, project: Project) -> ImportReport:
    """Copy new and changed files. Raises ConfigurationError."""
    content = _content_hash(inbox)
    with explained(inbox.url):
        report = import_folder(open_source(inbox.url), project.data / "documents", inbox.name)
    write_durably(_state_file(project, inbox.name, "taken"), content)
    return report


def _content_hash(inbox: Inbox) -> str:
    """A hash of names, sizes and times; "" for an empty inbox. Raises ConfigurationError."""
    with explained(inbox.url):
        folder = open_source(inbox.url)
        is_local = getattr(folder, "protocol", "") in ("", "file", "local")
        if is_local and not folder.is_dir():  # object stores have no empty folders
            raise ConfigurationError(f"The folder of inbox {inbox.name} does not exist.")
        files: list[Source] = sorted(folder.rglob("*"), key=str)
        stats = [(file, file.stat()) for file in files if file.is_file()]
        entries = [[str(file), stat.st_size, getattr(stat, "st_mtime", 0)] for file, stat in stats]
    return sha256(json.dumps(entries).encode()).hexdigest() if entries else ""


def _state_file(project: Project, name: str, suffix: str) -> Path:
    return project.results / "inboxes" / f"{name}.{suffix}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
