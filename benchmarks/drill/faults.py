"""Faults of providers, over real sockets, in both protocols: one document per fault, and what must have become of it.

Three runs of one project: every document meets its fault; the server is well again; and once more. Faults that end a run get
one of their own.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.drill.checking import check_duplicates, judge
from benchmarks.drill.processes import Run
from benchmarks.drill.projects import ASKING, Document, case_of, configure, write_document
from benchmarks.drill.sentences import is_clear
from benchmarks.drill.table import Try
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.project import Project
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline_tests.standin import StandIn
from ocr_pipeline_tests.standin.faults import FAULTS, Outcome

LIMITS = {"timeout": 1.5, "deadline": 8, "retries": 1, "max_reply_bytes": 1_000_000, "concurrency": 8}
ATTEMPTS = LIMITS["retries"] + 1
RUN_LIMIT = 400.0
"""Seconds for all faults in one run: two attempts each, eight at once, and a busy machine."""


def drill(protocol: str, folder: Path, seed: int) -> Try:
    """All faults of one protocol."""
    result = Try(f"provider faults, {protocol}", seed)
    together = [name for name in FAULTS if outcome(name, protocol) != "everyone"]
    alone = [name for name in FAULTS if outcome(name, protocol) == "everyone"]
    result.tries, result.what = len(FAULTS), f"{len(FAULTS)} kinds of fault"
    with StandIn() as standin:
        documents = _make(folder, together, standin.url, protocol)
        _together(result, folder, documents, standin, protocol)
        _alone(result, folder, alone, standin, protocol)
    return result


def outcome(name: str, protocol: str) -> Outcome:
    """What must become of the document."""
    return FAULTS[name].gemini if protocol == "gemini" else FAULTS[name].openai


def _make(root: Path, names: list[str], url: str, protocol: str) -> dict[str, Document]:
    project = Project(root)
    (root / "data" / "documents").mkdir(parents=True)
    made = {name: Document(index, f"{100 + index}.07", f"{name}.pdf", 12) for index, name in enumerate(names)}
    for document in made.values():
        write_document(project, document)
    configure(root, url, protocol, **LIMITS)
    return made


def _together(result: Try, root: Path, documents: dict[str, Document], standin: StandIn, protocol: str) -> None:
    faults = {document.number: name for name, document in documents.items()}
    standin.plan = lambda seen: faults.get(case_of(seen.text), "ok")  # type: ignore[arg-type]
    judge(result, Run(root).start().wait(RUN_LIMIT), code=1, where="with faults")
    _check(result, root, documents, lambda name: outcome(name, protocol) == "ok", "with faults")
    first = _requests(standin)
    for name, document in documents.items():
        allowed = {"ok": 1, "kept": 2, "later": ATTEMPTS}[outcome(name, protocol)]  # kept: and one repair
        if first[document.number] > allowed:
            result.paid_twice += first[document.number] - allowed
            result.notes.append(f"{name}: asked {first[document.number]} times in one run, at most {allowed}")
    standin.plan = lambda seen: "ok"
    judge(result, Run(root).start().wait(RUN_LIMIT), where="after the faults")
    _check(result, root, documents, lambda name: outcome(name, protocol) != "kept", "after the faults")
    second = _requests(standin)
    for name, document in documents.items():
        more = second[document.number] - first[document.number]
        if more > (outcome(name, protocol) == "later"):
            result.paid_twice += more
            result.notes.append(f"{name}: asked {more} times more by the second run")
    judge(result, Run(root).start().wait(RUN_LIMIT), where="once more")
    if _requests(standin) != second:
        result.paid_twice += (_requests(standin) - second).total()
        result.notes.append("the third run asked again")
    check_duplicates(result, Warehouse(Project(root).database))


def _check(result: Try, root: Path, documents: dict[str, Document], is_read: Callable[[str], bool], where: str) -> None:
    """Every document has one row: read, or a failure with a clear sentence."""
    warehouse = Warehouse(Project(root).database)
    ids = {source.path.name: source.document_id for source in find_documents(Project(root).data)}
    rows = {row["document_id"]: row for row in warehouse.rows("FROM extractions WHERE backend = ?", [ASKING])}
    values = warehouse.rows("FROM extracted_fields WHERE field = 'total_amount' AND backend = ?", [ASKING])
    totals = {row["document_id"]: row["value"] for row in values}
    for name, document in documents.items():
        row = rows.get(ids[document.name])
        read = row is not None and row["status"] == "ok" and totals.get(row["document_id"]) == document.total
        if row is None or read != is_read(name):
            result.lost += 1
            result.notes.append(f"{where}: {name}: {row and (row['status'], row['reason'], row['message'])}")
        elif row["message"] and not is_clear(row["message"]):
            result.unclear += 1
            result.notes.append(f"{where}: {name}: unclear: {row['message']}")


def _alone(result: Try, root: Path, names: list[str], standin: StandIn, protocol: str) -> None:
    """A run for each: it must ask once, end with one sentence, and keep what was there."""
    project = Project(root)
    configure(root, standin.url, protocol, **{**LIMITS, "concurrency": 1})
    for index, name in enumerate(names):
        document = Document(500 + index, f"{600 + index}.09", f"{name}.pdf")
        write_document(project, document)
        standin.plan = lambda seen, name=name: name  # type: ignore[misc]
        before = len(standin.seen)
        judge(result, Run(root).start().wait(RUN_LIMIT), code=1, where=name)
        if len(standin.seen) != before + 1:
            result.paid_twice += 1
            result.notes.append(f"{name}: asked {len(standin.seen) - before} times, not once")
    standin.plan = lambda seen: "ok"
    judge(result, Run(root).start().wait(RUN_LIMIT), where="after all")
    added = {name: Document(500 + index, f"{600 + index}.09", f"{name}.pdf") for index, name in enumerate(names)}
    _check(result, root, added, lambda name: True, "after all")


def _requests(standin: StandIn) -> Counter[int | None]:
    return Counter(case_of(seen.text) for seen in list(standin.seen))
