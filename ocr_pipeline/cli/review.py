"""`ocr-pipeline review`: which documents are accepted without a look, and what to look at in the others."""

from typing import Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.options import DatasetOption, JsonOption
from ocr_pipeline.cli.output import console, counted, opened, plain, print_json, print_notice, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.diagnosis.review import ALL
from ocr_pipeline.evaluation.statistics.proof import percent
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.review import DRAWN, ReviewSet, reviews
from ocr_pipeline.project import find_project


def review(
    dataset: DatasetOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Documents to list.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what is accepted without a look, and what to look at.

    Documents are accepted by an upper bound of their error, which labels have to prove; the section `accept` of
    evaluation.yaml chooses fields, target and backend. `ocr-pipeline label --queue review` opens those to look at.
    """
    project = find_project()
    with opened(project).snapshot() as snapshot:
        found = reviews(snapshot, scoring_of(project), dataset)
    if not found.sets:
        raise ConfigurationError("Nothing to review yet; label documents and run `ocr-pipeline run` first.")
    print_notice(found.notice, as_json=as_json)
    if as_json:
        print_json(
            {
                "acceptances": [
                    {**vars(row), "sentence": row.proof.sentence} for of in found.sets for row in of.proofs
                ],
                "review": [row for of in found.sets for row in of.rows],
                "checked": [of.checked for of in found.sets if of.checked],
            }
        )
        return
    for of in found.sets:
        _print_set(of, limit)


def _print_set(of: ReviewSet, limit: int) -> None:
    fields = ", ".join(of.chosen.fields)
    name = f"{of.dataset}: {of.backend}, {fields}"
    sentence = of.chosen.proof.sentence
    console.print(f"[b]{plain(name)}[/]\n{sentence[0].upper()}{sentence[1:]}.")
    console.print(_proofs(of))
    waiting = of.waiting
    console.print(
        f"{counted(of.unlabelled, 'document')} without a label of all these fields: {of.accepted} accepted,"
        f" {of.unlabelled - of.accepted} to look at, {sum(row.sampled for row in waiting)} of the accepted drawn for a check.",
    )
    if of.checked:
        console.print(f"{of.checked.sentence}; promised: at most {percent(of.checked.target)}.")
    for row in waiting[:limit]:
        reason = row.sentence or DRAWN
        console.print(f"  {plain(row.document_id)}  {plain(reason)}")
    if len(waiting) > limit:
        console.print(f"  … and {len(waiting) - limit} more (--limit); `ocr-pipeline label --queue review` opens them.")
    console.print()


def _proofs(of: ReviewSet) -> Table:
    table = titled_table("What labels prove")
    for column in ("at most", "fields", "from", "accepted", "wrong", "bound"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("or")
    for row in of.proofs:
        proof = row.proof
        table.add_row(
            percent(row.target),
            "together" if row.field == ALL else row.field,
            "–" if proof.threshold is None else f"{proof.threshold:.3f}",
            f"{row.accepted} of {row.labelled}" if proof.proved else "none",
            str(row.errors) if proof.proved else "–",
            percent(row.bound) if proof.proved else "–",
            "" if proof.proved else _missing(row.needed, proof.smallest),
        )
    return table


def _missing(needed: int, smallest: float | None) -> str:
    offer = f"; {percent(smallest)} can be proved" if smallest is not None else ""
    return f"{needed} without an error needed{offer}"
