"""An engine whose work can be counted from outside: it notes when and where it begins and ends a page."""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr_pipeline.documents.pages import Document
from ocr_pipeline.schemas import OcrPage
from ocr_pipeline_tests.plugins import PixelEngine


class NotingEngine(PixelEngine):
    """A `PixelEngine` that appends `begin` and `end` of each page to the file `events`."""

    events: str

    def fingerprint(self) -> dict[str, Any]:
        return {"engine": "noting", "version": self.version}

    def read(self, document: Document) -> list[OcrPage]:
        page = document.pages[0].width
        self._note("begin", page)
        result = super().read(document)
        self._note("end", page)
        return result

    def _note(self, what: str, page: int) -> None:
        node = os.environ.get("RAY_RAYLET_PID", "here")  # each node has a raylet
        handle = os.open(self.events, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, f"{what} {page} {os.getpid()} {node} {time.time()}\n".encode())
        finally:
            os.close(handle)


@dataclass(frozen=True)
class Event:
    """A line of the file. `time`: seconds since 1970."""

    what: str
    page: str
    pid: int
    node: str
    time: float


def events_of(file: Path) -> list[Event]:
    """What happened so far."""
    lines = file.read_text("ascii").splitlines() if file.exists() else []
    words = [line.split() for line in lines]
    return [Event(what, page, int(pid), node, float(moment)) for what, page, pid, node, moment in words]


def in_flight(events: list[Event]) -> int:
    """Pages that were begun, not ended, and whose process is alive."""
    open_pages: dict[tuple[str, int], int] = {}
    for event in events:
        if event.what == "begin":
            open_pages[event.page, event.pid] = event.pid
        else:
            open_pages.pop((event.page, event.pid), None)
    return sum(os.path.exists(f"/proc/{pid}") for pid in open_pages.values())


def done_twice(events: list[Event]) -> list[str]:
    """Pages that were worked on to the end more than once."""
    ended = Counter(event.page for event in events if event.what == "end")
    return [page for page, count in ended.items() if count > 1]


def by_node(events: list[Event]) -> Counter[str]:
    """How many pages each node has done."""
    return Counter(event.node for event in events if event.what == "end")
