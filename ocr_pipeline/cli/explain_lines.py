"""How `ocr-pipeline explain` prints a step, a time and a fingerprint."""

from datetime import datetime

from rich.table import Table

from ocr_pipeline.cli.output import console

CELL = 80
"""Characters of a value in a table."""


def print_step(name: str, text: str) -> None:
    """A name and what belongs to it; an empty name continues the step before."""
    line = Table.grid(padding=(0, 1))
    line.add_column(width=14)
    line.add_column(overflow="fold")
    line.add_row(f"  [dim]{name}[/]", text)
    console.print(line)


def moment(time: datetime) -> str:
    """`2026-11-28 09:30 UTC`."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def short(key: str | None) -> str:
    """The start of a hash or run id."""
    return "–" if key is None else str(key)[:12]
