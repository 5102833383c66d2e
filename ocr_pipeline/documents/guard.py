"""Protects runs from documents that hang a decoder, crash it, or make it use all memory.

A header does not reveal what a file makes a decoder do. Files are therefore first decoded in a child process: in the worst
case the child is lost, not the run.
"""

import importlib
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, Page
from ocr_pipeline.documents.text_layer import TextLayer
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.schemas import Word

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_DECODERS = ("cv2", "numpy", "PIL.Image", "pillow_heif", "pypdfium2")


class Guard(Generic[Arguments, Result]):
    """Calls `function(*arguments)` in a child process subject to `limits`. A child serves many calls.

    The function, its arguments and results are pickled. Memory is limited on Linux only. Use it in a `with` block.
    """

    def __init__(self, function: Callable[Arguments, Result], limits: Limits) -> None:
        self._function = function
        self._limits = limits
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> "Guard[Arguments, Result]":
        return self

    def __call__(self, *arguments: Arguments.args, **_: Arguments.kwargs) -> Result:
        """Returns the function's result.

        Raises:
            DocumentError: the call exceeded the memory or CPU time limit, or terminated the process.
        """
        if self._connection is None:
            self._start()
        assert self._connection is not None
        try:
            self._connection.send(arguments)
            result: Result = self._connection.recv()
        except (EOFError, OSError):
            raise self._error() from None
        return result

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, child_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(child_end, self._function, self._limits), daemon=True)
        with _main_hidden(self._function):
            self._process.start()
        child_end.close()  # so that the connection closes with the child

    def _error(self) -> DocumentError:
        assert self._process is not None
        self._process.join()
        exit_code = self._process.exitcode
        self.close()
        if exit_code == -signal.SIGPROF:
            message = f"Opening the document exceeds {self._limits.max_seconds:g} s of CPU time (limits.max_seconds)."
            return DocumentError("too_large", message)
        message = "Opening the document crashed the process: it breaks a library or uses too much memory."
        return DocumentError("unreadable", message)

    def close(self) -> None:
        """Kill the child. The next call starts a new one."""
        if self._process is not None and self._connection is not None:
            self._connection.close()
            self._process.kill()  # it may hang, and has nothing to clean up
            self._process.join()
        self._process = self._connection = None

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _main_hidden(function: Callable[..., Any]) -> Iterator[None]:
    """Keep a new process from importing the main script again, which takes time, and would run a script that has no
    `if __name__ == "__main__"`. The process needs it only if `function` is defined there."""
    main = sys.modules["__main__"]
    if function.__module__ == "__main__":
        yield
        return
    hidden = {name: getattr(main, name) for name in ("__file__", "__spec__") if hasattr(main, name)}
    for name in hidden:
        setattr(main, name, None)
    try:
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)


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


def _serve(connection: Connection, function: Callable[..., Any], limits: Limits) -> None:
    """In the child: answer calls until the parent exits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    warnings.simplefilter("ignore")  # Pillow warns about files; the result reports it
    _load_decoders()
    _limit_memory(limits.max_memory_bytes)
    with suppress(EOFError):
        while True:
            arguments = connection.recv()
            # The signal's default action terminates the process, even inside a library.
            signal.setitimer(signal.ITIMER_PROF, limits.max_seconds)
            result = function(*arguments)
            signal.setitimer(signal.ITIMER_PROF, 0)
            connection.send(result)


def _load_decoders() -> None:
    """Import decoders before limiting memory: what they reserve at import depends on the number of cores."""
    for name in _DECODERS:
        importlib.import_module(name)


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

    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
