"""Tables for the terminal, readable at 80 columns, and the rows behind them."""

from collections.abc import Sequence

from rich.table import Table

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.cli.output import Row, opened, titled_table
from ocr_pipeline.cli.text import plain
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.evaluation.ranking.outcomes import ALL_FIELDS
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse import tables


def leaderboard_table(dataset: str, boards: Sequence[Row], fields: Sequence[Row]) -> Table:
    """One row per backend that ran, best F1 first. All fields together."""
    overall = _overall(boards, fields)
    labelled = max((board["labelled_documents"] or 0 for board in boards), default=0)
    table = titled_table(f"{dataset}: {labelled} labelled documents, all fields together")
    table.add_column("backend", overflow="fold")
    for name in ("docs", "failed", "F1 % \\[95 %]", "prec.", "recall", "right", "s/doc", "$/doc"):
        table.add_column(name, justify="right", no_wrap=True)
    for board in ranked(boards, fields):
        total = overall[board["backend"]]
        table.add_row(
            board["backend"],
            str(board["documents"]),
            str(board["failures"]),
            _rate(total["f1"]) + _interval(total["f1_low"], total["f1_high"]),
            _rate(total["precision"]),
            _rate(total["recall"]),
            f"{board['accurate_documents']}/{board['labelled_documents']}",
            _number(board["seconds_per_document"], 2),
            "0" if board["cost_per_document"] == 0 else _number(board["cost_per_document"], 4),
        )
    return table


def _overall(boards: Sequence[Row], fields: Sequence[Row]) -> dict[str, Row]:
    """The row of all fields together by backend, for boards of one data set."""
    datasets = {board["dataset"] for board in boards}
    return {row["backend"]: row for row in fields if row["dataset"] in datasets and row["field"] == ALL_FIELDS}


def ranked(boards: Sequence[Row], fields: Sequence[Row]) -> list[Row]:
    """The backends of one data set that ran, best F1 first."""
    overall = _overall(boards, fields)
    ran = [board for board in boards if board["status"] == "ok"]
    return sorted(ran, key=lambda board: -(overall[board["backend"]]["f1"] or 0))


