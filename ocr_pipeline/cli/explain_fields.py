"""The values of one backend in `ocr-pipeline explain`: what is wrong, why, and where it stands on the page."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ocr_pipeline.cli.explain_lines import CELL, moment, print_step
from ocr_pipeline.cli.output import console, counted, plain, titled_table
from ocr_pipeline.evaluation.statistics.counts import RIGHT
from ocr_pipeline.schemas import NO_PAGE

if TYPE_CHECKING:
    from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading, FieldCase, Place
    from ocr_pipeline.inspection.changes import Change

SIGNS = {
    "correct": "[green]✓[/]",
    "wrong": "[red]✗[/]",
    "missing": "[yellow]∅[/]",
    "spurious": "[magenta]+[/]",
    "both_empty": "",
    None: "[dim]?[/]",
}

MAX_ALTERNATIVES = 5
"""Candidates shown that were not chosen."""


def print_fields(cases: "DocumentCases", case: "Case", field: str | None) -> None:
    """Print one field, or every error and a line with the fields that are right."""
    reading = cases.readings.get(case.extraction.engine or "")
    values = [value for value in case.fields if field in (None, value.field)]
    for value in values:
        if value.is_wrong or field is not None:
            _print_field(value, case, reading)
    right = [value.field for value in values if not value.is_wrong and value.outcome and field is None]
    if right:
        console.print(f"\n{SIGNS['correct']} right: {', '.join(right)}", soft_wrap=False)


def _print_field(value: "FieldCase", case: "Case", reading: "EngineReading | None") -> None:
    console.print(f"\n{SIGNS[value.outcome]} [b]{value.field}[/] {value.outcome or 'no label or no current score'}")
    if value.labelled:
        print_step("label", "none" if value.truth is None else plain(value.truth))
    print_step("extracted", "none" if value.value is None else plain(value.value))
    if value.others or value.read_from not in (None, "page"):
        beside = "".join(f"; {source}: {plain(text)}" for source, text in value.others.items())
        print_step("read from", f"{value.read_from or 'not known'}{beside}")
    if value.outcome_strict:
        print_step("rules", f"strict {value.outcome_strict}, lenient {value.outcome_lenient}")
    if value.attribution:
        print_step("attribution", f"{value.attribution}: {plain(value.reason or '')}")
    if value.confidence is not None:
        print_step("confidence", f"{value.confidence:.2f} ({value.calibration} calibration)")
    if value.correction:
        print_step("corrected", plain(value.correction))
    _print_places(value, case, reading)
    _print_alternatives(value)


def _print_places(value: "FieldCase", case: "Case", reading: "EngineReading | None") -> None:
    if value.evidence:
        parts = (value.method, "" if value.score is None else f"score {value.score:.2f}")
        how = ", ".join(part for part in parts if part)
        print_step("found at", f"{_where(value.evidence)}{f' ({plain(how)})' if how else ''}")
        _print_lines(reading, value.evidence)
    elif value.value is not None and not case.failed:
        print_step("found at", "not reported by the backend, and not found on the page")
    if value.label_place and (value.evidence is None or value.label_place.box != value.evidence.box):
        print_step("label at", _where(value.label_place))
        _print_lines(reading, value.label_place)


def _print_alternatives(value: "FieldCase") -> None:
    alternatives = [row for row in value.candidates if not row.chosen][:MAX_ALTERNATIVES]
    for number, row in enumerate(alternatives):
        details = f"(score {row.score:.2f}; {plain(row.reason or '')})"
        print_step("" if number else "alternatives", f"{plain(row.value)} {details}")


def _print_lines(reading: "EngineReading | None", place: "Place") -> None:
    from ocr_pipeline.inspection.lines import lines_around

    if reading is None:
        return
    for line in lines_around(reading, place):
        words = (
            f"[reverse]{plain(word)}[/]" if marked else plain(word)
            for word, marked in zip(line.words, line.marked, strict=True)
        )
        print_step("", f"[dim]│[/] {' '.join(words)}")


def print_lists(case: "Case") -> None:
    """Print the cells of line items and tax lines that are wrong, missing or spurious."""
    errors = [row for row in case.cells if row.outcome not in RIGHT]
    if not errors:
        return
    table = titled_table(f"{counted(len(errors), 'error')} in line items and tax lines")
    for name in ("list, row", "column", "label", "extracted"):
        table.add_column(name, overflow="fold")
    for row in errors:
        position = row.truth_position if row.truth_position is not None else row.prediction_position
        table.add_row(
            f"{row.list} {(position or 0) + 1}",
            row.column_name,
            plain(row.truth or "", longest=CELL),
            plain(row.prediction or "", longest=CELL),
        )
    console.print()
    console.print(table)


def print_changes(changed: Iterable["Change"]) -> None:
    """Print the outcomes that differ from the previous evaluation."""
    for change in changed:
        console.print(
            f"\n{change.field} changed from {change.before} to {change.now} in the evaluation of"
            f" {moment(change.evaluated_at)}."
        )


def _where(place: "Place") -> str:
    left, top, right, bottom = place.box
    text = f" “{plain(place.text)}”" if place.text else ""
    if place.page == NO_PAGE:
        return f"on no page{text}"
    return f"page {place.page}, x {left:.3f} to {right:.3f}, y {top:.3f} to {bottom:.3f}{text}"
