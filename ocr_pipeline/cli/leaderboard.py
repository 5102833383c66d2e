"""`ocr-pipeline leaderboard`: which backend reads best, overall, by field or by slice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ocr_pipeline.cli.options import DatasetOption, JsonOption, TestsetOption
from ocr_pipeline.cli.output import (
    console,
    counted,
    interval,
    no_scores,
    not_run,
    opened,
    plain,
    points,
    print_json,
    print_notice,
    titled_table,
)
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.inspection import current, repeats
from ocr_pipeline.inspection.answer import answer
from ocr_pipeline.inspection.configured import configured as configuration
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.plain import is_plain
from ocr_pipeline.project import Project, find_project

if TYPE_CHECKING:
    from ocr_pipeline.backends.backend import Backends
    from ocr_pipeline.warehouse.connection import Reader
    from ocr_pipeline.warehouse.tables.current import Scoring
    from ocr_pipeline.warehouse.tables.places import EvidenceBoardRow
    from ocr_pipeline.warehouse.tables.ranking import BoardRow, FieldRow

WIDE = 100
"""Terminal columns from which on strict and lenient F1, and what values were read from, have columns (else a note)."""


def leaderboard(
    dataset: DatasetOption = None,
    testset: TestsetOption = None,
    fields: Annotated[
        bool, typer.Option("--fields", "-f", help="Show every field: n, wrong/missing/spurious, precision, recall, F1.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="DIMENSION",
            help="Show F1 by document_type, language, currency, confidence, pages, dataset or split.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Rank backends by F1, with failures, time and cost.

    F1 is shown with its 95 % interval, seconds and cost per document. The column `right` counts documents without any
    error. A failed document counts as missing in every field.
    """
    project = find_project()
    if testset is not None:
        from ocr_pipeline.cli.testset_scores import show_testset

        show_testset(project, testset, dataset, fields=fields, as_json=as_json)
    elif by is not None:
        from ocr_pipeline.cli.slices import show_slices

        show_slices(project, by, dataset, as_json=as_json)
    else:
        show_leaderboard(project, dataset, fields=fields, as_json=as_json)


def show_leaderboard(project: Project, dataset: str | None, *, fields: bool = False, as_json: bool = False) -> None:
    """Print the leaderboard of one data set or of all.

    Raises:
        ConfigurationError: nothing was scored.
    """
    with opened(project).snapshot() as snapshot:
        scoring = scoring_of(project)
        view = current.leaderboard(snapshot, scoring, dataset)
        if not view.stale and not any(board.labelled_documents for board in view.boards):
            raise no_scores(snapshot, dataset=dataset)
        if not as_json:
            _print_boards(project, snapshot, view, scoring, dataset, fields=fields)
            return
        spread = repeats.spreads(snapshot, dataset).rows
        notes = repeats.notes_on_models(backends, snapshot) if (backends := _to_note(project, view.boards)) else {}
    print_notice(view.notice, as_json=True)
    print_json(
        {
            "leaderboard": view.boards,
            "fields": view.fields,
            "evidence": view.evidence,
            "repeats": spread,
            "notes": notes,
        }
    )


def show_scores(project: Project, dataset: str | None, *, reasons: bool = True) -> bool:
    """Print the leaderboard as far as there are labels; whether there are any. `reasons`: also why backends were not run."""
    with opened(project).snapshot() as snapshot:
        scoring = scoring_of(project)
        view = current.leaderboard(snapshot, scoring, dataset)
        _print_boards(project, snapshot, view, scoring, dataset, reasons=reasons)
    return any(board.labelled_documents for board in view.boards)


