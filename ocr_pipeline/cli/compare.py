"""`ocr-pipeline compare`: is one backend better than another, and on which documents."""

from typing import Annotated, Any

import typer

from ocr_pipeline.cli.output import (
    DatasetOption,
    FieldOption,
    JsonOption,
    Row,
    console,
    interval,
    opened,
    p_value,
    points,
    print_json,
    titled_table,
)
from ocr_pipeline.cli.text import plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import find_project

SHOWN = 12
"""Flipped values that are printed per direction; `--json` has them all."""


def compare(
    a: Annotated[str | None, typer.Argument(metavar="A", help="A backend.", show_default=False)] = None,
    b: Annotated[
        str | None, typer.Argument(metavar="B", help="The one to hold it against.", show_default=False)
    ] = None,
    dataset: DatasetOption = None,
    field: FieldOption = None,
    as_json: JsonOption = False,
) -> None:
    """Is A better than B, or is it luck? Without A and B: every pair, and whether the winner depends on the rules.

    Differences are F1 of A minus F1 of B in points, on the documents that both were run on; p is corrected for all pairs
    (Holm). Then the values that only one of them has right.
    """
    if a is None:
        _every_pair(dataset, field, as_json=as_json)
    elif b is None or a == b:
        raise ConfigurationError("Name two different backends to compare, or none for every pair.")
    else:
        _pair(a, b, dataset, field, as_json=as_json)


def _pair(a: str, b: str, dataset: str | None, field: str | None, *, as_json: bool) -> None:
    from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
    from ocr_pipeline.evaluation.scoring.settings import load_rules
    from ocr_pipeline.evaluation.scoring.version import SCORING_VERSION
    from ocr_pipeline.warehouse import tables

    project = find_project()
    scored_by = SCORING_VERSION, load_rules(project.evaluation_file).fingerprint
    with opened(project).snapshot() as snapshot:
        rows = tables.ranking.compared(snapshot, a, b, dataset, field)
        if not rows:
            _explain(tables.ranking.compared_names(snapshot), (a, b), dataset, field)
        single = None if field == ALL_FIELDS else field
        flipped = {
            name: tables.scores.flipped_values(snapshot, a, b, *scored_by, name, single)
            for name in dict.fromkeys(row["dataset"] for row in rows)
        }
    if as_json:
        every = [{"dataset": name, **value} for name, values in flipped.items() for value in values]
        print_json({"comparisons": rows, "flipped": every})
        return
    for name, values in flipped.items():
        of_dataset = [row for row in rows if row["dataset"] == name]
        console.print(_pair_table(name, a, b, [row for row in of_dataset if row["rules"] == "headline"]))
        _print_rules(of_dataset)
        for side, right, wrong in (("a", a, b), ("b", b, a)):
            _print_flipped(right, wrong, side, [value for value in values if value["right"] == side])


