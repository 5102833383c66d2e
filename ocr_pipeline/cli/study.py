"""`ocr-pipeline study`: what other systems answered, beside what runs here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_pipeline.cli.output import alone, console, errors, plain

if TYPE_CHECKING:
    from ocr_pipeline.project import Project
    from ocr_pipeline.study.scored import Results

DATA = Path("../shared/data")


def recorded(
    data: Annotated[
        Path, typer.Option(help="Folder that holds sroie-recorded, cord-recorded and sroie-train-words.")
    ] = DATA,
    folder: Annotated[
        Path, typer.Option(help="Project folder of the study; a study that was stopped goes on in it.")
    ] = Path("data/studies/recorded"),
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File of the tables; the curves are written beside it.")
    ] = Path("docs/results/paid-systems-tables.md"),
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Leave out this backend of the study (repeatable).")
    ] = None,
    part: Annotated[str, typer.Option(help="receipts, cord, or both.")] = "both",
    readme: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Also replace the study's table in this file.")
    ] = None,
    max_cost: Annotated[float, typer.Option(help="Spending limit in USD, for Gemini if its key is set.")] = 2.0,
) -> None:
    """Compare recorded answers of paid and open systems with the backends that run here.

    Imports test receipts and what four systems answered on them, runs every backend of the study that can run, and writes
    the tables. A second part replays Gemini, GPT-4o mini and Claude Sonnet on CORD. Nothing recorded is asked again.
    """
    from ocr_pipeline.study import cord, report
    from ocr_pipeline.study import project as studied

    if part not in ("receipts", "cord", "both"):
        raise typer.BadParameter("--part must be receipts, cord or both.")
    studied.settings(without or ())
    if part != "cord":  # both parts are checked before the long run of the first
        studied.receipts_folder(data)
    if part != "receipts":
        cord.check_layout(data / studied.CORD)
    parts: list[str] = []
    if part != "cord":
        project, results = _run(folder, data, without or (), max_cost)
        parts += report.receipts(results, project, output)
        if readme is not None and not report.write_readme(readme, results, datetime.now(UTC).date()):
            errors.print(f"{plain(str(readme))} has no markers of the study; it is unchanged.", soft_wrap=True)
    if part != "receipts":
        parts += report.cord(data, folder, say)
    report.write(output, parts)
    console.print(f"Tables: {plain(str(output))}", soft_wrap=True)


def _run(folder: Path, data: Path, without: Sequence[str], max_cost: float) -> "tuple[Project, Results]":
    """Everything that is not there yet, with progress bars, and the results. A second call only does what is missing."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.cli.progress import TerminalProgress
    from ocr_pipeline.defs.pipeline import run_pipeline
    from ocr_pipeline.documents.find import find_documents
    from ocr_pipeline.study.project import RECEIPTS, prepare
    from ocr_pipeline.study.scored import load_results

    project = prepare(folder, data, without, say)
    configured = load_backends(project)
    for name, backend in configured.items():
        if reason := backend.unavailable(RECEIPTS):
            errors.print(f"not run: {name}: {plain(reason)}", soft_wrap=True)
    try:
        with alone(project), TerminalProgress(console) as progress:
            run_pipeline(project, find_documents(project.data), configured.runnable(), progress, max_cost_usd=max_cost)
    except KeyboardInterrupt:
        errors.print("Interrupted. Finished results are kept; run the same command to continue.")
        raise typer.Exit(130) from None
    return project, load_results(project, RECEIPTS)


def say(sentence: str) -> None:
    """One line of progress."""
    console.print(plain(sentence), soft_wrap=True)
