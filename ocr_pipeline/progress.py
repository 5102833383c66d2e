"""Progress reporting of stages. The command line draws bars, daemon runs write log lines."""

from typing import Protocol


class Progress(Protocol):
    """Receives the progress of a stage."""

    def start(self, stage: str, total: int, unit: str = "documents") -> None:
        """Start a stage with this many units of work. A second call adds to the total."""
        ...

    def advance(self, stage: str, *, cached: bool, failed: bool, by: int = 1) -> None:
        """Report a finished document: computed or cached, successful or failed. `by`: its number of units."""
        ...


class NoProgress:
    """A `Progress` that shows nothing."""

    def start(self, stage: str, total: int, unit: str = "documents") -> None:
        pass

    def advance(self, stage: str, *, cached: bool, failed: bool, by: int = 1) -> None:
        pass
