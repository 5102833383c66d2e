"""`ocr-pipeline explain`: one document, followed from the file to the attribution."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ocr_pipeline.cli.output import BackendOption, JsonOption, check_known, console, opened, print_json, titled_table
from ocr_pipeline.cli.text import plain
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project, find_project
from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline.untrusted import visible

if TYPE_CHECKING:
    from ocr_pipeline.backends.backend import Backends
    from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading, FieldCase, Place
    from ocr_pipeline.inspection.changes import Change
    from ocr_pipeline.models.calls import StoredCall

CELL = 80
"""Characters of a value in a table."""

SIGNS = {
    "correct": "[green]✓[/]",
    "wrong": "[red]✗[/]",
    "missing": "[yellow]∅[/]",
    "spurious": "[magenta]+[/]",
    "both_empty": "",
    None: "[dim]?[/]",
}


def explain(
    document: Annotated[str, typer.Argument(help="The id of a document: `ocr-pipeline documents` lists them.")],
    backend: BackendOption = None,
    field: Annotated[str | None, typer.Option("--field", "-f", help="Only this field, like total_amount.")] = None,
    calls: Annotated[
        bool, typer.Option("--calls", help="The prompt and the raw reply of each model call, too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Follow what was read from a document back to where it came from.

    Without --backend: all backends beside the label. With it: the chain from the file to the attribution, with fingerprints,
    times, costs and runs, the words around every error, what has changed, and the command to do it again.
    """
    from ocr_pipeline.backends.backend import load_backends
    from ocr_pipeline.inspection.cases import load_case
    from ocr_pipeline.inspection.changes import changes

    project = find_project()
    configured = load_backends(project)
    check_known("field", field, FIELD_KINDS)
    check_known("backend", backend, configured)
    with opened(project).snapshot() as snapshot:
        found = load_case(snapshot, document, list(configured), words=as_json or backend is not None)
        changed = changes(snapshot, document, backend) if backend is not None else []
    if backend is not None and backend not in found.cases:
        raise ConfigurationError(f"{backend} was not run on {document}: `ocr-pipeline run` does it.")
    if as_json:
        cases = [found.cases[backend]] if backend else found.cases.values()
        print_json({**asdict(found), "cases": {case.backend: asdict(case) for case in cases}})
        return
    _print_document(found)
    if backend is None:
        _print_side_by_side(found, field)
        return
    case = found.cases[backend]
    _print_chain(project, configured, found, case)
    if calls:
        _print_calls(project, case)
    shown = [one for one in case.fields if field in (None, one.field)]
    _print_fields(found, case, shown, everything=field is not None)
    if field in (None, "line_items"):
        _print_lists(case)
    _print_changes([one for one in changed if field in (None, one.field)])
    again = " --fresh" if case.calls else " --all"
    console.print(
        f"\nAgain: [b]ocr-pipeline run --documents {plain(document)} --backends {backend}{again}[/]", soft_wrap=True
    )


# ---- the document, and all backends beside each other ----------------------------------------------------------------


def _print_document(found: "DocumentCases") -> None:
    row, label = found.document, found.label
    console.print(f"[b]{plain(found.document_id)}[/], data set {plain(row['dataset'])}")
    size = f"{row['size_bytes']:,} bytes, {row['pages']} pages, " if row["size_bytes"] else ""
    _step(
        "file", f"{plain(row['path'])}: {row['media_type'] or 'of no known type'}, {size}sha256 {_short(row['sha256'])}"
    )
    if row["status"] == "failed":
        _step("", f"[red]{plain(row['message'] or row['reason'])}[/]")
    if found.duplicate and found.duplicate["duplicate_of"]:
        _step("", f"{found.duplicate['kind']} duplicate of {plain(found.duplicate['duplicate_of'])}")
    if label is None:
        _step("label", "none: nothing is scored")
    else:
        fields = f"{len(found.truth)} fields, " if label["status"] == "ok" else ""
        _step("label", f"{label['status']}, {fields}sha256 {_short(label['label_sha256'])}")
    for issue in found.issues:
        _step("", f"[yellow]{issue['field']} is in doubt:[/] {plain(issue['reason'])}")


