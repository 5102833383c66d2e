"""Which XML files of a folder are imported as documents: e-invoices that belong to no other file there."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from ocr_pipeline.documents.importers.copying import ImportReport
from ocr_pipeline.documents.importers.source import Source
from ocr_pipeline.documents.xml_files import SUFFIXES, belongs_to_another, is_einvoice


def is_document(name: str, file: Source, names: Iterable[str], report: ImportReport) -> bool:
    """Whether a file is imported. XML that is not is named in the notes of the report, with the reason.

    Args:
        name: its path within the folder.
        names: those of all files there.
    """
    path = PurePosixPath(name)
    if path.suffix.lower() != SUFFIXES[0]:
        return True
    others = (PurePosixPath(other) for other in names)
    beside = [other.name for other in others if other.parent == path.parent and other.suffix.lower() not in SUFFIXES]
    if belongs_to_another(path.name, beside):
        report.notes.append(f"{name}: belongs to the file of the same name; `import einvoice` takes its label from it.")
        return False
    content = report.read(file, name)
    if content is None:
        return False
    if not is_einvoice(content):
        report.notes.append(f"{name}: no e-invoice; skipped.")
        return False
    return True
