"""Progress in the terminal: a bar per stage with rate, time left, and counts of cached and failed items."""

import threading
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ocr_pipeline.operation.waiting import EVERY_SECONDS


class _RateColumn(TextColumn):
    """`2.1/s · 0:35 left` while a stage runs, `2.1/s` when it is done."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        left = task.time_remaining
        remaining = f" · {int(left) // 60}:{int(left) % 60:02} left" if left else ""
        return Text(f"{speed:,.1f}/s{remaining}", style="progress.data.speed")


class TerminalProgress:
    """Live bars in a terminal; in a log or pipe a line now and then, and the finished bars once at the end.

    Args:
        every: seconds between two lines.
    """

    def __init__(self, console: Console, every: float = EVERY_SECONDS) -> None:
        self._console, self._every = console, every
        self._ended, self._began = threading.Event(), time.monotonic()
        self._lines = None if console.is_terminal else threading.Thread(target=self._print_lines, daemon=True)
        self._bars = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TimeElapsedColumn(),
            _RateColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._counts: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> "TerminalProgress":
        self._bars.start()
        if self._lines:
            self._lines.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._lines:
            self._lines.join()
        self._bars.stop()

    def start(self, stage: str, total: int, unit: str = "documents") -> None:
        if stage in self._tasks:  # a second range of the same stage
            task = self._bars.tasks[self._tasks[stage]]
            self._bars.update(task.id, total=(task.total or 0) + total)
        else:
            self._tasks[stage] = self._bars.add_task(stage, total=total, note="", unit=unit)
            self._counts[stage] = (0, 0)

    def advance(self, stage: str, *, cached: bool, failed: bool, by: int = 1) -> None:
        from_store, failures = self._counts[stage]
        from_store, failures = from_store + cached, failures + failed
        self._counts[stage] = (from_store, failures)
        notes = [f"{from_store} cached"] * bool(from_store) + [f"{failures} failed"] * bool(failures)
        self._bars.update(self._tasks[stage], advance=by, note=", ".join(notes))

    def _print_lines(self) -> None:
        while not self._ended.wait(self._every):
            self._console.print(self._line(), soft_wrap=True)

    def _line(self) -> str:
        """The stage at work, or that something else is: training, evaluation."""
        task = next((task for task in reversed(self._bars.tasks) if not task.finished), None)
        elapsed = int((task.elapsed if task else None) or time.monotonic() - self._began)
        since = f"{elapsed // 60}:{elapsed % 60:02}"
        if task is None:
            return f"still at work, {since}"
        note = f", {task.fields['note']}" if task.fields["note"] else ""
        return f"{task.description}: {task.completed:.0f} of {task.total:.0f} {task.fields['unit']}{note}, {since}"