def _print_side_by_side(found: "DocumentCases", field: str | None) -> None:
    if not found.cases:
        console.print("No backend was run on it.")
        return
    table = titled_table("")
    table.add_column("field", no_wrap=True)
    table.add_column("label", overflow="fold")
    for name in found.cases:
        table.add_column(name.replace("+", "\n+"), overflow="fold")
    names = {one.field for case in found.cases.values() for one in case.fields} | found.truth.keys()
    for name in FIELD_KINDS:
        if name in names and field in (None, name):
            cells = [_beside(case.field(name), case) for case in found.cases.values()]
            truth = found.truth.get(name)
            labelled = (
                ""
                if truth is None
                else "[dim]nothing[/]"
                if truth["value"] is None
                else plain(truth["value"], longest=CELL)
            )
            table.add_row(name, labelled, *cells)
    console.print(table)
    for name, case in found.cases.items():
        if case.failed:
            console.print(f"{name} failed: {plain(case.extraction['message'] or case.extraction['reason'])}")
    console.print("✓ correct  ✗ wrong  ∅ missing  + spurious  ? not scored.  Next: the same with [b]--backend NAME[/].")


def _beside(one: "FieldCase | None", case: "Case") -> str:
    if one is None:
        return "[red]failed[/]" if case.failed else ""
    return " ".join(part for part in (SIGNS[one.outcome], plain(one.value or "", longest=CELL)) if part)


# ---- the chain of one backend ----------------------------------------------------------------------------------------


def _print_chain(project: Project, configured: "Backends", found: "DocumentCases", case: "Case") -> None:
    row = case.extraction
    reading = found.readings.get(row["engine"] or "")
    if reading is not None:
        _print_reading(reading)
    for call in case.calls:
        usage = f"{call['input_tokens']} tokens in, {call['output_tokens']} out, " if call["input_tokens"] else ""
        cost = "cost not known" if call["cost_usd"] is None else f"{call['cost_usd']:.6f} USD"
        kept = ", paid for before" if call["from_store"] else ""
        version = plain(call["model_version"] or call["model"])
        _step("call", f"{call['purpose']}, {version}: {usage}{cost}{kept}, {call['seconds']:.1f} s")
        _step(
            "",
            f"{call['finish']}, attempts: {call['attempts']}, {_time(call['asked_at'])}, call {_short(call['call_key'])}",
        )
    seconds = "" if row["seconds"] is None else f"{row['seconds']:.3f} s, "
    _step(
        "extractor", f"{row['extractor']}: {row['status']}, {seconds}fingerprint {_short(row['extractor_fingerprint'])}"
    )
    if case.failed:
        _step("", f"[red]{plain(row['message'] or row['reason'])}[/]")
    _step("", f"run {_short(row['run_id'])}, {_time(row['updated_at'])}, result {_short(row['result_key'])}")
    state = _stale(project, configured, found.document_id, case.backend)
    if state:
        _step("", f"[yellow]{state}[/]")


def _print_reading(reading: "EngineReading") -> None:
    row = reading.row
    sure = "" if row["mean_confidence"] is None else f", mean confidence {row['mean_confidence']:.3f}"
    seconds = "" if row["seconds"] is None else f", {row['seconds']:.2f} s"
    words = f"{row['words']} words on {row['pages']} pages{sure}{seconds}, " if row["status"] == "ok" else ""
    _step("engine", f"{reading.engine}: {row['status']}, {words}fingerprint {_short(row['fingerprint'])}")
    if row["status"] == "failed":
        _step("", f"[red]{plain(row['message'] or row['reason'])}[/]")
    for page, degrees in reading.rotations.items():
        if degrees:
            _step("", f"page {page} was turned by {degrees} degrees")
    _step("", f"run {_short(row['run_id'])}, {_time(row['updated_at'])}, result {_short(row['result_key'])}")


def _stale(project: Project, configured: "Backends", document_id: str, backend: str) -> str | None:
    """Why the result is not what would come out today."""
    from ocr_pipeline.planning.states import extraction_states

    with opened(project).snapshot() as snapshot:
        states = extraction_states(configured, [backend], [document_id], snapshot)
    stale = next((state for state in states if state.state == "stale"), None)
    return f"out of date: {stale.why} changed since; `ocr-pipeline run` does it again" if stale else None


def _print_calls(project: Project, case: "Case") -> None:
    from ocr_pipeline.models.calls import CALLS, StoredCall
    from ocr_pipeline.store import ResultStore

    store = ResultStore(project.results)
    for row in case.calls:
        stored = store.load(CALLS, row["call_key"], StoredCall)
        console.print(
            f"\n[b]Call {_short(row['call_key'])}[/]"
            + (": its reply is not in the store any more" if stored is None else "")
        )
        if stored is not None:
            _print_call(stored)


