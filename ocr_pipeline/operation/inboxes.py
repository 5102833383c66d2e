"""Inboxes: folders elsewhere, local or remote, whose files are copied into a data set of the project.

Two small files per inbox in `data/results/inboxes` are all that is kept: `NAME.taken`, what it held when it was last copied
as a whole, and `NAME.problem`, why it could not be looked at.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

from ocr_pipeline.documents.importers import ImportReport, import_folder, open_source
from ocr_pipeline.documents.importers.source import Source, explained
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.operation.arrivals import Tried, try_again
from ocr_pipeline.operation.settings import Inbox
from ocr_pipeline.project import Project
from ocr_pipeline.store import write_durably


class InboxState(BaseModel):
    """`seen`: what an inbox held at the last look. `tried`: what runs were launched for that did not copy all of it."""

    seen: str = ""
    tried: Tried | None = None


def look_into(
    inboxes: Iterable[Inbox], before: Mapping[str, InboxState], project: Project, now: float, *, may_launch: bool
) -> tuple[dict[str, InboxState], list[str]]:
    """The state of each inbox, and the names of those to copy: what they hold is new, and was the same in two looks.

    Args:
        now: seconds since 1970.
        may_launch: whether a run may be launched; else nothing is to copy.
    """
    states: dict[str, InboxState] = {}
    changed: list[str] = []
    for inbox in inboxes:
        last = before.get(inbox.name, InboxState())
        trouble = _file(project, inbox.name, "problem")
        try:
            seen = _content(inbox)
        except ConfigurationError as error:
            write_durably(trouble, str(error))
            states[inbox.name] = last
            continue
        trouble.unlink(missing_ok=True)
        tried = last.tried
        stable = seen == last.seen and seen not in ("", _read(_file(project, inbox.name, "taken")))
        if stable and may_launch and (again := try_again(tried, seen, now)):
            tried = again
            changed.append(inbox.name)
        states[inbox.name] = InboxState(seen=seen, tried=tried)
    return states, changed


def problems_of(inboxes: Iterable[Inbox], project: Project) -> dict[str, str]:
    """Why inboxes cannot be looked at, by name."""
    found = {inbox.name: _read(_file(project, inbox.name, "problem")) for inbox in inboxes}
    return {name: problem for name, problem in found.items() if problem}


def collect(inbox: Inbox, project: Project) -> ImportReport:
    """Copy what is new or changed. Raises ConfigurationError."""
    held = _content(inbox)
    with explained(inbox.url):
        report = import_folder(open_source(inbox.url), project.data / "documents", inbox.name)
    write_durably(_file(project, inbox.name, "taken"), held)
    return report


def _content(inbox: Inbox) -> str:
    """A hash of names, sizes and times; "" for an empty inbox. Raises ConfigurationError."""
    with explained(inbox.url):
        folder = open_source(inbox.url)
        is_local = getattr(folder, "protocol", "") in ("", "file", "local")
        if is_local and not folder.is_dir():  # elsewhere, an empty folder is none
            raise ConfigurationError(f"The inbox {inbox.name} is not there.")
        files: list[Source] = sorted(folder.rglob("*"), key=str)
        found = []
        for file in files:
            if file.is_file():
                facts = file.stat()
                found.append([str(file), facts.st_size, getattr(facts, "st_mtime", 0)])
    return sha256(json.dumps(found).encode()).hexdigest() if found else ""


def _file(project: Project, name: str, what: str) -> Path:
    return project.results / "inboxes" / f"{name}.{what}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""