def _print_boards(
    project: Project,
    snapshot: "Reader",
    view: current.Leaderboard,
    scoring: "Scoring",
    dataset: str | None,
    *,
    fields: bool = False,
    reasons: bool = True,
) -> None:
    """The answer, the tables and the notes of each data set with labels."""
    boards, rows = view.boards, view.fields
    configured, spread = _to_note(project, boards), repeats.spreads(snapshot, dataset)
    notes = repeats.notes(project, configured, snapshot) if configured else {}
    competitors = configured.competitors if configured else configuration(project).competitors
    pairs = current.comparisons(snapshot, scoring, dataset=dataset, field=ALL_FIELDS).rows
    print_notice(view.notice, as_json=False)
    for name in dict.fromkeys(board.dataset for board in boards if board.labelled_documents):
        of_dataset = [board for board in boards if board.dataset == name]
        if sentence := answer(name, of_dataset, rows, pairs, competitors, spread):
            console.print(f"[b]{plain(name)}:[/] {plain(sentence)}\n")
        console.print(leaderboard_table(name, of_dataset, rows))
        if fields:
            for board in ranked(of_dataset, rows):
                console.print(field_table(board, rows, console.width), *spread_tables(spread, board), sep="")
        else:
            console.print(f1_table(name, of_dataset, rows))
        if table := evidence_table(name, view.evidence_of(name), of_fields=fields):
            console.print(table)
        for note in [*(note for board in of_dataset for note in _notes(board)), *notes.get(name, ())]:
            console.print(plain(note), style="dim")
        skipped = {board.backend: board.message or "" for board in of_dataset if board.status == "not_run"}
        if skipped and reasons:
            console.print(plain(not_run(skipped)), style="dim")


def _to_note(project: Project, boards: "Sequence[BoardRow]") -> "Backends | None":
    """All backends, if there may be something to note about those that ran."""
    if is_plain(project, {board.backend for board in boards if board.status != "not_run"}):
        return None
    from ocr_pipeline.backends.backend import load_backends

    return load_backends(project)


def _notes(board: "BoardRow") -> list[str]:
    """What to know about the numbers of one backend."""
    notes = []
    if board.reads_more_than_pages and console.width < WIDE:
        notes.append(f"{board.backend}: read from {board.sources}.")
    if board.reported:
        notes.append(f"{board.backend}: seconds and cost as reported, not measured here.")
    if board.status != "not_run" and (missing := board.missing_documents):
        notes.append(f"{board.backend}: {counted(missing, 'labelled document')} without a current score.")
    return notes


def leaderboard_table(dataset: str, boards: "Sequence[BoardRow]", fields: "Sequence[FieldRow]") -> Table:
    """One row per backend that ran, best F1 first. All fields together."""
    overall = _overall(boards, fields)
    labelled = max((board.labelled_documents or 0 for board in boards), default=0)
    table = titled_table(f"{dataset}: {counted(labelled, 'labelled document')}, all fields pooled")
    table.add_column("backend", overflow="fold")
    for name in ("docs", "failed", "F1 % \\[95 %]", "prec.", "recall", "right", "s/doc", "$/doc"):
        table.add_column(name, justify="right", no_wrap=True)
    sources = console.width >= WIDE and any(board.reads_more_than_pages for board in boards)
    if sources:
        table.add_column("read from", overflow="fold")
    for board in ranked(boards, fields):
        total = overall[board.backend]
        table.add_row(
            board.backend,
            str(board.documents),
            str(board.failures),
            points(total.f1) + interval(total.f1_low, total.f1_high),
            points(total.precision),
            points(total.recall),
            f"{board.accurate_documents}/{board.labelled_documents}",
            _number(board.seconds_per_document, 2),
            "0" if board.cost_per_document == 0 else _number(board.cost_per_document, 4),
            *([board.sources] if sources else []),
        )
    return table


def _overall(boards: "Sequence[BoardRow]", fields: "Sequence[FieldRow]") -> "dict[str, FieldRow]":
    """By backend, the row of all fields pooled, for boards of one data set."""
    datasets = {board.dataset for board in boards}
    return {row.backend: row for row in fields if row.dataset in datasets and row.field == ALL_FIELDS}