def _print_call(stored: "StoredCall") -> None:
    request = stored.request
    parts = request.get("parts", [])
    texts = [part.get("text") or f"{part.get('media_type')}, {part.get('bytes')} bytes" for part in parts]
    asked = [request["instructions"], *texts] if "instructions" in request else [json.dumps(request, indent=1)]
    for name, text in [*(("asked", text) for text in asked), ("raw reply", stored.raw)]:
        console.print(f"[dim]{name}[/]")
        console.print(escape(visible(text, longest=None)))


def _print_fields(found: "DocumentCases", case: "Case", shown: Sequence["FieldCase"], *, everything: bool) -> None:
    reading = found.readings.get(case.extraction["engine"] or "")
    right = [one.field for one in shown if not one.is_wrong and not everything and one.outcome]
    for one in shown:
        if not one.is_wrong and not everything:
            continue
        console.print(f"\n{SIGNS[one.outcome]} [b]{one.field}[/] {one.outcome or 'not labelled, or not scored since'}")
        if one.labelled:
            _step("labelled", "nothing" if one.truth is None else plain(one.truth))
        _step("given", "nothing" if one.value is None else plain(one.value))
        if one.outcome_strict:
            _step("rules", f"strict {one.outcome_strict}, lenient {one.outcome_lenient}")
        if one.attribution:
            _step("attribution", f"{one.attribution}: {plain(one.reason or '')}")
        if one.confidence is not None:
            _step("confidence", f"{one.confidence:.2f}")
        if one.correction:
            _step("corrected", plain(one.correction))
        if one.evidence:
            how = ", ".join(
                part for part in (one.method, "" if one.score is None else f"score {one.score:.2f}") if part
            )
            _step("read at", f"{_where(one.evidence)}{f' ({plain(how)})' if how else ''}")
            _print_lines(reading, one.evidence)
        elif one.value is not None and not case.failed:
            _step("read at", "the backend does not say, and nobody finds it on the page")
        if one.label_place and (one.evidence is None or one.label_place.box != one.evidence.box):
            _step("label at", _where(one.label_place))
            _print_lines(reading, one.label_place)
        others = [row for row in one.candidates if not row["chosen"]][:5]
        for row in others:
            _step(
                "or" if row is others[0] else "",
                f"{plain(row['value'])} (score {row['score']:.2f}; {plain(row['reason'] or '')})",
            )
    if right:
        console.print(f"\n{SIGNS['correct']} right: {', '.join(right)}", soft_wrap=False)


def _print_lines(reading: "EngineReading | None", place: "Place") -> None:
    from ocr_pipeline.inspection.lines import lines_around

    if reading is None:
        return
    for line in lines_around(reading, place):
        words = (
            f"[reverse]{plain(word)}[/]" if marked else plain(word)
            for word, marked in zip(line.words, line.marked, strict=True)
        )
        _step("", f"[dim]│[/] {' '.join(words)}")


def _print_lists(case: "Case") -> None:
    wrong = [row for row in case.cells if row["outcome"] not in ("correct", "both_empty")]
    if not wrong:
        return
    table = titled_table(f"{len(wrong)} cells of lists are not right")
    for name in ("list, row", "column", "labelled", "given"):
        table.add_column(name, overflow="fold")
    for row in wrong:
        position = row["truth_position"] if row["truth_position"] is not None else row["prediction_position"]
        table.add_row(
            f"{row['list']} {position + 1}",
            row["column_name"],
            plain(row["truth"] or "", longest=CELL),
            plain(row["prediction"] or "", longest=CELL),
        )
    console.print()
    console.print(table)


def _print_changes(changed: Iterable["Change"]) -> None:
    for one in changed:
        console.print(
            f"\n{one.field} was {one.before} in the evaluation before, and is {one.now} since {_time(one.evaluated_at)}."
        )


def _step(name: str, text: str) -> None:
    line = Table.grid(padding=(0, 1))
    line.add_column(width=13)
    line.add_column(overflow="fold")
    line.add_row(f"  [dim]{name}[/]", text)
    console.print(line)


def _where(place: "Place") -> str:
    left, top, right, bottom = place.box
    text = f" “{plain(place.text)}”" if place.text else ""
    return f"page {place.page}, x {left:.3f} to {right:.3f}, y {top:.3f} to {bottom:.3f}{text}"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _short(value: Any) -> str:
    return "–" if value is None else str(value)[:12]
