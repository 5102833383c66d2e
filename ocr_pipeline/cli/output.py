"""What commands share: where they print to and read from, and the options that many of them have."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from ocr_pipeline.cli.text import plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project

if TYPE_CHECKING:
    from ocr_pipeline.warehouse.connection import Warehouse

Row = dict[str, Any]

READ_TIMEOUT = 10.0
"""Seconds that a command which only shows something waits for a locked database."""

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DatasetOption = Annotated[str | None, typer.Option("--dataset", "-s", help="Only this data set, like demo or sroie.")]
FieldOption = Annotated[
    str | None, typer.Option("--field", "-f", help="Only this field, like total_amount; all_fields: all together.")
]
BackendOption = Annotated[str | None, typer.Option("--backend", "-b", help="Only this backend.")]


def alone(project: Project) -> AbstractContextManager[None]:
    """No other run works meanwhile; says so where it has to wait for one."""
    from ocr_pipeline.defs.instance import only_run

    return only_run(project, lambda: console.print("Another run is at work in this project; waiting for it."))


def opened(project: Project) -> "Warehouse":
    """The database, for a command that only shows something."""
    from ocr_pipeline.warehouse.connection import Warehouse

    return Warehouse(project.database, lock_timeout=READ_TIMEOUT)


def check_known(what: str, name: str | None, known: Iterable[str]) -> None:
    """Raises ConfigurationError where a name was given that is not one of these."""
    names = list(known)
    if name is not None and name not in names:
        raise ConfigurationError(f"There is no {what} {name!r}; known are {', '.join(names)}.")


def titled_table(title: str) -> Table:
    """An empty table in the style of all of them."""
    return Table(
        title=plain(title),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=0,
    )


def print_json(value: Any) -> None:
    """For scripts: dates in ISO 8601."""

    def text(item: Any) -> Any:
        return item.isoformat() if isinstance(item, datetime) else str(item)

    print(json.dumps(value, indent=2, default=text))


def points(value: float | None, *, sign: bool = False) -> str:
    """A rate or a difference of rates in percent (points): `87.2`, `+3.1`."""
    if value is None:
        return "–"
    shown = round(100 * value, 1) + 0.0  # no minus before 0.0
    return f"{shown:+.1f}" if sign else f"{shown:.1f}"


def interval(low: float | None, high: float | None, *, sign: bool = False) -> str:
    """` [82–92]` after a rate, ` [+0.4, +5.8]` after a difference; nothing where it is not known."""
    if low is None or high is None:
        return ""
    return f" \\[{100 * low:+.1f}, {100 * high:+.1f}]" if sign else f" \\[{100 * low:.0f}–{100 * high:.0f}]"


def p_value(p: float) -> str:
    """`0.032`, `<0.001`."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"
