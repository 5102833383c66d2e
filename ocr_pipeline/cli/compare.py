"""`ocr-pipeline compare`: is one backend better than another, and on which documents?"""

from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from rich.table import Table

from ocr_pipeline.cli.options import DatasetOption, JsonOption, ScoredFieldOption
from ocr_pipeline.cli.output import (
    console,
    counted,
    interval,
    opened,
    p_value,
    plain,
    points,
    print_json,
    print_notice,
    titled_table,
    unlabelled,
)
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.evaluation.ranking.pairwise import HEADLINE
from ocr_pipeline.inspection.current import comparisons, scoring_of
from ocr_pipeline.inspection.repeats import spreads
from ocr_pipeline.project import find_project
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.comparisons import ComparisonRow
from ocr_pipeline.warehouse.tables.flips import Flip

MAX_FLIPPED = 12
"""Flipped values printed per direction; `--json` has all."""


def compare(
    a: Annotated[str | None, typer.Argument(metavar="A", help="Backend.", show_default=False)] = None,
    b: Annotated[str | None, typer.Argument(metavar="B", help="Backend to compare A with.", show_default=False)] = None,
    dataset: DatasetOption = None,
    field: ScoredFieldOption = None,
    as_json: JsonOption = False,
) -> None:
    """Test whether one backend is better than another.

    Shows F1 of A minus F1 of B in points, on the documents that both were run on, with p as it is and corrected (Holm) for
    the fields of this pair, then the values that only A or only B has right. Without A and B: every pair, p corrected for
    all pairs, and where the winner depends on the scoring rules.
    """
    if a is None:
        _every_pair(dataset, field, as_json=as_json)
    elif b is None or a == b:
        raise ConfigurationError("Name two different backends, or none to compare every pair.")
    else:
        _pair(a, b, dataset, field, as_json=as_json)


def _pair(a: str, b: str, dataset: str | None, field: str | None, *, as_json: bool) -> None:
    project = find_project()
    scoring = scoring_of(project)
    with opened(project).snapshot() as snapshot:
        view = comparisons(snapshot, scoring, pair=(a, b), dataset=dataset, field=field)
        rows = view.rows
        if not rows and not view.stale:
            _explain(snapshot, (a, b), dataset, field)
        single = None if field == ALL_FIELDS else field
        flipped = {
            name: tables.flips.flipped_values(snapshot, scoring, [(a, b)], name, single)[a, b].first
            for name in dict.fromkeys(row.dataset for row in rows)
        }
        notes = spreads(snapshot, dataset).notes_on([row for row in rows if row.rules == HEADLINE])
    print_notice(view.notice, as_json=as_json)
    if as_json:
        every = [{"dataset": name, **vars(value)} for name, values in flipped.items() for value in values]
        print_json({"comparisons": rows, "flipped": every, "notes": notes})
        return
    for name, values in flipped.items():
        of_dataset = [row for row in rows if row.dataset == name]
        console.print(_pair_table(name, a, b, [row for row in of_dataset if row.rules == "headline"]))
        _print_rules(of_dataset)
        for side, right, wrong in (("a", a, b), ("b", b, a)):
            _print_flipped(right, wrong, side, [value for value in values if value.right == side])
    _print_notes(notes)


