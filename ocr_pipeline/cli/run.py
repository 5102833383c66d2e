"""`ocr-pipeline run`: the main job."""

import os
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.leaderboard import show_scores
from ocr_pipeline.cli.options import BackendsOption, DatasetOption, DocumentsOption, MaxCostOption, TestsetOption
from ocr_pipeline.cli.output import alone, console, counted, errors, not_run, plain
from ocr_pipeline.cli.plan import print_estimates, print_plan
from ocr_pipeline.cli.progress import TerminalProgress
from ocr_pipeline.cli.selection import choose_backends, choose_documents
from ocr_pipeline.cli.set_aside import lost_labels
from ocr_pipeline.cli.testset_scores import documents_of_testset, show_testset
from ocr_pipeline.cli.values_read import show_unlabelled
from ocr_pipeline.defs import pipeline
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.planning.plan import Mode
from ocr_pipeline.planning.run_cells import cells_of_run
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.warehouse.opened import shown_name

SCORED = "[b]ocr-pipeline errors[/] lists the errors, [b]leaderboard --fields[/] shows every field"
UNLABELLED = "[b]ocr-pipeline label[/] labels documents in the browser, [b]export --wide[/] writes what was read"


def run(
    documents: DocumentsOption = None,
    backends: BackendsOption = None,
    dataset: DatasetOption = None,
    testset: TestsetOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also rerun current cells. Stored results and model replies are reused.")
    ] = False,
    stale: Annotated[
        bool, typer.Option("--stale", help="Refresh stale results only; do not compute missing ones.")
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Ignore cached model replies and call the models again (costs money)."),
    ] = False,
    rehash: Annotated[
        bool,
        typer.Option("--rehash", help="Read all files to find changes, even if size, times and inode are the same."),
    ] = False,
    max_cost: MaxCostOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print steps, cells, reasons and estimated cost; do nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print JSON.")] = False,
) -> None:
    """Ingest, recognise, extract and score documents.

    Computes what is missing or stale and skips what is current. An interrupted run continues where it stopped. Runs appear
    in the Dagster UI.
    """
    if as_json and not dry_run:
        raise typer.BadParameter("--json needs --dry-run.")
    project = find_project()
    configured = load_backends(project)
    sources = choose_documents(project, documents, dataset)
    if testset is not None:
        sources = documents_of_testset(project, testset, sources)
    chosen, skipped = choose_backends(configured, backends, sources)
    if skipped:
        errors.print(plain(not_run(skipped)), soft_wrap=True)
    mode: Mode = "all" if everything else "stale" if stale else "due"
    if dry_run:
        print_plan(pipeline.plan_run(project, sources, chosen, mode=mode, fresh=fresh, rehash=rehash), as_json=as_json)
        return
    summary = _run(project, sources, chosen, mode, datetime.now(UTC) if fresh else None, max_cost, rehash)
    _print_summary(project, summary, f"{counted(len(sources), 'document')}, {counted(len(chosen), 'backend')}")
    datasets = sorted({source.dataset for source in sources})
    scored = show_scores(project, datasets[0] if len(datasets) == 1 else dataset, reasons=not skipped)
    show_unlabelled(project, datasets)
    if testset is not None:
        show_testset(project, testset)
    _print_next_steps(project, summary, scored=scored)


def _run(
    project: Project,
    sources: Sequence[SourceFile],
    backends: Sequence[str],
    mode: Mode,
    fresh_since: datetime | None,
    max_cost: float | None,
    rehash: bool,
) -> pipeline.RunSummary:
    """Run the pipeline with progress bars. Ctrl-C ends in one sentence and exit code 130."""
    try:
        claim = cells_of_run(project, sources, backends)
        with alone(project, *claim), TerminalProgress(console) as progress:
            return pipeline.run_pipeline(
                project,
                sources,
                backends,
                progress,
                mode=mode,
                fresh_since=fresh_since,
                max_cost_usd=max_cost,
                announce=print_estimates,
                rehash=rehash,
            )
    except KeyboardInterrupt:
        errors.print("Interrupted. Finished results are kept; run the same command to continue.")
        _leave_threads(130)
        raise typer.Exit(130) from None


def _print_summary(project: Project, summary: pipeline.RunSummary, selected: str) -> None:
    for document_id in summary.gone:
        errors.print(f"{document_id}: file deleted; results kept, excluded from scores", soft_wrap=True)
    for sentence in lost_labels(project) if summary.gone else ():
        errors.print(plain(sentence), soft_wrap=True)
    if summary.notice:
        errors.print(f"[yellow]{summary.notice}[/]", soft_wrap=True)
    done = ", ".join(f"{count} {asset}" for asset, count in summary.cells.items())
    console.print(f"{selected}. Materialised: {done or 'nothing, everything is current'}.", soft_wrap=True)


_KINDS = {"duckdb": " (DuckDB)", "postgres": "", "motherduck": ""}


def _print_next_steps(project: Project, summary: pipeline.RunSummary, *, scored: bool) -> None:
    for check, (severity, sentence) in summary.failed_checks.items():
        errors.print(f"{severity.lower()}: {check}: {plain(sentence)}", soft_wrap=True)
    console.print(
        f"\nReport: {project.relative(project.report)}/index.html (open it in a browser)"
        f"\nDatabase: {shown_name(project)}{_KINDS[load_deployment(project).warehouse.kind]}"
        f"\nNext: {SCORED if scored else UNLABELLED},"
        "\n[b]ocr-pipeline dev[/] starts the Dagster UI."
    )


def _leave_threads(code: int) -> None:
    """Exit at once if threads still wait for a model after a second Ctrl-C: Python would wait for them. Their locks end with
    the process, and stored files are always complete."""
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
