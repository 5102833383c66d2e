"""`ocr-pipeline labels review`: decisions on label issues, one by one."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated

import typer
from rich.markup import escape

from ocr_pipeline.cli.label_issues import NONE, queue_of
from ocr_pipeline.cli.options import DatasetOption
from ocr_pipeline.cli.output import console, counted, opened, plain, points, print_notice, titled_table
from ocr_pipeline.cli.selection import document_id_of
from ocr_pipeline.document_schema.schema import DocumentSchema, invoice_schema
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.labels import schema_of
from ocr_pipeline.documents.overrides import FOLDER, Choice, Decision, Overrides, apply, decided_today, write_decision
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.warehouse.tables.diagnosis import QueuedIssue

CHOICES = "Which is right: the [l]abel, the [v]alue, [b]oth, an[o]ther value? Or [n]ote, [s]kip, [q]uit."
QUESTION = "l, v, b, o, n, s, q? "

Decisions = Mapping[str, Mapping[str, Decision]]
"""By document and field."""


def review(
    dataset: DatasetOption = None,
    document: Annotated[str | None, typer.Option("--document", "-d", help="Only this document.")] = None,
) -> None:
    """Review label issues one by one and record decisions.

    Decisions are stored in data/overrides, one JSON file per document; commit them to version control. Label files are not
    changed. Answers are read line by line from the terminal or a pipe.
    """
    project = find_project()
    document = document and document_id_of(project, document)
    rows, notice = queue_of(project, dataset, document)
    print_notice(notice, as_json=False)
    if not rows:
        if not notice:
            console.print(NONE)
        return
    decided = _walk(rows, project, _answer)
    if not decided:
        console.print("No decisions were made.")
        return
    saved = f"Saved decisions on {counted(len(decided), 'document')} in {project.relative(project.data / FOLDER)}."
    console.print(saved, soft_wrap=True)
    _show_effect(project, decided)
    console.print("Next: [b]ocr-pipeline run[/] rescores everything with the new labels.")


def _walk(rows: Sequence[QueuedIssue], project: Project, answer: Callable[[str], str | None]) -> Decisions:
    """Ask about each row and save each decision at once. `answer` takes a question and returns a line, None at the end."""
    decided: dict[str, dict[str, Decision]] = {}
    sources = {source.document_id: source for source in find_documents(project.data)}
    console.print(escape(CHOICES))
    for number, row in enumerate(rows, 1):
        console.print(f"\n[b]{number} of {len(rows)}[/]  {plain(row.document_id)}  [b]{row.field}[/]", soft_wrap=True)
        for name, text in (
            ("file", row.path),
            ("label", row.label),
            ("value", row.value),
            ("why", row.reason),
        ):
            console.print(
                f"  {name:6}{plain(text) if text is not None else '[dim]not on the document[/]'}", soft_wrap=True
            )
        if row.backends:
            console.print(f"  {'by':6}{', '.join(row.backends)}", soft_wrap=True)
        schema = schema_of(sources[row.document_id]) if row.document_id in sources else invoice_schema()
        decision = _decide(row, answer, schema)
        if decision is None:
            break
        if isinstance(decision, Decision):
            write_decision(project.data, row.document_id, row.field, decision)
            decided.setdefault(row.document_id, {})[row.field] = decision
    return decided


def _decide(row: QueuedIssue, answer: Callable[[str], str | None], schema: DocumentSchema) -> Decision | str | None:
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
            case "v" | "b" if row.value is None:
                console.print("No value is suggested; enter one with o.")
            case "o":
                text = answer("Value as in a label, - for none: ")
                if text is None:
                    return None
                value = None if text.strip() == "-" else text.strip()
                if not schema.is_valid(row.field, value):
                    console.print(f"Not a valid value for {row.field}.")
                    continue
                return decided_today("value", row.label, value, note)
            case "l" | "v" | "b" as known:
                return decided_today(choices[known], row.label, row.value, note)
            case _:
                console.print(f"Please answer with one of these letters. {escape(CHOICES)}")


def _answer(question: str) -> str | None:
    print(question, end="", flush=True)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        print()
    return line.rstrip("\n") if line else None


def _show_effect(project: Project, decided: Decisions) -> None:
    """Print the scores of the affected data sets before and after."""
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.evaluation.scoring.relabel import Effect, effect
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.warehouse import tables

    configured, rules = load_backends(project), load_rules(project.evaluation_file)
    with opened(project).snapshot() as snapshot:
        documents, known = tables.documents.documents(snapshot), tables.labels.valid_labels(snapshot)
        extractions = {backend: tables.extractions.extractions(snapshot, backend) for backend in configured}
    datasets = {key: row.dataset for key, row in documents.items()}
    for dataset in dict.fromkeys(datasets[key] for key in decided):
        before = {key: label for key, label in known.items() if datasets[key] == dataset}
        after = dict(before)
        for key in decided.keys() & before.keys():
            after[key], _ = apply(before[key], Overrides(document_id=key, fields=dict(decided[key])))
        effects: Iterable[Effect] = (
            effect(name, before, after, results, datasets, rules) for name, results in extractions.items() if results
        )
        table = titled_table(f"{dataset}: scores before and after, all fields pooled")
        table.add_column("backend", overflow="fold")
        for name in ("right before", "after", "F1 % before", "after"):
            table.add_column(name, justify="right", no_wrap=True)
        for change in effects:
            table.add_row(
                change.backend,
                str(change.before.correct),
                str(change.after.correct),
                points(change.before.f1),
                points(change.after.f1),
            )
        console.print(table)
