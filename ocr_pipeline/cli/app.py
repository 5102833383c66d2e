"""`ocr-pipeline`: registers the commands. What a command does and which options it has is in its own module."""

import sys
from typing import Annotated

import typer
from typer.main import get_command

from ocr_pipeline.cli.lazy import LazyCommand, LazyGroup
from ocr_pipeline.cli.terminal import write_any_text
from ocr_pipeline.cli.watched import run_watched

IMPORT = (
    LazyCommand("folder", "importing:folder", "Import your own documents, with or without labels."),
    LazyCommand(
        "predictions", "importing:predictions", "Import predictions of another service or model, to score them."
    ),
    LazyCommand("sroie", "importing:sroie", "Import ICDAR 2019 SROIE receipts."),
    LazyCommand("cord", "importing:cord", "Import CORD receipts."),
    LazyCommand("einvoice", "importing:einvoice", "Import e-invoices: PDFs with XML in or beside them, or XML alone."),
)
LABELS = (
    LazyCommand("issues", "label_issues:issues", "List labels that may be wrong, worst first."),
    LazyCommand("review", "label_review:review", "Review label issues one by one and record decisions."),
    LazyCommand("edit", "label_editor:edit", "Edit the label of a document in $EDITOR."),
    LazyCommand("move", "label_move:move", "Move labels to documents that were renamed or moved."),
    LazyCommand("suggest", "label_suggestions:suggest", "Suggest which unlabelled documents to label next."),
    LazyCommand("export", "label_studio:export_labels", "Export documents as a Label Studio project."),
    LazyCommand("import", "label_studio:import_labels", "Import annotations of Label Studio as labels."),
)
BASELINE = (
    LazyCommand("pin", "baseline:pin", "Pin the latest or an earlier evaluation as the baseline."),
    LazyCommand("show", "baseline:show", "Compare the latest evaluation of each backend with its baseline."),
    LazyCommand("clear", "baseline:clear", "Unpin baselines; the previous evaluation becomes the baseline."),
)
TESTSET = (
    LazyCommand("freeze", "testset:freeze", "Freeze documents and labels as a test set, or as its next version."),
    LazyCommand("list", "testset:list_testsets", "List test sets and whether something in them changed."),
    LazyCommand("show", "testset:show", "Show the versions of a test set and the documents of one."),
    LazyCommand("check", "testset:check", "Check that documents and labels are those that were frozen."),
)
BACKENDS = (
    LazyCommand("list", "backends:backends", "List configured backends and whether they can run."),
    LazyCommand("add", "backends_add:add", "Add a model, a service or imported predictions to backends.yaml."),
)
SCHEMA = (
    LazyCommand("list", "schema:schemas", "List the schemas of the project, and the data sets that use them."),
    LazyCommand("check", "schema:check", "Check schemas/*/schema.yaml and every dataset.yaml."),
    LazyCommand("convert", "schema:convert", "Convert a JSON schema or a pydantic model to schemas/NAME/schema.yaml."),
)
SHARDS = (
    LazyCommand("on", "shards:on", "Divide the documents into shards, for more than 20,000 of them."),
    LazyCommand("off", "shards:off", "Make every document a partition of its own again."),
)
STUDY = (
    LazyCommand(
        "recorded",
        "study:recorded",
        "Compare recorded answers of paid and open systems with the backends that run here.",
    ),
)
PANELS: dict[str, tuple[LazyCommand | LazyGroup, ...]] = {
    "Run": (
        LazyCommand("read", "read:read", "Read values from invoices and receipts, without a project."),
        LazyCommand(
            "run", "run:run", "Ingest, recognise, extract and score documents.", before="taking_over:warm_workers"
        ),
        LazyCommand("status", "status:status", "Show what a run would do, why, and what it may cost."),
        LazyCommand("retry-failed", "retry_failed:retry_failed", "Retry documents that failed."),
        LazyCommand("train", "train:train", "Train the models that learn from your labels."),
    ),
    "Results": (
        LazyCommand("leaderboard", "leaderboard:leaderboard", "Rank backends by F1, with failures, time and cost."),
        LazyCommand("compare", "compare:compare", "Test whether one backend is better than another."),
        LazyCommand("history", "history:history", "Show how the scores of each backend changed over time."),
        LazyGroup(name="baseline", help="Pin evaluations to compare later ones with.", commands=BASELINE),
        LazyGroup(name="testset", help="Freeze versions of documents and labels that scores are of.", commands=TESTSET),
        LazyCommand("confidence", "confidence:confidence", "Show how far confidences can be trusted."),
        LazyCommand("review", "review:review", "Show what is accepted without a look, and what to look at."),
        LazyGroup(name="study", help="Compare recorded answers of other systems with this project's.", commands=STUDY),
        LazyCommand("report", "report:report", "Write the HTML report."),
        LazyCommand("export", "export:export", "Export tables, or what was read as a spreadsheet."),
    ),
    "Errors": (
        LazyCommand(
            "errors",
            "wrong_values:wrong_values",
            "List wrong, missing and spurious values, worst first.",
            renamed={"--verdict": "--attribution", "-v": "-a"},
        ),
        LazyCommand("attribution", "attribution:attribution", "Show which stage caused the errors."),
        LazyCommand("explain", "explain:explain", "Trace the values of a document back to their source."),
        LazyCommand("pack", "pack:pack", "Pack everything about one document into a zip file."),
    ),
    "Documents and labels": (
        LazyCommand("label", "label:label", "Label documents in the browser."),
        LazyCommand("documents", "documents:documents", "List documents, their labels, duplicates and failures."),
        LazyCommand("split", "split:split", "Split a file that holds several invoices."),
        LazyGroup(
            name="import",
            help="Import documents, labels or predictions.",
            commands=IMPORT,
            renamed={"zugferd": "einvoice"},
        ),
        LazyGroup(
            name="labels",
            help="Find, review, edit, move and suggest labels.",
            commands=LABELS,
            renamed={"suspects": "issues"},
        ),
    ),
    "Project": (
        LazyCommand("init", "init:init", "Make a project folder."),
        LazyCommand("demo", "init:demo", "Run ten bundled documents with all backends that need no key."),
        LazyGroup(name="backends", help="List or add backends.", commands=BACKENDS, default="list"),
        LazyGroup(
            name="schema", help="Fields of your own: list, check or convert schemas.", commands=SCHEMA, default="list"
        ),
        LazyCommand("doctor", "doctor:doctor", "Check packages, engines, keys, documents and database."),
        LazyCommand("dev", "dev:dev", "Start the Dagster UI and its daemon."),
        LazyGroup(name="shards", help="Divide very many documents into shards, or not any more.", commands=SHARDS),
        LazyCommand("prune", "prune:prune", "Delete results and runs no longer needed (default: dry run)."),
        LazyCommand("forget", "forget:forget", "Delete all about documents, everywhere (default: dry run)."),
        LazyCommand("resume", "resume:resume", "Resume re-evaluation after it paused itself."),
    ),
}
"""The panels of `--help`. A summary is the first line of the command's docstring; a test compares them."""