def f1_table(dataset: str, boards: Sequence[Row], fields: Sequence[Row]) -> Table:
    """F1 of every field, one column per backend."""
    of_dataset = [row for row in fields if row["dataset"] == dataset]
    backends = [board["backend"] for board in ranked(boards, fields)]
    table = titled_table(f"{dataset}: F1 in % by field")
    table.add_column("field", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for name in backends:
        table.add_column(name.replace("+", "\n+"), justify="right", overflow="fold")
    by_field: dict[str, dict[str, Row]] = {}
    for row in of_dataset:
        by_field.setdefault(row["field"], {})[row["backend"]] = row
    for field, cells in by_field.items():
        n = max(cell["n"] for cell in cells.values())
        table.add_row(field, str(n), *(_rate(cells[name]["f1"]) if name in cells else "–" for name in backends))
    return table


WIDE = 100
"""Columns of a terminal that have room for F1 by the strict and by the lenient rules."""


def field_table(board: Row, fields: Sequence[Row], width: int) -> Table:
    """One row per field of one backend; w/m/i: values wrong, missing, spurious. `width` of the terminal, in columns."""
    table = titled_table(f"{board['dataset']}: {board['backend']}")
    table.add_column("field", no_wrap=True)
    other_rules = ("f1_strict", "f1_lenient") if width >= WIDE else ()
    for name in ("n", "w/m/i", "precision %", "recall %", "F1 % \\[95 %]", *(one[3:] for one in other_rules)):
        table.add_column(name, justify="right", no_wrap=True)
    for row in fields:
        if (row["dataset"], row["backend"]) == (board["dataset"], board["backend"]):
            table.add_row(
                row["field"],
                str(row["n"]),
                f"{row['wrong']}/{row['missing']}/{row['spurious']}",
                _rate(row["precision"]) + _interval(row["precision_low"], row["precision_high"]),
                _rate(row["recall"]) + _interval(row["recall_low"], row["recall_high"]),
                _rate(row["f1"]) + _interval(row["f1_low"], row["f1_high"]),
                *(_rate(row[name]) for name in other_rules),
            )
    return table


def document_rows(project: Project) -> list[Row]:
    """Every document on disk and in the warehouse, with its state."""
    with opened(project).snapshot() as snapshot:
        known, labels = tables.documents.documents(snapshot), tables.labels.labels(snapshot)
        failures = tables.extractions.extraction_failures(snapshot)
        duplicates = tables.documents.duplicates(snapshot)
    rows = []
    for source in find_documents(project.data):
        row, label = known.pop(source.document_id, None), labels.get(source.document_id)
        duplicate = duplicates.get(source.document_id)
        label_status = label.status if label else "not read" if source.label else "none"
        rows.append(
            {
                "document_id": source.document_id,
                "dataset": source.dataset,
                "path": project.relative(source.path),
                "media_type": row.media_type if row else None,
                "pages": row.pages if row else None,
                "label": label_status,
                "split": (duplicate and duplicate.split) or (label and label.split),
                "duplicate_of": duplicate.duplicate_of if duplicate else None,
                "duplicate": duplicate.kind if duplicate else None,
                "status": row.status if row else "new",
                "message": (row and row.message) or (label and label.message),
                "failed_backends": {} if row and row.failed else failures.get(source.document_id, {}),
            }
        )
    for document_id, row in known.items():
        label = labels.get(document_id)
        rows.append(
            {
                "document_id": document_id,
                "dataset": row.dataset,
                "path": row.path,
                "media_type": row.media_type,
                "pages": row.pages,
                "label": label.status if label else "none",
                "split": label.split if label else None,
                "duplicate_of": None,
                "duplicate": None,
                "status": "gone",
                "message": "The file is gone; its results are kept.",
                "failed_backends": {},
            }
        )
    return rows


def document_table(rows: Sequence[Row]) -> Table:
    """One row per document."""
    table = titled_table(f"{len(rows)} documents")
    table.add_column("document", overflow="fold", ratio=1)
    # Columns that say something for some data sets only: without them there is room for the names.
    titles = {"split": "split", "duplicate": "twice"}
    extra = {key: title for key, title in titles.items() if any(row[key] for row in rows)}
    for name in ("type", "pages", "label", *extra.values(), "status"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        status = {"failed": "[red]failed[/]", "gone": "[yellow]gone[/]"}.get(row["status"], row["status"])
        name = plain(row["document_id"])
        if row["message"]:
            name += f"\n  [dim]{plain(row['message'])}[/]"
        if row["duplicate_of"]:
            name += f"\n  [dim]{row['duplicate']} duplicate of {row['duplicate_of']}[/]"
        for backend, reason in row["failed_backends"].items():
            name += f"\n  [dim]{backend} failed: {reason}[/]"
        kind = (row["media_type"] or "").rpartition("/")[2]
        shown = [plain(row[key] or "") for key in extra]
        table.add_row(name, kind, str(row["pages"] or ""), row["label"], *shown, status)
    return table


def backend_rows(configured: Backends) -> list[Row]:
    """Every configured backend."""
    return [
        {
            "backend": name,
            "engine": backend.engine,
            "extractor": backend.extractor,
            "description": backend.description,
            "not_run": configured[name].unavailable(),
        }
        for name, backend in configured.items()
    ]


def backend_table(rows: Sequence[Row]) -> Table:
    """One row per backend."""
    table = titled_table(f"{len(rows)} backends")
    table.add_column("backend", overflow="fold")
    table.add_column("engine", overflow="fold")
    table.add_column("extractor", overflow="fold")
    table.add_column("", overflow="fold", ratio=1)
    for row in rows:
        note = f"[yellow]not run: {plain(row['not_run'])}[/]" if row["not_run"] else plain(row["description"])
        table.add_row(row["backend"], row["engine"] or "–", plain(row["extractor"]), note)
    return table


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" \\[{100 * low:.0f}–{100 * high:.0f}]"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
