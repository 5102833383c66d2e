"""`ocr-pipeline`: the commands, their options and their help. What they do is elsewhere."""

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Any

import typer

from ocr_pipeline.cli.attribution import attributions
from ocr_pipeline.cli.baseline import baseline
from ocr_pipeline.cli.compare import compare
from ocr_pipeline.cli.confidence import confidence
from ocr_pipeline.cli.explain import explain
from ocr_pipeline.cli.export import export, pack
from ocr_pipeline.cli.history import history
from ocr_pipeline.cli.labels import labels
from ocr_pipeline.cli.operate import prune, resume, retry_failed
from ocr_pipeline.cli.output import DatasetOption, JsonOption, console, errors, opened, print_json
from ocr_pipeline.cli.report import report
from ocr_pipeline.cli.slices import show_slices
from ocr_pipeline.cli.text import plain
from ocr_pipeline.cli.train import train
from ocr_pipeline.cli.wrong_values import wrong_values
from ocr_pipeline.errors import ConfigurationError, OcrPipelineError
from ocr_pipeline.project import find_project

app = typer.Typer(
    name="ocr-pipeline",
    help="Tells which way of reading your invoices and receipts works best.",
    epilog="Start with:  ocr-pipeline run  — then  ocr-pipeline leaderboard",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
importer = typer.Typer(help="Copy documents and labels into the project.", no_args_is_help=True)
app.add_typer(importer, name="import")
app.command()(compare)
app.command()(history)
app.add_typer(baseline, name="baseline")
app.command()(explain)
app.command(name="errors")(wrong_values)
app.command()(attributions)
app.command()(confidence)
app.add_typer(labels, name="labels")
app.command()(train)
app.command()(retry_failed)
app.command()(prune)
app.command()(resume)
app.command()(report)
app.command()(export)
app.command()(pack)


def main() -> None:
    """Entry point. A user's mistake ends in one sentence and exit code 1, never in a traceback."""
    try:
        app()
    except OcrPipelineError as error:
        errors.print(f"[bold red]Error:[/] {plain(str(error))}", soft_wrap=True)
        sys.exit(1)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(version("ocr_pipeline"))
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    documents: Annotated[
        list[str] | None,
        typer.Option(
            "--documents", "-d", help="Ids or patterns, comma-separated: [b]demo-*,sroie-x51*[/]. Default: all."
        ),
    ] = None,
    backends: Annotated[
        list[str] | None,
        typer.Option("--backends", "-b", help="Names or patterns, comma-separated. Default: all that can run here."),
    ] = None,
    dataset: DatasetOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Materialise current cells again too. Results still come from the store.")
    ] = False,
    stale: Annotated[
        bool,
        typer.Option("--stale", help="Only what is out of date; nothing that is missing. See `ocr-pipeline status`."),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask language models again, and pay again. Old replies are kept.")
    ] = False,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0, metavar="USD", help="Ask no model where it may cost more.")
    ] = None,
) -> None:
    """Read, extract and score documents: the main job.

    Does only what is missing or out of date, and shows up in the Dagster UI. A run that is stopped goes on where it was.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.cli.progress import TerminalProgress
    from ocr_pipeline.cli.selection import choose_backends, choose_documents
    from ocr_pipeline.defs.instance import only_run
    from ocr_pipeline.defs.pipeline import run_pipeline

    project = find_project()
    configured = load_backends(project)
    sources = choose_documents(project, documents, dataset)
    chosen, skipped = choose_backends(configured, backends, sources)
    for backend, reason in skipped.items():
        errors.print(f"not run: {backend}: {plain(reason)}", soft_wrap=True)
    waiting = "Another run is at work in this project; waiting for it."
    try:
        with only_run(project, lambda: errors.print(waiting)), TerminalProgress(console) as progress:
            summary = run_pipeline(
                project,
                sources,
                chosen,
                progress,
                mode="all" if everything else "stale" if stale else "due",
                fresh_since=datetime.now(UTC) if fresh else None,
                max_cost_usd=max_cost,
                announce=_announce,
            )
    except KeyboardInterrupt:
        errors.print("Stopped. What was done is kept; the same command goes on from there.")
        _leave_threads(130)
        raise typer.Exit(130) from None
    for document_id in summary.gone:
        errors.print(f"gone: {document_id}: its file was removed; its results are kept, and are in no score")
    done = ", ".join(f"{count} {asset}" for asset, count in summary.cells.items())
    console.print(f"{len(sources)} documents, {len(chosen)} backends. Materialised: {done}.", soft_wrap=True)
    shown = {source.dataset for source in sources}
    leaderboard(dataset=shown.pop() if len(shown) == 1 else dataset)
    for check, (severity, sentence) in summary.failed_checks.items():
        errors.print(f"{severity.lower()}: {check}: {plain(sentence)}", soft_wrap=True)
    console.print(
        f"\nReport: {project.relative(project.report)}/index.html, which opens in a browser."
        f"\nDatabase: {project.relative(project.database)} (DuckDB)."
        "  Next: [b]make dev[/] for the Dagster UI,"
        "\n[b]ocr-pipeline errors[/] for what is wrong, [b]leaderboard --fields[/] for every field.",
    )


def _leave_threads(code: int) -> None:
    """After a second Ctrl-C threads still wait for a model, and Python would wait for them: end without it. Locks go with
    the process, and whatever is stored is stored whole."""
    if any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _announce(estimates: Sequence[Any]) -> None:
    for one in estimates:
        usd = "at a price that is not known" if one.usd is None else f"for about {one.usd:.4f} USD"
        console.print(f"{one.backend}: asks a model about {one.documents} documents, {usd}.", soft_wrap=True)


@app.command()
def status(
    documents: Annotated[list[str] | None, typer.Option("--documents", "-d", help="Ids or patterns.")] = None,
    backends: Annotated[list[str] | None, typer.Option("--backends", "-b", help="Names or patterns.")] = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show per backend what is missing, what is out of date and why, what failed, and what doing it may cost."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.cli.selection import choose_backends, choose_documents
    from ocr_pipeline.cli.status import operation_notes, status_rows, status_table

    project = find_project()
    configured = load_backends(project)
    sources = choose_documents(project, documents, dataset)
    chosen, skipped = choose_backends(configured, backends, sources)
    rows = status_rows(project, configured, sources, chosen)
    if as_json:
        print_json(rows)
        return
    console.print(status_table(rows))
    for sentence in operation_notes(project, configured):
        console.print(plain(sentence), soft_wrap=True)
    for backend, reason in skipped.items():
        console.print(f"not run: {backend}: {plain(reason)}", style="dim", soft_wrap=True)


@app.command()
def leaderboard(
    dataset: DatasetOption = None,
    fields: Annotated[
        bool, typer.Option("--fields", "-f", help="Every field: n, wrong/missing/spurious, precision, recall, F1.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="DIMENSION",
            help="F1 by slice: document_type, language, currency, confidence, pages, dataset or split.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show which backend reads best: F1 with its interval, failures, seconds and cost per document.

    right: documents without a single error. A failed document counts as missing in every field.
    """
    if by is not None:
        show_slices(by, dataset, as_json=as_json)
        return
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.cli.tables import f1_table, field_table, leaderboard_table, ranked
    from ocr_pipeline.training.notes import notes_on_scores

    project = find_project()
    where, parameters = ("WHERE dataset = ?", [dataset]) if dataset else ("", [])
    with opened(project).snapshot() as snapshot:
        boards = snapshot.rows(f"FROM leaderboard {where} ORDER BY dataset, status, backend", parameters)
        rows = snapshot.rows(f"FROM leaderboard_fields {where}", parameters)
        notes = {} if as_json else notes_on_scores(project, load_backends(project), snapshot)
    if not boards:
        of = f" of the data set {dataset!r}" if dataset else ""
        raise ConfigurationError(f"There are no scores{of} yet: run `ocr-pipeline run` first.")
    if as_json:
        print_json({"leaderboard": boards, "fields": rows})
        return
    for name in dict.fromkeys(board["dataset"] for board in boards):
        of_dataset = [board for board in boards if board["dataset"] == name]
        console.print(leaderboard_table(name, of_dataset, rows))
        if fields:
            for board in ranked(of_dataset, rows):
                console.print(field_table(board, rows, console.width))
        else:
            console.print(f1_table(name, of_dataset, rows))
        for board in of_dataset:
            if board["reported"]:
                console.print(f"{board['backend']}: seconds and cost as reported, not measured here.", style="dim")
            if board["status"] == "not_run":
                console.print(f"not run: {board['backend']}: {plain(board['message'])}", style="dim")
            elif board["missing_documents"]:
                console.print(
                    f"{board['backend']}: {board['missing_documents']} labelled documents not run on, or not scored since.",
                    style="dim",
                )
        for note in notes.get(name, ()):
            console.print(plain(note), style="dim")


