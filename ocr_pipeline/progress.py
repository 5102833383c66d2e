"""How a stage tells how far it is. The command line draws bars, a run of the Dagster daemon writes log lines."""

from typing import Protocol


class Progress(Protocol):
    """Receives the progress of a stage."""

    def start(self, stage: str, total: int, unit: str = "documents") -> None:
        """A stage begins, with so many documents, or pages, to do. Called again, it has so many more."""
        ...

    def advance(self, stage: str, *, cached: bool, failed: bool, by: int = 1) -> None:
        """One document is done: computed now or taken from the result store, with or without a result.

        `by`: how many units it had.
        """
        ...
