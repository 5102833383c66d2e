"""Labels of a project to and from tasks of Label Studio: which documents, and which files are written."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import checked_label
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.labelling.content import label_text, read_content
from ocr_pipeline.labelling.label_studio import Imported, task_of
from ocr_pipeline.labelling.session import Session
from ocr_pipeline.labelling.writing import Writer


def export_tasks(session: Session, folder: Path, address: str) -> list[dict[str, object]]:
    """A task for each document of the session.

    Args:
        folder: where the page images are written.
        address: of that folder, as Label Studio loads it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tasks = []
    for document_id in session.sources():
        page = session.page(document_id)
        addresses = []
        for image in page.images:
            name = (image["image"] or "").rpartition("/")[2]
            if name:
                shutil.copyfile(session.pages.folder / name, folder / name)
            addresses.append(f"{address}/{name}" if name else "")
        if addresses:
            tasks.append(task_of(page, addresses))
    return tasks


@dataclass
class ImportReport:
    """What an import did. `kept`: labels that differ and were not replaced."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0
    problems: list[str] = field(default_factory=list)


def import_tasks(session: Session, tasks: Iterable[Imported], *, replace: bool) -> ImportReport:
    """Write the annotations as labels. Fields that a task does not mention keep their label.

    Args:
        replace: also where a labelled value is another one.
    """
    report, writer, sources = ImportReport(), Writer(session), session.sources()
    for task in tasks:
        name = task.document_id[:100] or "A task without document_id"
        report.problems += [f"{name}: {problem}" for problem in task.problems]
        source = sources.get(task.document_id)
        if source is None:
            report.problems.append(f"{name}: no such document.")
            continue
        if not task.values and not task.lists:
            report.problems.append(f"{name}: nothing is annotated.")
            continue
        content = read_content(source)
        values, lists = {**content.values, **task.values}, {**content.lists, **task.lists}
        try:
            same = _same(
                source,
                label_text(values, lists, content.rest, content.schema),
                label_text(content.values, content.lists, content.rest, content.schema),
            )
            if content.sha256 and content.problem is None and same:
                report.unchanged += 1
            elif content.sha256 and not replace:
                report.kept += 1
            else:
                writer.save(task.document_id, content.sha256, values, lists)
                report.new += not content.sha256
                report.changed += bool(content.sha256)
        except DocumentError as error:
            report.problems.append(f"{name}: {error}")
    return report


def _same(source: SourceFile, first: str, second: str) -> bool:
    """Whether two label texts have the same values: 8.2 and 8.20 are."""
    if json.loads(first) == json.loads(second):
        return True
    return checked_label(first, source.schemas) == checked_label(second, source.schemas)
