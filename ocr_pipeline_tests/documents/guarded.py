"""Functions and pages for worker processes. Apart from the tests, as it must load no decoder."""

import logging
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ocr_pipeline.documents.guard import _DECODERS, _call, limited
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, Page

MEGABYTE = 1_000_000


def memory_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_DATA)[0]


def memory_used() -> int:
    """proc(5): private writable memory, in kB."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")]
    return int(line.split()[1]) * 1024


def memory_left() -> int:
    return memory_limit() - memory_used()


def seconds_left() -> float:
    return signal.getitimer(signal.ITIMER_PROF)[0]


def loaded() -> list[str]:
    return sorted(name for name in _DECODERS if name in sys.modules)


def busy() -> None:
    while True:
        pass


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def warn() -> str:
    warnings.warn("Pillow has found something", stacklevel=1)
    return "read"


def warn_in_a_call() -> str:
    return _call(warn, 300 * MEGABYTE)


@dataclass(frozen=True)
class CallingPage:
    """A page whose picture is what a function returns."""

    function: Callable[[], Any]
    number: int = 1
    width: int = 1
    height: int = 1
    dpi: float | None = None

    def image(self) -> Any:
        return self.function()

    text_layer = compared_text = image


def document_of(function: Callable[[], Any]) -> Document:
    return Document("0" * 64, 0, "image/png", [cast(Page, CallingPage(function))], b"")


def states_around_a_call() -> dict[str, Any]:
    states: dict[str, Any] = {
        "loaded before": loaded(),
        "numpy": "numpy" in sys.modules,
        "limit before": memory_limit(),
    }
    states["left"] = _call(memory_left, 300 * MEGABYTE)
    return {**states, "loaded": loaded(), "limit after": memory_limit()}


def states_around_a_page() -> dict[str, Any]:
    before = memory_limit()
    page = limited(document_of(lambda: (memory_left(), seconds_left())), Limits(max_seconds=9)).pages[0]
    states: dict[str, Any] = {"loaded": loaded(), "handlers": len(logging.getLogger("PIL").handlers)}
    states["limit before"] = before
    states["left"], states["seconds"] = page.image()
    return {**states, "seconds after": seconds_left(), "limit after": memory_limit()}


def draw(function: Callable[[], Any], limits: Limits) -> None:
    limited(document_of(function), limits).pages[0].image()


def allocate() -> bytearray:
    return bytearray(400 * MEGABYTE)
