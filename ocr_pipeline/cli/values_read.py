"""What was read of each document, one row per document, with or without a label."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table

from ocr_pipeline.cli.output import console, counted, opened, plain, print_json, titled_table
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.inspection.summaries import SHOWN, DocumentSummary, document_summaries, suggestions
from ocr_pipeline.project import Project

MAX_ROWS = 40
"""Documents that `run` lists; `ocr-pipeline documents --values` has all."""

MAX_SUGGESTIONS = 3

MAX_ID = 34
"""Characters of an id in the table; `--json` and `ocr-pipeline documents` have all."""

_SUM_NOTE = "sum: whether net amount and tax add up to the total; "
_SUMS = {"agree": "✓", "differ": "[red]✗[/]", "unknown": "–"}


def show_values(project: Project, dataset: str | None, *, as_json: bool) -> None:
    """Print what was read of every document.

    Raises:
        ConfigurationError: nothing was read.
    """
    with opened(project).snapshot() as snapshot:
        rows = [row for row in document_summaries(snapshot, dataset) if row.backends or row.error]
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    if not rows:
        raise ConfigurationError("No document was read yet; run `ocr-pipeline run` first.")
    for part in _by_fields(rows):
        console.print(values_table(part, f"{counted(len(part), 'document')}: what was read"))


def show_unlabelled(project: Project, datasets: Sequence[str]) -> None:
    """After a run: what was read of the documents without a label, and whose labels would teach most."""
    with opened(project).snapshot() as snapshot:
        every = [row for row in document_summaries(snapshot) if row.dataset in datasets]
        rows = [row for row in every if not row.labelled and row.backends]
        wanted = {row.document_id for row in rows}
        next_labels = [row for row in suggestions(snapshot) if row.document_id in wanted] if rows else []
    if not rows:
        return
    for part in _by_fields(rows[:MAX_ROWS]):
        count = len(rows) if len(part) == len(rows[:MAX_ROWS]) else len(part)
        console.print(values_table(part, f"{counted(count, 'unlabelled document')}: what was read"))
    if len(rows) > MAX_ROWS:
        console.print(f"… and {len(rows) - MAX_ROWS} more: ocr-pipeline documents --values", style="dim")
    if not any(row.labelled for row in every):
        console.print("Nothing is labelled yet, so no backend can be scored.")
    if next_labels:
        console.print(
            "Labels of these documents would teach most ([b]ocr-pipeline label[/] opens them in the browser):"
        )
        for row in next_labels[:MAX_SUGGESTIONS]:
            console.print(f"  {plain(row.document_id)}: unsure of {', '.join(row.unsure_fields)}", soft_wrap=True)


def _by_fields(rows: Sequence[DocumentSummary]) -> list[list[DocumentSummary]]:
    """The documents with the same fields together, in the order of the first of them."""
    parts: dict[tuple[str, ...], list[DocumentSummary]] = {}
    for row in rows:
        parts.setdefault(tuple(row.values), []).append(row)
    return list(parts.values())


def values_table(rows: Sequence[DocumentSummary], title: str) -> Table:
    """Agreement and confidence in percent; a column without any value is left out."""
    agreement, confidence = (
        any(getattr(row, name) is not None for row in rows) for name in ("agreement", "confidence")
    )
    table = titled_table(title)
    table.add_column("document", overflow="fold", ratio=3)
    is_invoice = tuple(rows[0].values) == SHOWN
    if is_invoice:
        table.add_column("supplier", overflow="fold", ratio=3)
        table.add_column("date", no_wrap=True)
        table.add_column("total", justify="right", no_wrap=True)
        table.add_column("cur.", no_wrap=True)
        table.add_column("sum", no_wrap=True)
    else:
        for name in rows[0].values:
            table.add_column(name.replace("_", " "), overflow="fold", ratio=2)
    for name, shown in (("agree %", agreement), ("conf. %", confidence)):
        if shown:
            table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        shares = [value for value, shown in ((row.agreement, agreement), (row.confidence, confidence)) if shown]
        values = [plain(value or "–", longest=60) for value in row.values.values()]
        if row.error:
            values[0] = f"[red]{plain(row.error, longest=120)}[/]"
        table.add_row(
            plain(_shortened(row.document_id)),
            *values,
            *([_SUMS[row.sums]] if is_invoice else []),
            *("–" if value is None else f"{100 * value:.0f}" for value in shares),
        )
    table.caption = (
        f"Values of most backends. {_SUM_NOTE if is_invoice else ''}agree: share of the pairs of"
        " backends that agree; conf.: the lowest confidence of the four values."
    )
    table.caption_justify = "left"
    return table


def _shortened(document_id: str) -> str:
    """A long id without its middle: its end is what sets it apart."""
    return document_id if len(document_id) <= MAX_ID else f"{document_id[: MAX_ID - 13]}…{document_id[-12:]}"