def _pair_table(dataset: str, a: str, b: str, rows: Sequence[ComparisonRow]) -> Table:
    documents = max(row.documents for row in rows)
    table = titled_table(f"{dataset}: A = {a}, B = {b}, {counted(documents, 'document')} run by both")
    table.add_column("field", no_wrap=True)
    for name in ("n", "A", "B", "A - B \\[95 %]", "A/B right", "p", "p Holm"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        difference = points(row.difference, sign=True)
        table.add_row(
            row.field,
            str(row.n),
            points(row.f1_a),
            points(row.f1_b),
            difference + interval(row.difference_low, row.difference_high, sign=True),
            f"{row.a_better}/{row.b_better}",
            p_value(row.p),
            p_value(row.p_fields) + ("*" if _significant(row, row.p_fields) else " "),
        )
    table.caption = (
        "F1 in %. A/B right: documents where only A or only B is right (all_fields: has more values right). p Holm:"
        " corrected over all fields of this pair (all_fields: one test); * below 0.05."
    )
    table.caption_justify = "left"
    return table


def _significant(row: ComparisonRow, corrected: float) -> bool:
    from ocr_pipeline.evaluation.statistics.significance import ALPHA

    return bool(row.difference) and corrected < ALPHA


def _print_rules(rows: Sequence[ComparisonRow]) -> None:
    """Say where sign or significance changes under other rules."""
    headline = {row.field: row for row in rows if row.rules == "headline"}
    for row in rows:
        reference = headline.get(row.field)
        if row.rules == "headline" or reference is None:
            continue
        is_significant, was_significant = _significant(row, row.p_fields), _significant(reference, reference.p_fields)
        if is_significant != was_significant or (row.difference or 0) * (reference.difference or 0) < 0:
            console.print(
                f"The result for {row.field} depends on the rules: with {row.rules} rules the difference is"
                f" {points(row.difference, sign=True)}, p {p_value(row.p)}, corrected {p_value(row.p_fields)}."
            )


def _print_flipped(right: str, wrong: str, side: str, values: Sequence[Flip]) -> None:
    if not values:
        console.print(f"\nNo value is right in {right} only.")
        return
    table = titled_table(f"Right in {right} only: {counted(len(values), 'value')}")
    for name in ("document", "field", "label", wrong):
        table.add_column(plain(name), overflow="fold")
    other = "b" if side == "a" else "a"
    for value in values[:MAX_FLIPPED]:
        texts = (
            value.document_id,
            value.field,
            value.truth or "none",
            getattr(value, f"prediction_{other}") or "none",
        )
        table.add_row(*(plain(text) for text in texts))
    console.print(table)
    if len(values) > MAX_FLIPPED:
        console.print(f"… and {len(values) - MAX_FLIPPED} more; --json shows all, --field only one field.", style="dim")


def _every_pair(dataset: str | None, field: str | None, *, as_json: bool) -> None:
    project = find_project()
    with opened(project).snapshot() as snapshot:
        view = comparisons(
            snapshot, scoring_of(project), dataset=dataset, field=field or ALL_FIELDS, field_of_rules=field
        )
        rows = view.rows
        if not rows and not view.stale:
            _explain(snapshot, (), dataset, field)
        notes = spreads(snapshot, dataset).notes_on([row for row in rows if row.rules == HEADLINE])
    print_notice(view.notice, as_json=as_json)
    if as_json:
        print_json({"comparisons": rows, "rule_sensitivity": view.sensitivity, "notes": notes})
        return
    for name in dict.fromkeys(row.dataset for row in rows):
        table = titled_table(f"{name}: {field or 'all fields pooled'}, every pair")
        for column in ("A", "B"):
            table.add_column(column, overflow="fold")
        for column in ("docs", "A - B \\[95 %]", "disagree", "p", "p Holm"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in rows:
            if (row.dataset, row.rules) == (name, "headline"):
                table.add_row(
                    row.backend_a,
                    row.backend_b,
                    str(row.documents),
                    points(row.difference, sign=True) + interval(row.difference_low, row.difference_high, sign=True),
                    str(row.disagree),
                    p_value(row.p),
                    p_value(row.p_holm) + ("*" if _significant(row, row.p_holm) else " "),
                )
        pairs = counted(table.row_count, "pair")
        table.caption = f"p Holm: corrected over the {pairs} shown; * below 0.05. `compare A B` asks about one pair."
        table.caption_justify = "left"
        console.print(table)
        for rule in view.sensitivity:
            if rule.dataset == name and (rule.winner_changes or rule.significance_changes):
                lead = "a tie" if rule.best is None else f"{rule.best} ahead of {rule.second}"
                console.print(
                    f"The result for {rule.field} depends on the rules: with {rule.rules} rules {lead},"
                    f" {points(rule.difference, sign=True)}, corrected p {p_value(rule.p_holm)}."
                )
    _print_notes(notes)


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        console.print(plain(note), style="dim")


def _explain(reader: Reader, backends: Sequence[str], dataset: str | None, field: str | None) -> NoReturn:
    """Raise an error that says why there is no comparison."""
    if reason := unlabelled(reader, dataset):
        raise reason
    known = tables.comparisons.comparisons(reader, None, None)
    names = {name for row in known for name in (row.backend_a, row.backend_b)}
    if not known:
        raise ConfigurationError("No comparisons yet; run `ocr-pipeline run` with two backends first.")
    for name in backends:
        if name not in names:
            raise ConfigurationError(f"No comparison includes {name!r}; choose from {', '.join(sorted(names))}.")
    if dataset is not None and dataset not in {row.dataset for row in known}:
        raise ConfigurationError(f"No comparisons for data set {dataset!r}.")
    field_name = field or "any field"
    raise ConfigurationError(f"No document labelled for {field_name} was run by both backends.")