WITHOUT_DOCUMENTS = {"backends", "doctor", "read", "init", "demo", "schema", "leaderboard"}
"""Commands that need no ids of documents, or look after them themselves."""

root = typer.Typer(
    name="ocr-pipeline",
    cls=LazyGroup,
    help="Find out which OCR and extraction pipeline reads your invoices and receipts best.",
    epilog="Get started: [b]ocr-pipeline run[/], then [b]ocr-pipeline leaderboard[/].",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


def main() -> None:
    """Entry point. A user's mistake ends in one sentence and exit code 1, never in a traceback."""
    write_any_text()
    run_watched(_run_command, _no_memory)


def _run_command() -> None:
    try:
        command_line()()
    except Exception as error:
        from ocr_pipeline.machine import sentence_of

        said = sentence_of(error)
        if said is None:
            raise
        print_error(str(said))
        sys.exit(1)


def _no_memory() -> str:
    from ocr_pipeline.machine import refusal_in

    return str(refusal_in("MemoryError"))


def print_error(sentence: str) -> None:
    """On standard error, also if the machine refuses what Rich needs."""
    try:
        from ocr_pipeline.cli.output import errors, plain

        errors.print(f"[bold red]Error:[/] {plain(sentence)}", soft_wrap=True)
    except (OSError, MemoryError, ImportError):
        sys.stderr.write(f"Error: {sentence}\n")


def command_line() -> LazyGroup:
    """The group of all commands."""
    group = get_command(root)
    assert isinstance(group, LazyGroup)
    group.renamed = {"verdicts": "attribution"}
    for panel, commands in PANELS.items():
        for command in commands:
            command.rich_help_panel = panel
            group.add_command(command)
    return group


def _show_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        print(version("ocr_pipeline"))
        raise typer.Exit


@root.callback()
def _options(
    context: typer.Context,
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand not in WITHOUT_DOCUMENTS:
        from ocr_pipeline.cli.known_ids import keep_ids

        keep_ids()
