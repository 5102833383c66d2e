"""What commands print with: consoles, tables, JSON, numbers and text from outside; and the database they read."""

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline.untrusted import MAX_CHARACTERS, visible

if TYPE_CHECKING:
    from ocr_pipeline.warehouse.connection import Reader, Warehouse

READ_TIMEOUT = 10.0
"""Seconds that a read-only command waits for a locked database."""

console = Console(highlight=False, emoji=False)
errors = Console(stderr=True, highlight=False, emoji=False)


def alone(
    project: Project, backends: Collection[str] | None = None, documents: Collection[str] | None = None
) -> AbstractContextManager[None]:
    """As `only_run`; says on stderr whom it waits for."""
    from ocr_pipeline.operation.waiting import only_run

    return only_run(project, lambda sentence: errors.print(plain(sentence), soft_wrap=True), backends, documents)


def opened(project: Project) -> "Warehouse":
    """The database, for a read-only command."""
    from ocr_pipeline.warehouse.opened import open_warehouse

    return open_warehouse(project, lock_timeout=READ_TIMEOUT)


def check_known(what: str, name: str | None, known: Iterable[str]) -> None:
    """Raises ConfigurationError if a name is given that is not among the known ones."""
    names = list(known)
    if name is not None and name not in names:
        raise ConfigurationError(f"Unknown {what} {name!r}; choose from {', '.join(names)}.")


def no_scores(reader: "Reader", **filters: str | None) -> ConfigurationError:
    """Nothing matches these filters, as nothing was read yet, or as nothing is labelled."""
    return unlabelled(reader, filters.get("dataset")) or ConfigurationError(
        f"No scores{selected(**filters)} yet; run `ocr-pipeline run` first."
    )


def unlabelled(reader: "Reader", dataset: str | None = None) -> ConfigurationError | None:
    """Documents were read but none is labelled, in this data set or in any; None: that is not so."""
    from ocr_pipeline.warehouse import tables

    labelled = tables.labels.labelled_documents(reader)
    read = tables.work.documents_read(reader)
    names = [dataset] if dataset is not None else list(read)
    count = sum(read.get(name, 0) for name in names)
    if not count or any(labelled.get(name) for name in names):
        return None
    return ConfigurationError(
        f"No labels{selected(dataset=dataset)}; {counted(count, 'document')} {'was' if count == 1 else 'were'} read, but"
        " nothing can be scored. See the values with `ocr-pipeline documents --values`; label with `ocr-pipeline label`."
    )


def selected(**filters: str | None) -> str:
    """` for backend 'x', field 'y'`; empty without filters."""
    named = {name.replace("dataset", "data set"): value for name, value in filters.items() if value is not None}
    parts = [f"{name} {value!r}" for name, value in named.items()]
    return f" for {', '.join(parts)}" if parts else ""


def plain(text: str, *, longest: int = MAX_CHARACTERS) -> str:
    """Text from outside (file names, labels, values, messages of libraries) made harmless for a Rich console: no markup, no
    control characters, one direction of writing, bounded length."""
    return escape(visible(text, longest=longest))


def titled_table(title: str) -> Table:
    """An empty table in the style shared by all commands."""
    return Table(
        title=plain(title),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=0,
    )


def print_json(value: Any) -> None:
    """Print JSON for scripts, dates in ISO 8601."""

    def text(item: Any) -> Any:
        if is_dataclass(item):
            return vars(item)
        return item.isoformat() if isinstance(item, datetime) else str(item)

    print(json.dumps(value, indent=2, default=text))


def print_notice(notice: str | None, *, as_json: bool) -> None:
    """Print what is stale and therefore not shown; on standard error beside JSON."""
    if notice:
        (errors if as_json else console).print(f"[yellow]{plain(notice)}[/]")


def not_run(reasons: Mapping[str, str]) -> str:
    """Backends that are not run, as one line: `Not run: GEMINI_API_KEY is not set (5 backends); …`. By backend, its reason."""
    by_reason: dict[str, list[str]] = {}
    for backend, reason in reasons.items():
        by_reason.setdefault(reason.rstrip("."), []).append(backend)
    named = {
        reason: ", ".join(names) if len(names) < 4 else counted(len(names), "backend")
        for reason, names in by_reason.items()
    }
    return f"Not run: {'; '.join(f'{reason} ({names})' for reason, names in named.items())}."


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 document`, `1,200 documents`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def points(value: float | None, *, sign: bool = False) -> str:
    """A rate or a difference of rates in percent (points): `87.2`, `+3.1`."""
    if value is None:
        return "–"
    rounded = round(100 * value, 1) + 0.0  # no minus before 0.0
    return f"{rounded:+.1f}" if sign else f"{rounded:.1f}"


def interval(low: float | None, high: float | None, *, sign: bool = False) -> str:
    """` [82–92]` after a rate, ` [+0.4, +5.8]` after a difference; empty if unknown."""
    if low is None or high is None:
        return ""
    return f" \\[{100 * low:+.1f}, {100 * high:+.1f}]" if sign else f" \\[{100 * low:.0f}–{100 * high:.0f}]"


def p_value(p: float) -> str:
    """`0.032`, `<0.001`."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"
