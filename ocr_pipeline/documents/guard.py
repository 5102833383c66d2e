"""Protects runs from documents that hang a decoder, crash it, or make it use all memory.

A header does not reveal what a file makes a decoder do. Files are therefore first decoded in a child process: in the worst
case the child is lost, not the run.
"""

import importlib
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from ocr_pipeline.documents.limits import Limits, page_too_slow
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import Document, Page, open_unchanged
from ocr_pipeline.documents.text_layer import TextLayer
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.processes.budget import OverBudget, WorkerDied
from ocr_pipeline.processes.shared import call_isolated
from ocr_pipeline.processes.worker import Isolated
from ocr_pipeline.schemas import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_DECODERS = ("cv2", "numpy", "PIL.Image", "pillow_heif", "pypdfium2")
_SILENT = logging.NullHandler()


class Guard(Generic[Arguments, Result]):
    """Calls `function(*arguments)` in a worker process subject to `limits`.

    The function, its arguments and results are pickled. Memory is limited on Linux only.
    """

    def __init__(self, function: Callable[Arguments, Result], limits: Limits) -> None:
        self._function = Isolated(partial(_call, function, limits.max_memory_bytes))
        self._limits = limits

    def __call__(self, *arguments: Arguments.args, **_: Arguments.kwargs) -> Result:
        """Returns the function's result.

        Raises:
            DocumentError: the call exceeded the memory or CPU time limit, or terminated the process.
        """
        try:
            result: Result = call_isolated(
                self._function, self._limits.times(self._limits.max_seconds).budget, *arguments
            )
        except OverBudget as error:
            raise DocumentError("too_large", f"Opening the document exceeds {error} (limits.max_seconds).") from None
        except WorkerDied:
            message = "Opening the document crashed the process: it breaks a library or uses too much memory."
            raise DocumentError("unreadable", message) from None
        return result


def _call(function: Callable[..., Result], memory: int, *arguments: object) -> Result:
    """In the worker."""
    _load_decoders()
    previous = _limit_memory(memory)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns about files; the result reports it
            return function(*arguments)
    finally:
        _set_memory_limit(previous)


@dataclass(frozen=True)
class LimitedPage:
    """A page for use in a worker process: exceeding `limits` while decoding terminates the process.

    Needed because ingestion decodes only the first page; engines and extractors are the first to decode the others.
    """

    page: Page
    limits: Limits
    number: int
    width: int
    height: int
    dpi: float | None

    def image(self) -> "npt.NDArray[np.uint8]":
        with _limited(self.limits):
            return self.page.image()

    def text_layer(self) -> list[Word] | None:
        with _limited(self.limits):
            return self.page.text_layer()

    def compared_text(self) -> TextLayer | None:
        with _limited(self.limits):
            return self.page.compared_text()


@dataclass(frozen=True)
class RemotePage:
    """A page that is decoded in a worker process, for use in a process that a file must not harm. It is pickled, so it has
    its file and not its pixels."""

    path: Path
    sha256: str
    part: PageRange | None
    limits: Limits
    number: int
    width: int
    height: int
    dpi: float | None

    def image(self) -> "npt.NDArray[np.uint8]":
        image: npt.NDArray[np.uint8] = self._ask("image")
        return image

    def text_layer(self) -> list[Word] | None:
        words: list[Word] | None = self._ask("text_layer")
        return words

    def compared_text(self) -> TextLayer | None:
        layer: TextLayer | None = self._ask("compared_text")
        return layer

    def _ask(self, what: str) -> Any:
        budget = self.limits.times(self.limits.max_seconds).budget
        try:
            return call_isolated(_on_page(), budget, self.path, self.sha256, self.limits, self.part, self.number, what)
        except OverBudget:
            raise page_too_slow(self.limits) from None
        except WorkerDied:
            message = "Decoding a page crashed the process: it breaks a library or uses too much memory."
            raise DocumentError("unreadable", message) from None


def remote(document: Document, limits: Limits) -> Document:
    """The document with pages that are decoded in a worker process."""
    assert document.path is not None
    pages = [
        RemotePage(
            document.path, document.sha256, document.page_range, limits, page.number, page.width, page.height, page.dpi
        )
        for page in document.pages
    ]
    return replace(document, pages=pages)


@cache
def _on_page() -> Isolated[..., Any]:
    return Isolated(_page_result)


def _page_result(path: Path, sha256: str, limits: Limits, part: PageRange | None, number: int, what: str) -> Any:
    """In the worker: what a method of a page returns."""
    page = _opened(path, sha256, limits, part).pages[number - 1]
    return _call(getattr(page, what), limits.max_memory_bytes)


@lru_cache(maxsize=1)
def _opened_once(path: Path, sha256: str, limits: str, part: PageRange | None) -> Document:
    return open_unchanged(path, sha256, Limits.model_validate_json(limits), part)


def _opened(path: Path, sha256: str, limits: Limits, part: PageRange | None) -> Document:
    """The document; kept for its next page."""
    return _opened_once(path, sha256, limits.model_dump_json(), part)


def limited(document: Document, limits: Limits) -> Document:
    """The document with `limits` enforced for each page."""
    _load_decoders()
    pages = [LimitedPage(page, limits, page.number, page.width, page.height, page.dpi) for page in document.pages]
    return replace(document, pages=pages)


@contextmanager
def _limited(limits: Limits) -> Iterator[None]:
    previous = _limit_memory(limits.max_memory_bytes)
    # The signal's default action terminates the process, even inside a library.
    signal.setitimer(signal.ITIMER_PROF, limits.max_seconds)
    try:
        yield
    except MemoryError:
        raise DocumentError("too_large", "A page uses too much memory (limits.max_memory_bytes).") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _set_memory_limit(previous)


def _load_decoders() -> None:
    """Import decoders before limiting memory: what they reserve at import depends on the number of cores.

    Pillow logs problems of files without their names, onto standard error where nobody has set up logging; the result says it.
    """
    for name in _DECODERS:
        importlib.import_module(name)
    logging.getLogger("PIL").addHandler(_SILENT)


def _limit_memory(additional: int) -> int:
    """Let this process allocate this many additional bytes; returns the previous limit.

    Allocations above the limit fail in the library that makes them.
    """
    if sys.platform != "linux":
        return 0
    import resource

    data_pages = int(Path("/proc/self/statm").read_text().split()[5])  # proc(5): data and stack
    previous, _ = resource.getrlimit(resource.RLIMIT_DATA)
    _set_memory_limit(data_pages * os.sysconf("SC_PAGE_SIZE") + additional)
    return previous


def _set_memory_limit(limit: int) -> None:
    if sys.platform != "linux":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_DATA)  # `ulimit -d`: nothing above it can be set
    resource.setrlimit(resource.RLIMIT_DATA, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
