"""`ocr-pipeline labels`: doubtful labels, their review, and what to label next."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from ocr_pipeline.cli.label_editor import edit_command
from ocr_pipeline.cli.output import DatasetOption, JsonOption, Row, console, opened, print_json, titled_table
from ocr_pipeline.cli.text import plain
from ocr_pipeline.documents.overrides import FOLDER, Choice, Decision, Overrides, applied, write_decision
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.schemas import Invoice

labels = typer.Typer(help="Doubtful labels, their review, editing, and what to label next.", no_args_is_help=True)
labels.command("edit")(edit_command)

CHOICES = "What is right: the [l]abel, the [v]alue, [b]oth, an[o]ther one? Or [n]ote, [s]kip, [q]uit."
QUESTION = "l, v, b, o, n, s, q? "


@labels.command("issues")
def issues_command(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """List labels that may be wrong, worst first: backends agree against them, sums do not fit, copies differ."""
    rows = _issues(find_project(), dataset, None)
    if as_json:
        print_json(rows)
    elif not rows:
        console.print("No label is in doubt.")
    else:
        console.print(_issue_table(rows))
        console.print("Next: [b]ocr-pipeline labels review[/]")


@labels.command("review")
def review_command(
    dataset: DatasetOption = None,
    document: Annotated[str | None, typer.Option("--document", "-d", help="Only this document.")] = None,
) -> None:
    """Walk through the doubtful labels and decide. Answers are read line by line from the terminal or a pipe.

    Decisions go to data/overrides, one JSON file per document; put them into version control. The label files stay as they
    are.
    """
    project = find_project()
    rows = _issues(project, dataset, document)
    if not rows:
        console.print("No label is in doubt.")
        return
    decided = walk(rows, project, _answer)
    if not decided:
        console.print("Nothing was decided.")
        return
    files = f"{len(decided)} decisions, in {project.relative(project.data / FOLDER)}."
    console.print(files, soft_wrap=True)
    _show_effect(project, decided)
    console.print("Next: [b]ocr-pipeline run[/] scores everything with the new labels.")


@labels.command("suggest")
def suggest_command(
    dataset: DatasetOption = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many documents.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """List unlabelled documents to label next: those first where backends disagree or are unsure."""
    from ocr_pipeline.evaluation.diagnosis.agreement import Consensus, suggest

    with opened(find_project()).snapshot() as snapshot:
        entries = snapshot.rows("FROM consensus ORDER BY document_id")
        sure = snapshot.rows("SELECT document_id, field, confidence FROM confidences WHERE confidence IS NOT NULL")
        groups = {row["document_id"]: row["group_id"] for row in snapshot.rows("FROM duplicates")}
        labelled = {row["document_id"] for row in snapshot.rows("FROM labels WHERE status = 'ok'")}
    if not entries:
        raise ConfigurationError("Nothing was read yet: run `ocr-pipeline run` first.")
    confidences: dict[tuple[str, str], list[float]] = {}
    for row in sure:
        confidences.setdefault((row["document_id"], row["field"]), []).append(row["confidence"])
    datasets = {row["document_id"]: row["dataset"] for row in entries}
    names = Consensus.__dataclass_fields__
    found = suggest(
        (
            Consensus(**{name: row[name] for name in names})
            for row in entries
            if dataset is None or row["dataset"] == dataset
        ),
        confidences,
        groups,
        labelled,
    )[:count]
    rows = [{**vars(one), "dataset": datasets[one.document_id]} for one in found]
    if as_json:
        print_json(rows)
        return
    if not rows:
        console.print("Every document that was read is labelled, or is a copy of one that is.")
        return
    table = titled_table("To label next")
    table.add_column("document", overflow="fold", ratio=1)
    table.add_column("doubt", justify="right", no_wrap=True)
    table.add_column("most in", overflow="fold", ratio=1)
    for row in rows:
        table.add_row(plain(row["document_id"]), f"{row['score']:.2f}", ", ".join(row["unsure_fields"]))
    console.print(table)


def walk(rows: Sequence[Row], project: Project, answer: Callable[[str], str | None]) -> dict[str, dict[str, Decision]]:
    """Ask about each row and keep what is decided, at once. Returns the decisions by document and field.

    `answer` gets a question and returns a line, or None where there are no more.
    """
    decided: dict[str, dict[str, Decision]] = {}
    console.print(escape(CHOICES))
    for number, row in enumerate(rows, 1):
        console.print(
            f"\n[b]{number} of {len(rows)}[/]  {plain(row['document_id'])}  [b]{row['field']}[/]", soft_wrap=True
        )
        for name, text in (
            ("file", row["path"]),
            ("label", row["label"]),
            ("value", row["value"]),
            ("why", row["reason"]),
        ):
            console.print(
                f"  {name:6}{plain(text) if text is not None else '[dim]not on the document[/]'}", soft_wrap=True
            )
        if row["backends"]:
            console.print(f"  {'of':6}{', '.join(row['backends'])}", soft_wrap=True)
        decision = _decide(row, answer)
        if decision is None:
            break
        if isinstance(decision, Decision):
            write_decision(project.data, row["document_id"], row["field"], decision)
            decided.setdefault(row["document_id"], {})[row["field"]] = decision
    return decided


def _decide(row: Row, answer: Callable[[str], str | None]) -> Decision | str | None:
    """A decision, `skip`, or None to stop."""
    note = ""
    while True:
        letter = answer(QUESTION)
        if letter is None:
            return None
        choices: dict[str, Choice] = {"l": "label", "v": "value", "b": "both", "o": "value"}
        match letter.strip().lower()[:1]:
            case "q":
                return None
            case "s":
                return "skip"
            case "n":
                note = answer("Note: ") or ""
            case "v" | "b" if row["value"] is None:
                console.print("No other value is proposed; give one with o.")
            case "o":
                text = answer("Value, as it would stand in the label; - for none: ")
                if text is None:
                    return None
                value = None if text.strip() == "-" else text.strip()
                try:
                    Invoice.model_validate({row["field"]: value})
                except ValidationError:
                    console.print(f"That is not a value of {row['field']}.")
                    continue
                return _decision("value", row, value, note)
            case "l" | "v" | "b" as known:
                return _decision(choices[known], row, row["value"], note)
            case _:
                console.print(f"Please answer with one of the letters. {escape(CHOICES)}")


def _decision(choice: Choice, row: Row, value: str | None, note: str) -> Decision:
    today = datetime.now(UTC).date()
    return Decision(choice=choice, label=row["label"], value=value, note=note.strip(), decided_on=today)


def _answer(question: str) -> str | None:
    print(question, end="", flush=True)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        print()
    return line.rstrip("\n") if line else None


def _issues(project: Project, dataset: str | None, document: str | None) -> list[Row]:
    """The queue, with the path of each document."""

    with opened(project).snapshot() as snapshot:
        rows = snapshot.rows(
            "SELECT s.*, d.path FROM label_issues s JOIN documents d USING (document_id)"
            " WHERE coalesce(s.dataset = ?, true) AND coalesce(s.document_id = ?, true)"
            " ORDER BY s.score DESC, s.document_id, s.field",
            [dataset, document],
        )
        scored = snapshot.rows("SELECT 1 FROM field_scores LIMIT 1")
    if not rows and not scored:
        raise ConfigurationError("There are no scores yet: run `ocr-pipeline run` first.")
    return rows


def _issue_table(rows: Sequence[Row]) -> Table:
    table = titled_table(f"{len(rows)} labels in doubt")
    table.add_column("document", overflow="fold", ratio=2)
    table.add_column("field", overflow="fold")
    table.add_column("label, and what may be right", overflow="fold", ratio=3)
    for row in rows:
        value = plain(row["value"]) if row["value"] is not None else "–"
        label = plain(row["label"]) if row["label"] is not None else "–"
        table.add_row(plain(row["document_id"]), row["field"], f"{label}\n{value}\n[dim]{plain(row['reason'])}[/]")
    return table


def _show_effect(project: Project, decided: dict[str, dict[str, Decision]]) -> None:
    """The scores of the data sets that are touched, before and after."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.evaluation.scoring.relabel import Effect, effect
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.warehouse import tables

    configured, rules = load_backends(project), load_rules(project.evaluation_file)
    with opened(project).snapshot() as snapshot:
        documents, known = tables.documents.documents(snapshot), tables.labels.valid_labels(snapshot)
        found = {backend: tables.extractions.extractions(snapshot, backend) for backend in configured}
    datasets = {key: row.dataset for key, row in documents.items()}
    for dataset in dict.fromkeys(datasets[key] for key in decided):
        before = {key: label for key, label in known.items() if datasets[key] == dataset}
        after = dict(before)
        for key in decided.keys() & before.keys():
            after[key], _ = applied(before[key], Overrides(document_id=key, fields=decided[key]))
        effects: Iterable[Effect] = (
            effect(name, before, after, read, datasets, rules) for name, read in found.items() if read
        )
        table = titled_table(f"{dataset}: scores before and after, all fields together")
        table.add_column("backend", overflow="fold")
        for name in ("right", "then", "F1 %", "then"):
            table.add_column(name, justify="right", no_wrap=True)
        for one in effects:
            shares = ("–" if f1 is None else f"{100 * f1:.1f}" for f1 in (one.f1_before, one.f1_after))
            table.add_row(one.backend, str(one.correct_before), str(one.correct_after), *shares)
        console.print(table)
