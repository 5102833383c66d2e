"""Imports a folder of documents, with labels as JSON files beside them or in one CSV file."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from ocr_pipeline.document_schema.labels import parse_label
from ocr_pipeline.document_schema.loading import DATASET_FILE, load_schemas
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.documents.beside import MAX_NAME_BYTES
from ocr_pipeline.documents.identifiers import earlier_id, new_id
from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.csv_labels import LabelRow, load_csv_labels
from ocr_pipeline.documents.importers.dataset_file import choose_schemas
from ocr_pipeline.documents.importers.source import Source, documents_in, name_of, relative_name, require_folder
from ocr_pipeline.documents.importers.xml_beside import is_document
from ocr_pipeline.documents.walk import NOT_DOCUMENTS, is_unfinished
from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.schemas import Label, OcrText

CSV_NAME = "labels.csv"


def import_folder(
    path: Source,
    documents: Path,
    dataset: str | None = None,
    labels: Source | None = None,
    schema: str | None = None,
) -> ImportReport:
    """Import a folder of documents, or a single one. What is left out is told with the reason.

    A label is a JSON file with the same stem, in the project's format, or a row of `labels` (default: `labels.csv` in the
    folder, if it exists). A transcript is `<file name>.transcript.json`.

    What the documents follow is said by `schema`, else by the `dataset.yaml` that the data set or the folder has, which is
    taken over; else they are invoices.

    Raises:
        ConfigurationError: the folder does not exist, the CSV is invalid, the data set name is reserved, or the data set
            has other schemas.
    """
    only = path if path.is_file() else None
    path = path.parent if only is not None else path
    require_folder(path)
    _check_place(path, only, documents)
    report = new_report(dataset or name_of(path), documents)
    if labels is None and (path / CSV_NAME).is_file():
        labels = path / CSV_NAME
    elif labels is not None and not labels.is_file():
        raise ConfigurationError(f"{labels} is not a file.")
    chosen = choose_schemas(report.target, path / DATASET_FILE, schema, load_schemas(documents.parent.parent))
    found = {relative_name(file, path): file for file in ([only] if only is not None else documents_in(path))}
    files = {name: file for name, file in found.items() if is_document(name, file, found, report)}
    if only is None:
        report.notes += _left_out(path, found, {labels, path / DATASET_FILE})
    rows: dict[str, Label] = {}
    if labels is not None:
        table, problems = load_csv_labels(labels, chosen.allowed if chosen else ())
        report.problems += problems
        others = len(report.problems)
        rows = _rows_by_file(table, list(files), report)
        if only is not None:  # the other rows are about the other files of the folder
            del report.problems[others:]

    def entries() -> Iterator[Entry]:
        for name, file in files.items():
            content = report.read(file, name)
            if content is not None:
                schemas = chosen.of(name) if chosen else ()
                yield Entry(name, content, _label(file, rows.get(name), report, schemas), _transcript(file, report))

    return copy(entries(), report)


def _check_place(path: Source, only: Source | None, documents: Path) -> None:
    """Raises ConfigurationError: the source is within the project, or the file `only` can be no document."""
    if isinstance(path, Path):
        source, inside = path.resolve(), documents.resolve()
        if inside in (source, *source.parents) or (only is None and source in inside.parents):
            raise ConfigurationError(f"{path} is inside the project or contains it: its documents need no import.")
    if only is not None and (
        only.suffix.lower() in NOT_DOCUMENTS or only.name.startswith(".") or is_unfinished(only.name)
    ):
        raise ConfigurationError(f"{only} is not a document: {_no_document(only.name)}.")


def _no_document(name: str) -> str:
    """Why a file is not imported as a document."""
    if _is_hidden(name):
        return "hidden files are left out"
    return f"{PurePosixPath(name).suffix.lower()} files are labels, transcripts or notes"


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _left_out(folder: Source, found: Collection[str], settings: Collection[Source | None]) -> list[str]:
    """A sentence for each file that is neither a document nor belongs to one, and one for all that are hidden."""
    beside = {f"{name}{suffix}" for name in found for suffix in (".json", ".transcript.json")}
    beside |= {str(PurePosixPath(name).with_suffix(".json")) for name in found}
    others = [relative_name(file, folder) for file in folder.rglob("*") if file.is_file() and file not in settings]
    names = sorted(set(others) - set(found) - beside)
    hidden = sum(map(_is_hidden, names))
    notes = [f"{name}: skipped, {_no_document(name)}." for name in names if not _is_hidden(name)]
    return [*notes, *([f"{hidden} hidden file{'s' * (hidden > 1)}: skipped."] if hidden else [])]


def _label(file: Source, row: Label | None, report: ImportReport, schemas: Sequence[DocumentSchema]) -> Label | None:
    beside = next((path for path in _label_files(file) if path.is_file()), None)
    if row is not None:
        if beside is not None:
            report.problems.append(f"{beside.name}: not used, because {CSV_NAME} has a row for {file.name}.")
        return row
    if beside is None:
        return None
    try:
        return parse_label(beside.read_bytes(), schemas)
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
        ids = {earlier_id((report.dataset, *parts)), new_id(f"documents/{report.dataset}/{name}")}
        for key in {parts[-1], Path(parts[-1]).stem, *ids} - {name}:
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