def ranked(boards: "Sequence[BoardRow]", fields: "Sequence[FieldRow]") -> "list[BoardRow]":
    """The backends of one data set that ran, best F1 first."""
    overall = _overall(boards, fields)
    ran = [board for board in boards if board.status == "ok"]
    return sorted(ran, key=lambda board: -(overall[board.backend].f1 or 0))


def f1_table(dataset: str, boards: "Sequence[BoardRow]", fields: "Sequence[FieldRow]") -> Table:
    """F1 of every field, one column per backend."""
    of_dataset = [row for row in fields if row.dataset == dataset]
    backends = [board.backend for board in ranked(boards, fields)]
    table = titled_table(f"{dataset}: F1 in % by field")
    table.add_column("field", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for name in backends:
        table.add_column(name.replace("+", "\n+"), justify="right", overflow="fold")
    by_field: dict[str, dict[str, FieldRow]] = {}
    for row in of_dataset:
        by_field.setdefault(row.field, {})[row.backend] = row
    for field, cells in by_field.items():
        n = max(cell.n for cell in cells.values())
        table.add_row(field, str(n), *(points(cells[name].f1) if name in cells else "–" for name in backends))
    return table


def field_table(board: "BoardRow", fields: "Sequence[FieldRow]", width: int) -> Table:
    """One row per field of one backend; w/m/s: wrong, missing and spurious values. `width` of the terminal, in columns."""
    table = titled_table(f"{board.dataset}: {board.backend}")
    table.add_column("field", no_wrap=True)
    other_rules = ("f1_strict", "f1_lenient") if width >= WIDE else ()
    for name in (
        "n",
        "w/m/s",
        "precision %",
        "recall %",
        "F1 % \\[95 %]",
        *(name.removeprefix("f1_") for name in other_rules),
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for row in fields:
        if (row.dataset, row.backend) == (board.dataset, board.backend):
            table.add_row(
                row.field,
                str(row.n),
                f"{row.wrong}/{row.missing}/{row.spurious}",
                points(row.precision) + interval(row.precision_low, row.precision_high),
                points(row.recall) + interval(row.recall_low, row.recall_high),
                points(row.f1) + interval(row.f1_low, row.f1_high),
                *(points(getattr(row, name)) for name in other_rules),
            )
    return table


def evidence_table(dataset: str, evidence: "Sequence[EvidenceBoardRow]", *, of_fields: bool) -> Table | None:
    """Where values were read, of labels with places; None if there are none. `of_fields`: a row for each field."""
    shown = [row for row in evidence if of_fields or row.field == ALL_FIELDS]
    if not shown:
        return None
    table = titled_table(f"{dataset}: evidence against the places on labels, IoU ≥ 0.5")
    for name in ("backend", *(("field",) if of_fields else ())):
        table.add_column(name, overflow="fold")
    for name in ("n", "F1 % \\[95 %]", "page %", "no box", "right, but read elsewhere"):
        table.add_column(name, justify="right", overflow="fold")
    for row in shown:
        table.add_row(
            row.backend,
            *((row.field,) if of_fields else ()),
            str(row.n),
            points(row.f1) + interval(row.f1_low, row.f1_high),
            points(row.page_accuracy),
            str(row.no_box),
            f"{row.right_elsewhere} of {row.right_values}",
        )
    return table


def spread_tables(spread: repeats.Spreads, board: "BoardRow") -> list[Table]:
    """How far one backend varies, one row per field; none if its model was asked once."""
    rows = [row for row in spread.of_dataset(board.dataset) if row.backend == board.backend]
    if not rows:
        return []
    table = titled_table(f"{rows[0].dataset}: {rows[0].backend}, {rows[0].repeats} answers per document")
    table.add_column("field", no_wrap=True)
    for name in ("docs", "another value", "F1 % first", "mean", "min", "max"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.field,
            str(row.documents),
            f"{row.differing} ({points(row.share_differing)} %)",
            *(points(value) for value in (row.f1_first, row.f1_mean, row.f1_min, row.f1_max)),
        )
    return [table]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
