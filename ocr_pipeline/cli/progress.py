"""Progress in the terminal: one bar per stage, with counts of what came from the result store and what failed."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class TerminalProgress:
    """Live bars in a terminal; elsewhere (a log, a pipe) the finished bars once, at the end."""

    def __init__(self, console: Console) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._counts: dict[str, tuple[int, int]] = {}

    def __enter__(self) -> "TerminalProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def start(self, stage: str, total: int) -> None:
        if stage in self._tasks:  # a second range of the same stage
            task = self._bars.tasks[self._tasks[stage]]
            self._bars.update(task.id, total=(task.total or 0) + total)
        else:
            self._tasks[stage] = self._bars.add_task(stage, total=total, note="")
            self._counts[stage] = (0, 0)

    def advance(self, stage: str, *, cached: bool, failed: bool) -> None:
        from_store, failures = self._counts[stage]
        from_store, failures = from_store + cached, failures + failed
        self._counts[stage] = (from_store, failures)
        notes = [f"{from_store} from store"] * bool(from_store) + [f"{failures} failed"] * bool(failures)
        self._bars.update(self._tasks[stage], advance=1, note=", ".join(notes))
