"""`ocr-pipeline status`: what a run would do, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from rich.table import Table

from ocr_pipeline.backends.backend import Backends, load_backends
from ocr_pipeline.cli.options import BackendsOption, DatasetOption, DocumentsOption, JsonOption
from ocr_pipeline.cli.output import console, counted, not_run, opened, plain, print_json, print_notice, titled_table
from ocr_pipeline.cli.plan import usd
from ocr_pipeline.cli.selection import choose_backends, choose_documents
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.extraction.later import plus
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.planning.plan import Scope, make_plan
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.storage import open_store
from ocr_pipeline.warehouse import tables

MAX_WARNINGS = 10
"""Warnings that are printed; all of them are in `--json`."""


@dataclass(frozen=True)
class CellStatus:
    """A cell that is not current, or whose state needs a reason."""

    document_id: str
    state: str
    why: str | None


@dataclass(frozen=True)
class BackendStatus:
    """Cells of one backend by state, reasons with their counts, and the estimated cost (None: unknown)."""

    backend: str
    current: int
    missing: int
    stale: int
    failed: int
    why: Mapping[str, int]
    cells: Sequence[CellStatus]
    cost_usd: float | None
    warnings: Mapping[str, Sequence[str]]
    """By document, what has to be known about its values."""


def status(
    documents: DocumentsOption = None,
    backends: BackendsOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run would do, why, and what it may cost.

    Per backend: current, missing, stale and failed cells, with reasons. See also `ocr-pipeline run --dry-run`.
    """
    project = find_project()
    configured = load_backends(project)
    sources = choose_documents(project, documents, dataset)
    chosen, skipped = choose_backends(configured, backends, sources)
    rows = backend_status(project, configured, sources, chosen)
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    console.print(_table(rows))
    with opened(project).snapshot() as snapshot:
        print_notice(tables.current.states(snapshot, scoring_of(project)).notice(dataset), as_json=False)
    for sentence in (*_warnings(rows), *_operation_notes(project, configured)):
        console.print(plain(sentence), soft_wrap=True)
    if skipped:
        console.print(plain(not_run(skipped)), style="dim", soft_wrap=True)


def backend_status(
    project: Project, configured: Backends, sources: Sequence[SourceFile], names: Sequence[str]
) -> list[BackendStatus]:
    """One row per backend."""
    plan = make_plan(Scope(project=project, backends=configured, names=names, sources=sources))
    with opened(project).snapshot() as snapshot:
        said = tables.warned.warnings(snapshot, names)
    chosen = [source.document_id for source in sources if source.document_id in said]
    costs: dict[str, float | None] = {}
    for expected in (
        expected for step in plan.steps for expected in step.estimates
    ):  # one for each member of a cascade
        costs[expected.backend] = plus(costs.get(expected.backend, 0.0), expected.usd)
    rows = []
    for name in names:
        states = [state for state in plan.states if state.name == name]
        counts = Counter(state.state for state in states)
        rows.append(
            BackendStatus(
                name,
                counts["current"],
                counts["missing"],
                counts["stale"],
                counts["failed"],
                why=dict(Counter(f"{state.state}: {state.why}" for state in states if state.why)),
                cells=[
                    CellStatus(state.document_id, state.state, state.why)
                    for state in states
                    if state.why or state.state != "current"
                ],
                cost_usd=costs.get(name, 0.0),
                warnings={
                    key: [text for text, by in said[key].items() if name in by]
                    for key in chosen
                    if any(name in by for by in said[key].values())
                },
            )
        )
    return rows


def _table(rows: Sequence[BackendStatus]) -> Table:
    table = titled_table("What a run would do")
    table.add_column("backend", overflow="fold")
    for name in ("current", "missing", "stale", "failed", "USD"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for row in rows:
        why = "; ".join(f"{reason} ({count})" for reason, count in row.why.items())
        counts = [str(count) for count in (row.current, row.missing, row.stale, row.failed)]
        table.add_row(row.backend, *counts, usd(row.cost_usd), why)
    return table


def _warnings(rows: Sequence[BackendStatus]) -> list[str]:
    """A sentence per document and warning, with the backends that give it."""
    said: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for document_id, texts in row.warnings.items():
            for text in texts:
                said.setdefault((document_id, text), []).append(row.backend)
    lines = [f"{document_id}: {text} ({', '.join(backends)})." for (document_id, text), backends in said.items()]
    more = len(lines) - MAX_WARNINGS
    return [
        *lines[:MAX_WARNINGS],
        *([f"{counted(more, 'more warning')}: `ocr-pipeline status --json`."] if more > 0 else []),
    ]


def _operation_notes(project: Project, configured: Backends) -> list[str]:
    """Runs in progress, spending this month, a pause, and problems of inboxes."""
    from ocr_pipeline.defs.instance import running
    from ocr_pipeline.operation.inboxes import problems_of
    from ocr_pipeline.operation.pause import paused
    from ocr_pipeline.operation.settings import load_operation
    from ocr_pipeline.operation.spending import spent_in_month

    operation = load_operation(project.operation_file, set(configured))
    notes = [f"In progress: {sentence}." for sentence in running(project)]
    spent = spent_in_month(open_store(project), configured, datetime.now(UTC))
    limits = {name: settings.max_cost_usd_per_month for name, settings in operation.reevaluations.items()}
    if spent:
        caps = ", ".join(f"{name} stops at {limit:g} USD" for name, limit in limits.items())
        notes.append(f"Spent on models this month: {spent:.4f} USD{f' (re-evaluation: {caps})' if caps else ''}.")
    if pause := paused(project):
        notes.append(f"Re-evaluation is paused: {pause}")
    notes += [f"Inbox {name}: {problem}" for name, problem in problems_of(operation.arrivals.inboxes, project).items()]
    return notes
