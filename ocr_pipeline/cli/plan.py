"""Printing of a plan: `ocr-pipeline run --dry-run`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from ocr_pipeline.cli.output import console, counted, print_json, titled_table

if TYPE_CHECKING:
    from ocr_pipeline.planning.costs import Estimate
    from ocr_pipeline.planning.plan import Plan


@dataclass(frozen=True)
class _Cell:
    """`name` is the engine or backend, None for a document or label."""

    name: str | None
    document_id: str


@dataclass(frozen=True)
class _Step:
    """Cells of one asset, why they are due, and what they may cost (None: unknown)."""

    asset: str
    cells: Sequence[_Cell]
    reasons: Mapping[str, int]
    usd: float | None


def print_plan(plan: "Plan", *, as_json: bool) -> None:
    """Print the steps with their cells, the reasons and the estimated cost of model calls."""
    steps = [
        _Step(
            step.asset, [_Cell(name or None, document) for name, document in step.cells], dict(step.reasons), step.usd
        )
        for step in plan.steps
    ]
    if as_json:
        print_json({"steps": [asdict(step) for step in steps], "usd": plan.usd})
    elif steps:
        console.print(_table(steps))
        print_estimates(estimate for step in plan.steps for estimate in step.estimates)
        console.print(f"Estimated cost of model calls: {usd(plan.usd)} USD. Dry run: nothing was done.", soft_wrap=True)
    else:
        console.print("Everything is current. Dry run: nothing was done.")


def print_estimates(estimates: "Iterable[Estimate]") -> None:
    """Print what calling models may cost, by backend."""
    for estimate in estimates:
        cost = "unknown cost" if estimate.usd is None else f"about {estimate.usd:.4f} USD"
        documents = counted(estimate.documents, "document")
        calls = f" ({counted(estimate.calls, 'call')})" if estimate.calls > estimate.documents else ""
        console.print(f"{estimate.backend}: calls a model for {documents}{calls}, {cost}.", soft_wrap=True)


def usd(cost: float | None) -> str:
    """`0.0123`, `0`, and `?` if unknown."""
    return "?" if cost is None else f"{cost:.4f}" if cost else "0"


def _table(steps: Sequence[_Step]) -> Table:
    table = titled_table("What a run would do")
    table.add_column("step", no_wrap=True)
    for name in ("cells", "USD"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for step in steps:
        reasons = step.reasons.items()
        why = "; ".join(f"{reason} ({count})" if step.cells else reason for reason, count in reasons)
        table.add_row(step.asset, str(len(step.cells) or ""), "" if step.usd == 0 else usd(step.usd), why)
    return table
