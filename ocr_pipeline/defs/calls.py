"""What model calls took, for Dagster: as metadata of a cell, and as totals in the tags of the run."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import dagster as dg

from ocr_pipeline.extraction.stage import ExtractionOutcome

CALLS, COST, TOKENS = (f"ocr_pipeline/{name}" for name in ("model_calls", "model_cost_usd", "model_tokens"))


def call_metadata(outcome: ExtractionOutcome) -> dict[str, Any]:
    """Usage, cost, latency and attempts of a cell, or what was reported of it; nothing where no model was asked."""
    calls = outcome.calls
    if outcome.extraction and (reported := outcome.extraction.reported):
        return {
            "reported": True,
            "model": reported.model,
            "model_version": reported.model_version,
            "cost_usd": outcome.cost_usd,
        }
    if not calls:
        return {}
    usages = [call.usage for call in calls if call.usage]
    return {
        "model": calls[-1].model_version or calls[-1].model,
        "model_calls": len(calls),
        "model_attempts": sum(call.attempts for call in calls),
        "model_seconds": sum(call.seconds for call in calls),
        "model_finish": calls[-1].finish,
        "input_tokens": sum(usage.input for usage in usages) if usages else None,
        "output_tokens": sum(usage.output + usage.thoughts for usage in usages) if usages else None,
        "cost_usd": outcome.cost_usd,
    }


def add_totals(totals: Counter[str], outcomes: Iterable[ExtractionOutcome]) -> None:
    """Count the calls that this run paid for."""
    for call in (call for outcome in outcomes for call in outcome.calls if not call.from_store):
        totals["calls"] += 1
        totals["micro_usd"] += round((call.cost_usd or 0) * 1e6)
        totals["without_price"] += call.cost_usd is None
        totals["tokens"] += call.usage.input + call.usage.output + call.usage.thoughts if call.usage else 0


def tag_totals(context: dg.AssetExecutionContext, totals: Counter[str]) -> None:
    """Write the totals so far to the run: they are there also if it fails later."""
    if totals["calls"]:
        cost = f"{totals['micro_usd'] / 1e6:.6f}"
        if totals["without_price"]:
            cost += f" and {totals['without_price']} calls without a known price"
        tags = {CALLS: str(totals["calls"]), TOKENS: str(totals["tokens"]), COST: cost}
        context.instance.add_run_tags(context.run.run_id, tags)
