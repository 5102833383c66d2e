"""Markdown of the studies: tables, shares and intervals."""

from collections.abc import Iterable, Sequence
from typing import Any

from ocr_pipeline.evaluation.statistics.intervals import wilson


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """The lines of a table; empty cells for None."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |" for row in rows]
    return [*lines, ""]


def percent(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """`87.2`, `87.2 [84–90]`, or `–`."""
    if value is None:
        return "–"
    return f"{100 * value:.1f}" + (
        f" [{100 * low:.0f}–{100 * high:.0f}]" if low is not None and high is not None else ""
    )


def share(right: int, n: int) -> str:
    """`136 of 145 (93.8 % [89–97])`, with a Wilson interval."""
    bounds = wilson(right, n)
    return f"{right} of {n} ({percent(right / n, *bounds)} %)" if bounds else "0 of 0"


def p_value(p: float) -> str:
    """`0.011`, `<0.001`."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"