def _pair_table(dataset: str, a: str, b: str, rows: list[Row]) -> Any:
    documents = max(row["documents"] for row in rows)
    table = titled_table(f"{dataset}: A = {a}, B = {b}, {documents} documents of both")
    table.add_column("field", no_wrap=True)
    for name in ("n", "A", "B", "A - B \\[95 %]", "A/B right", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        difference = points(row["difference"], sign=True)
        table.add_row(
            row["field"],
            str(row["n"]),
            points(row["f1_a"]),
            points(row["f1_b"]),
            difference + interval(row["difference_low"], row["difference_high"], sign=True),
            f"{row['a_better']}/{row['b_better']}",
            p_value(row["p_holm"]) + ("*" if _significant(row) else " "),
        )
    table.caption = (
        "F1 in %. A/B right: documents in which only A or only B is right (all_fields: has more right). p: Holm over all"
        " pairs; * below 0.05."
    )
    table.caption_justify = "left"
    return table


def _significant(row: Row) -> bool:
    from ocr_pipeline.evaluation.statistics.significance import ALPHA

    return bool(row["difference"]) and row["p_holm"] < ALPHA


def _print_rules(rows: list[Row]) -> None:
    """Where the sign or the significance is another one under other rules."""
    headline = {row["field"]: row for row in rows if row["rules"] == "headline"}
    for row in rows:
        usual = headline.get(row["field"])
        if row["rules"] == "headline" or usual is None:
            continue
        if _significant(row) != _significant(usual) or (row["difference"] or 0) * (usual["difference"] or 0) < 0:
            console.print(
                f"By the rules {row['rules']}, {row['field']} differs by {points(row['difference'], sign=True)}, "
                f"p {p_value(row['p_holm'])}: the answer depends on the rules.",
            )


def _print_flipped(right: str, wrong: str, side: str, values: list[Row]) -> None:
    if not values:
        console.print(f"\nNothing that only {right} has right.")
        return
    table = titled_table(f"Only {right} is right: {len(values)} values")
    for name in ("document", "field", "truth", f"{wrong} says"):
        table.add_column(plain(name), overflow="fold")
    other = "b" if side == "a" else "a"
    for value in values[:SHOWN]:
        texts = (
            value["document_id"],
            value["field"],
            value["truth"] or "nothing",
            value[f"prediction_{other}"] or "nothing",
        )
        table.add_row(*(plain(text) for text in texts))
    console.print(table)
    if len(values) > SHOWN:
        console.print(
            f"… and {len(values) - SHOWN} more; --json lists them all, --field those of one field.", style="dim"
        )


def _every_pair(dataset: str | None, field: str | None, *, as_json: bool) -> None:
    from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
    from ocr_pipeline.warehouse import tables

    with opened(find_project()).snapshot() as snapshot:
        rows = tables.ranking.compared(snapshot, None, None, dataset, field or ALL_FIELDS)
        sensitivity = tables.ranking.rule_sensitivity(snapshot, dataset, field)
        if not rows:
            _explain(tables.ranking.compared_names(snapshot), (), dataset, field)
    if as_json:
        print_json({"comparisons": rows, "rule_sensitivity": sensitivity})
        return
    for name in dict.fromkeys(row["dataset"] for row in rows):
        table = titled_table(f"{name}: {field or 'all fields together'}, every pair")
        for column in ("A", "B"):
            table.add_column(column, overflow="fold")
        for column in ("docs", "A - B \\[95 %]", "disagree", "p"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in rows:
            if (row["dataset"], row["rules"]) == (name, "headline"):
                table.add_row(
                    row["backend_a"],
                    row["backend_b"],
                    str(row["documents"]),
                    points(row["difference"], sign=True)
                    + interval(row["difference_low"], row["difference_high"], sign=True),
                    str(row["disagree"]),
                    p_value(row["p_holm"]) + ("*" if _significant(row) else " "),
                )
        console.print(table)
        for row in sensitivity:
            if row["dataset"] == name and (row["winner_changes"] or row["significance_changes"]):
                lead = "a tie" if row["best"] is None else f"{row['best']} before {row['second']}"
                console.print(
                    f"{row['field']} depends on the rules: by {row['rules']}, {lead}, "
                    f"{points(row['difference'], sign=True)}, p {p_value(row['p_holm'])}."
                )


def _explain(known: list[Row], backends: tuple[str, ...], dataset: str | None, field: str | None) -> None:
    """Say why there is no comparison."""
    names = {row["backend"] for row in known}
    if not known:
        raise ConfigurationError("There are no comparisons yet: run `ocr-pipeline run` with two backends first.")
    for name in backends:
        if name not in names:
            raise ConfigurationError(f"{name!r} is in no comparison; known are {', '.join(sorted(names))}.")
    if dataset is not None and dataset not in {row["dataset"] for row in known}:
        raise ConfigurationError(f"There are no comparisons of the data set {dataset!r}.")
    of = f" of {field}" if field else ""
    raise ConfigurationError(f"There is no comparison{of} here: no document with such a label was read by both.")
