"""Imports a folder of documents, with labels as JSON files beside them or in one CSV file."""

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.documents.beside import MAX_NAME_BYTES
from ocr_pipeline.documents.find import document_id_of
from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.csv_labels import LabelRow, load_csv_labels
from ocr_pipeline.documents.importers.source import Source, documents_in, name_of, relative_name, require_folder
from ocr_pipeline.documents.importers.xml_beside import is_document
from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.schemas import Label, OcrText

CSV_NAME = "labels.csv"


def import_folder(
    path: Source, documents: Path, dataset: str | None = None, labels: Source | None = None
) -> ImportReport:
    """Import a folder of documents.

    A label is a JSON file with the same stem, in the project's format, or a row of `labels` (default: `labels.csv` in the
    folder, if it exists). A transcript is `<file name>.transcript.json`.

    Raises:
        ConfigurationError: the folder does not exist, the CSV is invalid, or the data set name is reserved.
    """
    require_folder(path)
    if isinstance(path, Path):
        source, inside = path.resolve(), documents.resolve()
        if inside in (source, *source.parents) or source in inside.parents:
            raise ConfigurationError(f"{path} is inside the project or contains it: its documents need no import.")
    report = new_report(dataset or name_of(path), documents)
    if labels is None and (path / CSV_NAME).is_file():
        labels = path / CSV_NAME
    elif labels is not None and not labels.is_file():
        raise ConfigurationError(f"{labels} is not a file.")
    found = {relative_name(file, path): file for file in documents_in(path)}
    files = {name: file for name, file in found.items() if is_document(name, file, found, report)}
    rows: dict[str, Label] = {}
    if labels is not None:
        table, problems = load_csv_labels(labels)
        report.problems += problems
        rows = _rows_by_file(table, list(files), report)

    def entries() -> Iterator[Entry]:
        for name, file in files.items():
            content = report.read(file, name)
            if content is not None:
                yield Entry(name, content, _label(file, rows.get(name), report), _transcript(file, report))

    return copy(entries(), report)


def _label(file: Source, row: Label | None, report: ImportReport) -> Label | None:
    beside = next((path for path in _label_files(file) if path.is_file()), None)
    if row is not None:
        if beside is not None:
            report.problems.append(f"{beside.name}: not used, because {CSV_NAME} has a row for {file.name}.")
        return row
    if beside is None:
        return None
    try:
        return Label.model_validate_json(beside.read_bytes())
    except ValidationError as error:
        report.problems.append(f"{beside.name}: Invalid label: {describe(error)}")
    except OSError as error:
        report.problems.append(f"{beside.name}: The label file cannot be read: {error.strerror}.")
    return None


def _label_files(file: Source) -> list[Source]:
    """The files that `find.label_of` checks, on any file system."""
    names = (name for name in (f"{file.name}.json", f"{file.stem}.json") if len(os.fsencode(name)) <= MAX_NAME_BYTES)
    return [file.with_name(name) for name in names]


def _transcript(file: Source, report: ImportReport) -> OcrText | None:
    name = f"{file.name}.transcript.json"
    path = file.with_name(name)
    if len(os.fsencode(name)) > MAX_NAME_BYTES or not path.is_file():
        return None
    try:
        return OcrText.model_validate_json(path.read_bytes())
    except ValidationError as error:
        report.problems.append(f"{path.name}: Invalid transcript: {describe(error)}")
    except OSError as error:
        report.problems.append(f"{path.name}: The transcript cannot be read: {error.strerror}.")
    return None


def _rows_by_file(table: list[LabelRow], names: list[str], report: ImportReport) -> dict[str, Label]:
    """Match rows to files: by path within the folder, file name, name without suffix, or document id.

    Raises:
        ConfigurationError: two rows match the same file.
    """
    known: dict[str, set[str]] = {}
    for name in names:
        parts = tuple(name.split("/"))
        for key in {parts[-1], Path(parts[-1]).stem, document_id_of((report.dataset, *parts))} - {name}:
            known.setdefault(key, set()).add(name)
    matched: dict[str, tuple[int, Label]] = {}
    for row in table:
        candidates = {row.file} if row.file in names else known.get(row.file, set())
        if len(candidates) != 1:
            problem = "several documents have this name; use the path" if candidates else "no such document"
            report.problems.append(f"{row.where}: {problem}; row skipped.")
            continue
        [name] = candidates
        if name in matched:
            raise ConfigurationError(f"{row.where}: duplicate row; line {matched[name][0]} labels the same document.")
        matched[name] = row.line, row.label
    return {name: label for name, (_, label) in matched.items()}
