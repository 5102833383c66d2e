"""What must be true after the last run of a try: each cell once, nothing lost, nothing paid for twice."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from benchmarks.drill.power import read_disk, unanswered
from benchmarks.drill.processes import Ended, journal
from benchmarks.drill.projects import ASKING, RULES, Document, case_of
from benchmarks.drill.sentences import unclear_lines
from benchmarks.drill.table import Try
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import Project
from ocr_pipeline.store import unsealed
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.standin import StandIn

KEYS = {
    "documents": "document_id",
    "ocr_text": "document_id, engine",
    "extractions": "document_id, backend",
    "extracted_fields": "document_id, backend, field",
    "model_calls": "document_id, backend, position",
    "field_scores": "document_id, backend, field",
}
"""Columns of which each combination may be in a table once."""


@dataclass
class Ledger:
    """Requests and promises of one project over all its runs.

    `allowed`: by document, requests more than one that a change of its file explains; what was on its way when a run ended is
    in the journal.
    """

    root: Path
    standin: StandIn
    allowed: Counter[int] = field(default_factory=Counter)
    entries: dict[Path, bytes] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)

    def after_kill(self) -> None:
        """Note what had been promised. Before a loss of power is played."""
        promised = read_disk(journal(self.root)).promised
        for path in promised - self.entries.keys():
            if path.exists():
                self.entries[path] = path.read_bytes()

    def look(self) -> None:
        """Note promised entries that are gone or have another content."""
        self.lost |= {path.name for path, content in self.entries.items() if not _same(path, content)}

    def paid_twice(self) -> dict[int, int]:
        """By document, requests that neither a first time nor a kill explains."""
        counts = Counter(case_of(seen.text) for seen in self.standin.seen)
        allowed = self.allowed + unanswered(journal(self.root))
        return {
            case: extra
            for case, count in counts.items()
            if case is not None and (extra := count - 1 - allowed[case]) > 0
        }


def _same(path: Path, content: bytes) -> bool:
    if not path.exists():
        return False
    return path.read_bytes() == content or (unsealed(path.read_bytes()) is not None and "calls" not in path.parts)


def judge(result: Try, ended: Ended, *, code: int | None = 0, where: str = "") -> None:
    """Count what a run did wrong. `code`: the exit code that it must have; None: 0 or 1."""
    if ended.hung or ended.left:
        result.hung += 1
        result.notes.append(f"{where}: hung" if ended.hung else f"{where}: {ended.left} processes outlived it")
        return
    if ended.killed:
        return
    if ended.crashed or (code is not None and ended.code != code):
        result.crashed += 1
        last = (ended.err.strip().split("\n") or [""])[-1]
        result.notes.append(f"{where}: exit code {ended.code}: {last[:300]}")
    elif lines := unclear_lines(ended.err):
        result.unclear += len(lines)
        result.notes += [f"{where}: unclear: {line[:300]}" for line in lines]


def check_complete(
    result: Try, root: Path, documents: Sequence[Document], backends: Sequence[str] = (RULES, ASKING)
) -> None:
    """Every cell has exactly one row with the right total, in the tables and in Dagster; no run is left open."""
    project = Project(root)
    warehouse = Warehouse(project.database)
    check_duplicates(result, warehouse)
    ids = {source.path.name: source.document_id for source in find_documents(project.data)}
    rows = warehouse.rows("FROM extractions")
    status = {(row["document_id"], row["backend"]): row["status"] for row in rows}
    values = warehouse.rows("FROM extracted_fields WHERE field = 'total_amount'")
    totals = {(row["document_id"], row["backend"]): row["value"] for row in values}
    for document in documents:
        for backend in backends:
            cell = (ids[document.name], backend)
            if status.get(cell) != "ok" or totals.get(cell) != document.total:
                result.lost += 1
                result.notes.append(f"cell {cell}: {status.get(cell)}, {totals.get(cell)} instead of {document.total}")
    with dg.DagsterInstance.from_config(str(project.dagster_home)) as instance:
        keys = {str(key) for key in instance.get_materialized_partitions(dg.AssetKey("extractions"))}
        absent = [f"{backend}|{ids[document.name]}" for document in documents for backend in backends]
        absent = [key for key in absent if key not in keys]
        if absent:
            result.lost += len(absent)
            result.notes.append(f"Dagster does not know {absent[0]} and {len(absent) - 1} others")
        if opened := instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            result.hung += 1
            result.notes.append(f"Dagster shows {len(opened)} runs that never end")


def check_duplicates(result: Try, warehouse: Warehouse) -> None:
    """No key is in a table twice."""
    for table, key in KEYS.items():
        rows = warehouse.rows(f"SELECT {key}, count(*) AS rows FROM {table} GROUP BY ALL HAVING count(*) > 1")
        if rows:
            result.duplicated += len(rows)
            result.notes.append(f"{table}: {json.dumps(rows[0], default=str)}")


def check_ledger(result: Try, ledger: Ledger) -> None:
    """Nothing that was promised is lost, and nothing paid for twice."""
    ledger.look()
    if ledger.lost:
        result.lost += len(ledger.lost)
        result.notes.append(f"{len(ledger.lost)} stored results are lost, {min(ledger.lost)} for one")
    if twice := ledger.paid_twice():
        result.paid_twice += sum(twice.values())
        result.notes.append(f"asked again without need: {twice}")
