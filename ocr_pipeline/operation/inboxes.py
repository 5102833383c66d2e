"""Inboxes: folders elsewhere, local or remote, whose files are copied into a data set of the project."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.importers import import_folder, open_source
from ocr_pipeline.documents.importers.source import Source, explained
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.operation.settings import Inbox

State = Mapping[str, str]
"""`seen`: what was there at the last look. `taken`: what was last asked to be copied. Hashes of names, sizes and times."""


def inbox_states(inboxes: Iterable[Inbox], before: Mapping[str, State]) -> tuple[dict[str, State], dict[str, str]]:
    """The state of each inbox by name, and those that changed and are stable: the same in two looks.

    An inbox that cannot be reached now keeps its state.
    """
    states: dict[str, State] = {}
    changed: dict[str, str] = {}
    for inbox in inboxes:
        last = before.get(inbox.name, {})
        try:
            seen = _state(inbox)
        except ConfigurationError:
            states[inbox.name] = last
            continue
        taken = last.get("taken", "")
        if seen == last.get("seen") and seen != taken:
            changed[inbox.name] = taken = seen
        states[inbox.name] = {"seen": seen, "taken": taken}
    return states, changed


def collect(inbox: Inbox, documents: Path) -> str:
    """Copy what is new or changed; says how much that was. Raises ConfigurationError."""
    source = open_source(inbox.url)
    with explained(inbox.url):
        report = import_folder(source, documents, inbox.name)
    return f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged documents"


def _state(inbox: Inbox) -> str:
    with explained(inbox.url):
        found: list[list[Any]] = []
        files: list[Source] = sorted(open_source(inbox.url).rglob("*"), key=str)
        for file in files:
            if file.is_file():
                facts = file.stat()
                found.append([str(file), facts.st_size, getattr(facts, "st_mtime", 0)])
    return sha256(json.dumps(found).encode()).hexdigest()