@app.command()
def documents(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """List the documents: where they come from, whether they are labelled, what is there twice, what failed.

    split: the one in use; a document that duplicates one of the test split counts to it.
    """
    from ocr_pipeline.cli.tables import document_rows, document_table

    project = find_project()
    rows = [row for row in document_rows(project) if dataset in (None, row["dataset"])]
    if not rows and (dataset or not as_json):
        raise ConfigurationError(
            f"There are no documents{' of this data set' if dataset else ''}: put some into "
            f"{project.relative(project.data / 'documents')}, or see `ocr-pipeline import --help`."
        )
    if as_json:
        print_json(rows)
    else:
        console.print(document_table(rows))


@app.command()
def backends(as_json: JsonOption = False) -> None:
    """List the backends of backends.yaml, and which of them can run here."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.cli.tables import backend_rows, backend_table

    rows = backend_rows(load_backends(find_project()))
    if as_json:
        print_json(rows)
    else:
        console.print(backend_table(rows))


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check the environment: packages, engines, keys, database. Exit code 1 where something is broken."""
    from ocr_pipeline.cli.doctor import examine

    checks = examine()
    if as_json:
        print_json([check.__dict__ for check in checks])
    else:
        signs = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]bad [/]"}
        for check in checks:
            console.print(f"{signs[check.state]} {check.name}: {plain(check.message)}", soft_wrap=True)
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)


