"""What the study writes: the tables, the curves, the table of the README."""

import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.transcripts import has_transcript, load_transcript
from ocr_pipeline.project import Project
from ocr_pipeline.study import cord_tables, readme
from ocr_pipeline.study import receipts as first
from ocr_pipeline.study.corrections import Correction, contradictions, corrected
from ocr_pipeline.study.coverage import curves, drawing
from ocr_pipeline.study.scored import Results

HEAD = """# Paid and open systems, replayed: the tables

Written by `ocr-pipeline study recorded`; do not edit. [paid-systems.md](paid-systems.md) reads them. The recorded systems
were **replayed, not run**: others asked them in 2025 and 2026, with another prompt and schema than ours. `recorded-…` and
`(recorded)` mark them."""


def receipts(results: Results, project: Project, output: Path) -> list[str]:
    """The lines of the first part; draws the curves beside `output`."""
    found = blind_corrections(project, results)
    after = corrected(results.labels, found, project.root / "corrected")
    labelled = max((board.labelled_documents or 0 for board in results.boards), default=0)
    versions = sorted({board.label_version for board in results.boards if board.label_version})
    lines = ["", f"# Part one: {results.dataset}", ""]
    lines += [f"{labelled} labelled receipts, label version {', '.join(versions)}. F1 in %, intervals at 95 %.", ""]
    if any(first.learned_here(name) for name in results.backends):
        lines += [first.MARKED, ""]
    risk = curves(results)
    drawn = drawing(risk)
    picture = output.with_name(f"{output.stem.removesuffix('-tables')}-risk.svg")
    for title, content in first.sections(results, found, after, risk):
        lines += _section(title, content)
        if title.startswith("What must") and drawn is not None:
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_text(drawn + "\n", "utf-8")
            lines += [f"![Risk and coverage of each backend that gives confidence]({picture.name})", ""]
    return lines


def blind_corrections(project: Project, results: Results) -> list[Correction]:
    """Labels that the data set's transcripts contradict; no answer is looked at."""
    found: list[Correction] = []
    for source in find_documents(project.data):
        label = results.labels.get(source.document_id)
        if label is not None and has_transcript(source.path):
            found += contradictions(source.document_id, label, load_transcript(source.path))
    return found


def cord(data: Path, root: Path, say: Callable[[str], None]) -> list[str]:
    """The lines of the second part."""
    lines = ["", "# Part two: cord-recorded", ""]
    lines += [
        "Indonesian receipts, amounts without cents. `oracle` gets the words as typed by people, the recorded systems looked",
        "at the picture. Nothing here ranks with part one. Our extractors were developed on train_020 to train_249: only",
        "tables without these receipts compare them fairly.",
        "",
    ]
    for title, content in cord_tables.sections(data / "cord-recorded", root, say):
        lines += _section(title, content)
    return lines


def _section(title: str, content: Iterable[str]) -> list[str]:
    return [f"## {title}", "", *content]


def write(output: Path, parts: Sequence[str], day: date | None = None) -> None:
    """The file of the tables."""
    made = f"{day or datetime.now(UTC).date():%-d %B %Y}, {platform.system()}, Python {platform.python_version()}."
    output.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join([HEAD, "", made, *parts])
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    output.write_text(text.rstrip() + "\n", "utf-8")


def write_readme(path: Path, results: Results, day: date) -> bool:
    """Replace the study's table in a file; whether the file has one."""
    return readme.write(path, results, day)
