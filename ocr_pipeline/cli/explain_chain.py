"""The steps of one backend in `ocr-pipeline explain`: engine, model calls, extractor."""

import json
from typing import TYPE_CHECKING

from rich.markup import escape

from ocr_pipeline.cli.explain_lines import moment, print_step, short
from ocr_pipeline.cli.output import console, counted, opened, plain
from ocr_pipeline.project import Project
from ocr_pipeline.untrusted import visible

if TYPE_CHECKING:
    from ocr_pipeline.backends.backend import Backends
    from ocr_pipeline.inspection.cases import Case, DocumentCases, EngineReading
    from ocr_pipeline.models.stored import StoredCall
    from ocr_pipeline.warehouse.tables.calls import CallRow
    from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
    from ocr_pipeline.warehouse.tables.words import OcrCell


def print_chain(project: Project, configured: "Backends", cases: "DocumentCases", case: "Case", *, calls: bool) -> None:
    """Print how the backend got from the file to its values; `calls` adds prompts and replies."""
    row = case.extraction
    reading = cases.readings.get(row.engine or "")
    if reading is not None:
        _print_engine(reading)
    for call in case.calls:
        _print_call(call)
    seconds = "" if row.seconds is None else f"{row.seconds:.3f} s, "
    fingerprint = short(row.extractor_fingerprint)
    print_step("extractor", f"{row.extractor}: {row.status}, {seconds}fingerprint {fingerprint}")
    if case.failed:
        print_step("", f"[red]{plain(row.message or row.reason or '')}[/]")
    _print_origin(row)
    state = _stale(project, configured, cases.document_id, case.backend)
    if state:
        print_step("", f"[yellow]{state}[/]")
    if calls:
        _print_stored_calls(project, case)


def _print_engine(reading: "EngineReading") -> None:
    row = reading.row
    confidence = "" if row.mean_confidence is None else f", mean confidence {row.mean_confidence:.3f}"
    seconds = "" if row.seconds is None else f", {row.seconds:.2f} s"
    words = ""
    if row.status == "ok":
        words = f"{counted(row.words or 0, 'word')} on {counted(row.pages or 0, 'page')}{confidence}{seconds}, "
    print_step("engine", f"{reading.engine}: {row.status}, {words}fingerprint {short(row.fingerprint)}")
    if row.status == "failed":
        print_step("", f"[red]{plain(row.message or row.reason or '')}[/]")
    for page, degrees in reading.rotations.items():
        if degrees:
            print_step("", f"page {page} was rotated by {degrees} degrees")
    _print_origin(row)


def _print_call(call: "CallRow") -> None:
    tokens = f"{call.input_tokens} tokens in, {call.output_tokens} out, " if call.input_tokens else ""
    cost = "cost unknown" if call.cost_usd is None else f"{call.cost_usd:.6f} USD"
    cached = ", cached (paid for earlier)" if call.from_store else ""
    version = plain(call.model_version or call.model)
    print_step("call", f"{call.purpose}, {version}: {tokens}{cost}{cached}, {call.seconds:.1f} s")
    attempts = counted(call.attempts, "attempt")
    print_step("", f"{call.finish}, {attempts}, {moment(call.asked_at)}, call {short(call.call_key)}")


def _print_origin(row: "OcrCell | ExtractionCell") -> None:
    print_step("", f"run {short(row.run_id)}, {moment(row.updated_at)}, result {short(row.result_key)}")


def _stale(project: Project, configured: "Backends", document_id: str, backend: str) -> str | None:
    """Why the stored result is not what a run would produce now."""
    from ocr_pipeline.planning.states import extraction_states

    with opened(project).snapshot() as snapshot:
        states = extraction_states(configured, [backend], [document_id], snapshot)
    stale = next((state for state in states if state.state == "stale"), None)
    return f"stale ({stale.why} changed); refresh with `ocr-pipeline run`" if stale else None


def _print_stored_calls(project: Project, case: "Case") -> None:
    from ocr_pipeline.models.stored import CALLS, StoredCall
    from ocr_pipeline.storage import open_store

    store = open_store(project)
    for row in case.calls:
        stored = store.load(CALLS, row.call_key, StoredCall)
        pruned = ": the reply is no longer in the store" if stored is None else ""
        console.print(f"\n[b]Call {short(row.call_key)}[/]{pruned}")
        if stored is not None:
            _print_stored_call(stored)


def _print_stored_call(stored: "StoredCall") -> None:
    request = stored.request
    parts = request.get("parts", [])
    texts = [part.get("text") or f"{part.get('media_type')}, {part.get('bytes')} bytes" for part in parts]
    prompt = [request["instructions"], *texts] if "instructions" in request else [json.dumps(request, indent=1)]
    for name, text in [*(("prompt", text) for text in prompt), ("raw reply", stored.raw)]:
        console.print(f"[dim]{name}[/]")
        console.print(escape(visible(text, longest=None)))