@app.command()
def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web server.")] = 3000,
    host: Annotated[str, typer.Option(help="Address that the web server listens on.")] = "127.0.0.1",
) -> None:
    """Start the Dagster UI with its daemon, on the project's own instance."""
    from ocr_pipeline.cli.dev import start

    start(find_project(), host, port)


SourceArgument = Annotated[
    str,
    typer.Argument(metavar="PATH_OR_URL", help="A folder, or a URL: s3://bucket/x, zip://x::file.zip, github://..."),
]
NameOption = Annotated[str | None, typer.Option(help="Name of the data set in the project; default: the folder's.")]


@importer.command("sroie")
def import_sroie(path: SourceArgument, name: NameOption = "sroie") -> None:
    """Import ICDAR 2019 SROIE receipts from a folder with img/, key/ and, for transcripts, box/.

    Company, address, date and total are labelled.
    """
    _import("sroie", path, name)


@importer.command("cord")
def import_cord(path: SourceArgument, name: NameOption = "cord") -> None:
    """Import CORD receipts from a folder with train/, dev/ or test/, each with image/ and json/.

    Total, tax and line items are labelled; the transcripts come with it.
    """
    _import("cord", path, name)


@importer.command("zugferd")
def import_zugferd(path: SourceArgument, name: NameOption = None) -> None:
    """Import PDF e-invoices (Factur-X, ZUGFeRD): each brings its own label, as XML inside."""
    _import("zugferd", path, name)


@importer.command("folder")
def import_folder(
    path: SourceArgument,
    name: NameOption = None,
    labels: Annotated[
        str | None, typer.Option(help="One CSV file of labels; default: labels.csv in the folder, where there is one.")
    ] = None,
) -> None:
    """Import your own documents, with or without labels: JSON files with the same stem, or one CSV file.

    docs/labels.md shows both formats.
    """
    _import("folder", path, name, labels)


@importer.command("predictions")
def import_predictions(
    file: Annotated[str, typer.Argument(metavar="FILE_OR_URL", help="JSON lines or CSV: one row per document.")],
    backend: Annotated[
        str, typer.Option("--backend", "-b", help="Name of an entry of backends.yaml with [b]extractor: external[/].")
    ],
    dataset: DatasetOption = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out rows about documents that are not here; they are counted.")
    ] = False,
) -> None:
    """Import what another service or model read, to be scored like any backend.

    Replaces what was imported for the same backend and data sets. docs/backends.md shows the format and the mapping of
    other names.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.backends.importing import import_predictions as import_file
    from ocr_pipeline.cli.selection import choose_documents
    from ocr_pipeline.documents.importers.source import open_source

    project = find_project()
    configured = load_backends(project)
    documents = choose_documents(project, None, dataset)
    report = import_file(open_source(file), backend, configured, documents, skip_unknown=skip_unknown)
    removed = f", {report.removed} removed" if report.removed else ""
    console.print(
        f"{backend}: {report.new} new, {report.changed} changed, {report.unchanged} unchanged{removed} predictions of"
        f" {', '.join(report.datasets)}.",
        soft_wrap=True,
    )
    _print_remarks(report.problems, report.notes)
    console.print(f"Next: [b]ocr-pipeline run --backends {backend}[/]")


def _import(layout: str, path: str, name: str | None, labels: str | None = None) -> None:
    from ocr_pipeline.cli.duplicates import duplicate_notes
    from ocr_pipeline.documents import importers
    from ocr_pipeline.documents.importers.source import explained

    project = find_project()
    documents = project.data / "documents"
    source, labels_file = importers.open_source(path), importers.open_source(labels) if labels else None
    remote = "://" in path
    with explained(path) if remote else nullcontext():
        if layout == "sroie":
            report = importers.import_sroie(source, documents, name or layout)
        elif layout == "cord":
            report = importers.import_cord(source, documents, name or layout)
        elif layout == "zugferd":
            report = importers.import_zugferd(source, documents, name)
        else:
            report = importers.import_folder(source, documents, name, labels_file)
    report.notes += duplicate_notes(project, report.dataset)
    console.print(
        f"Data set {report.dataset}: {report.new} new, {report.changed} changed, {report.unchanged} unchanged documents;"
        f" {report.labelled} labelled.",
        soft_wrap=True,
    )
    if report.transcripts:
        console.print(f"  {report.transcripts} documents with a transcript.")
    _print_remarks(report.problems, report.notes)
    console.print(f"Next: [b]ocr-pipeline run --dataset {report.dataset}[/]")


def _print_remarks(problems: list[str], notes: list[str]) -> None:
    for kind, sentences in (("problems", problems), ("notes", notes)):
        for sentence in sentences[:10]:
            console.print(f"  {plain(sentence)}", soft_wrap=True)
        if len(sentences) > 10:
            console.print(f"  … and {len(sentences) - 10} more {kind}")
