"""`ocr-pipeline explain`: one document, traced from the file to the error attributions."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.cli.explain_chain import print_chain
from ocr_pipeline.cli.explain_fields import SIGNS, print_changes, print_fields, print_lists
from ocr_pipeline.cli.explain_lines import CELL, print_step, short
from ocr_pipeline.cli.options import BackendOption, FieldOption, JsonOption
from ocr_pipeline.cli.output import check_known, console, counted, opened, plain, print_json, print_notice, titled_table
from ocr_pipeline.cli.selection import document_id_of
from ocr_pipeline.document_fields import in_display_order
from ocr_pipeline.document_schema.loading import known_fields
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.inspection.changes import changes
from ocr_pipeline.inspection.current import scoring_of
from ocr_pipeline.inspection.loading import load_case
from ocr_pipeline.project import find_project

if TYPE_CHECKING:
    from ocr_pipeline.inspection.cases import Case, DocumentCases, FieldCase


def explain(
    document: Annotated[str, typer.Argument(help="Document id; see `ocr-pipeline documents`.")],
    backend: BackendOption = None,
    field: FieldOption = None,
    calls: Annotated[bool, typer.Option("--calls", help="Also show prompt and raw reply of each model call.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Trace the values of a document back to their source.

    Without --backend: all backends next to the label. With --backend: every step from the file to the error attributions,
    with fingerprints, times, costs and runs, the words around each error, what changed since the previous evaluation, and
    the command to rerun it.
    """
    project = find_project()
    document = document_id_of(project, document)
    configured = load_backends(project)
    check_known("field", field, known_fields(project.root))
    check_known("backend", backend, configured)
    with opened(project).snapshot() as snapshot:
        cases = load_case(snapshot, scoring_of(project), document, words=as_json or backend is not None)
        changed = changes(snapshot, document, backend) if backend is not None else []
    if backend is not None and backend not in cases.cases:
        raise ConfigurationError(f"{backend} has not been run on {document}; run `ocr-pipeline run` first.")
    if as_json:
        selected = [cases.cases[backend]] if backend else cases.cases.values()
        sources = [asdict(row) for row in cases.sources]
        print_json({**asdict(cases), "cases": {case.backend: asdict(case) for case in selected}, "sources": sources})
        return
    _print_document(cases)
    print_notice(cases.notice, as_json=False)
    if backend is None:
        _print_side_by_side(cases, field)
        return
    case = cases.cases[backend]
    print_chain(project, configured, cases, case, calls=calls)
    print_fields(cases, case, field)
    if field in (None, "line_items"):
        print_lists(case)
    print_changes([change for change in changed if field in (None, change.field)])
    rerun = "--fresh" if case.calls else "--all"
    console.print(
        f"\nRerun: [b]ocr-pipeline run --documents {plain(document)} --backends {backend} {rerun}[/]", soft_wrap=True
    )


def _print_document(cases: "DocumentCases") -> None:
    row, label = cases.document, cases.label
    console.print(f"[b]{plain(cases.document_id)}[/], data set {plain(row.dataset)}")
    size = f"{counted(row.size_bytes, 'byte')}, {counted(row.pages or 0, 'page')}, " if row.size_bytes else ""
    kind = row.media_type or "unknown type"
    if row.page_range is not None:
        print_step("part", f"{row.page_range.named} of {plain(row.parent_id or '')}")
    print_step("file", f"{plain(row.path)}: {kind}, {size}sha256 {short(row.sha256)}")
    if row.status == "failed":
        print_step("", f"[red]{plain(row.message or row.reason or '')}[/]")
    if row.is_split:
        print_step("", plain(row.message or ""))
    if cases.duplicate and cases.duplicate.duplicate_of:
        print_step("", f"{cases.duplicate.kind} duplicate of {plain(cases.duplicate.duplicate_of)}")
    if label is None:
        print_step("label", "none; nothing is scored")
    else:
        fields = f"{counted(len(cases.truth), 'field')}, " if label.status == "ok" else ""
        print_step("label", f"{label.status}, {fields}sha256 {short(label.label_sha256)}")
    for warning, backends in cases.warnings.items():
        print_step("", f"[yellow]{plain(warning)}[/] ({', '.join(backends)})")
    for origin, backends in cases.origins.items():
        print_step("origin", f"{plain(origin)} ({', '.join(backends)})")
    for issue in cases.issues:
        print_step("", f"[yellow]label issue in {issue.field}:[/] {plain(issue.reason)}")


def _print_side_by_side(cases: "DocumentCases", field: str | None) -> None:
    if not cases.cases:
        console.print("No backend has been run on this document.")
        return
    table = titled_table("")
    table.add_column("field", no_wrap=True)
    table.add_column("label", overflow="fold")
    for name in cases.cases:
        table.add_column(name.replace("+", "\n+"), overflow="fold")
    names = [value.field for case in cases.cases.values() for value in case.fields]
    for name in in_display_order([*names, *cases.truth]):
        if field in (None, name):
            values = [_side(case.field(name), case) for case in cases.cases.values()]
            table.add_row(name, _labelled(cases, name), *values)
    console.print(table)
    _print_sources(cases, field)
    for name, case in cases.cases.items():
        if case.failed:
            console.print(f"{name} failed: {plain(case.extraction.message or case.extraction.reason or '')}")
    console.print("✓ correct  ✗ wrong  ∅ missing  + spurious  ? not scored.  Details: [b]--backend NAME[/].")


def _print_sources(cases: "DocumentCases", field: str | None) -> None:
    """Page, codes and XML beside each other, where at least two of them have a value."""
    rows = [row for row in cases.sources if field in (None, row.field)]
    if not rows:
        return
    table = titled_table("Page, codes and XML")
    for name in ("field", "page", "code", "XML", ""):
        table.add_column(name, overflow="fold")
    for row in rows:
        values = (plain(value, longest=CELL) if value else "" for value in (row.page, row.code, row.xml))
        table.add_row(row.field, *values, "agree" if row.agrees else "[red]contradict each other[/]")
    console.print(table)


def _labelled(cases: "DocumentCases", field: str) -> str:
    truth = cases.truth.get(field)
    if truth is None:
        return ""
    return "[dim]none[/]" if truth.value is None else plain(truth.value, longest=CELL)


def _side(value: "FieldCase | None", case: "Case") -> str:
    if value is None:
        return "[red]failed[/]" if case.failed else ""
    return " ".join(part for part in (SIGNS[value.outcome], plain(value.value or "", longest=CELL)) if part)
