"""`ocr-pipeline status`: what a run would do, and why."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.table import Table

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.cli.output import Row, opened, titled_table
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.planning.plan import Scope, make_plan
from ocr_pipeline.project import Project
from ocr_pipeline.store import ResultStore


def status_rows(
    project: Project, configured: Backends, sources: Sequence[SourceFile], names: Sequence[str]
) -> list[Row]:
    """One row per backend: counts by state, the reasons with their counts, and the estimated cost."""
    opened(project)
    plan = make_plan(Scope(project=project, backends=configured, names=names, sources=sources))
    costs = {expected.backend: expected for step in plan.steps for expected in step.estimates}
    rows = []
    for name in names:
        states = [state for state in plan.states if state.name == name]
        counts = Counter(state.state for state in states)
        expected = costs.get(name)
        rows.append(
            {
                "backend": name,
                **{state: counts[state] for state in ("current", "missing", "stale", "failed")},
                "why": dict(Counter(f"{state.state}: {state.why}" for state in states if state.why)),
                "cells": [{"document_id": s.document_id, "state": s.state, "why": s.why} for s in states if s.why],
                "cost_usd": expected.usd if expected else 0.0,
            }
        )
    return rows


def status_table(rows: Sequence[Row]) -> Table:
    """One row per backend."""
    table = titled_table("What a run would do")
    table.add_column("backend", overflow="fold")
    for name in ("current", "missing", "stale", "failed", "USD"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for row in rows:
        why = "; ".join(f"{reason} ({count})" for reason, count in row["why"].items())
        usd = "?" if row["cost_usd"] is None else f"{row['cost_usd']:.4f}" if row["cost_usd"] else "0"
        counts = [str(row[name]) for name in ("current", "missing", "stale", "failed")]
        table.add_row(row["backend"], *counts, usd, why)
    return table


def operation_notes(project: Project, configured: Backends) -> list[str]:
    """What else there is to know: a run at work, what this month cost, a pause."""
    from ocr_pipeline.defs.instance import running
    from ocr_pipeline.operation.inboxes import problems_of
    from ocr_pipeline.operation.pause import paused
    from ocr_pipeline.operation.settings import load_operation
    from ocr_pipeline.operation.spending import spent_in_month

    operation = load_operation(project.operation_file, set(configured))
    notes = [f"Running: {sentence}." for sentence in running(project)]
    spent = spent_in_month(ResultStore(project.results), configured, datetime.now(UTC))
    limits = {name: one.max_cost_usd_per_month for name, one in operation.reevaluations.items()}
    if spent:
        of = ", ".join(f"{name} stops at {limit:g}" for name, limit in limits.items())
        notes.append(f"Spent on models this month: {spent:.4f} USD (re-evaluation {of}).")
    if pause := paused(project):
        notes.append(f"The re-evaluation is paused: {pause}")
    notes += [f"Inbox {name}: {problem}" for name, problem in problems_of(operation.arrivals.inboxes, project).items()]
    return notes
