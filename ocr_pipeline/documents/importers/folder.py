"""A folder of your own: documents, with labels as JSON beside them or as one CSV file."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from ocr_pipeline.documents.find import document_id_of
from ocr_pipeline.documents.importers.copying import Entry, ImportReport, copy, new_report
from ocr_pipeline.documents.importers.csv_labels import LabelRow, read_csv_labels
from ocr_pipeline.documents.importers.source import Source, documents_in, name_of, relative_name
from ocr_pipeline.errors import ConfigurationError, describe
from ocr_pipeline.schemas import Label, OcrText

CSV_NAME = "labels.csv"


def import_folder(
    path: Source, documents: Path, dataset: str | None = None, labels: Source | None = None
) -> ImportReport:
    """Import a folder of documents.

    A label is a JSON file with the same stem, in the project's format, or a row of `labels` (default: `labels.csv` in the
    folder, where there is one). A transcript is `<file name>.transcript.json`.

    Raises:
        ConfigurationError: the folder is not there, the CSV has a column or a row that makes no sense, or the name of the
            data set is taken.
    """
    if not path.is_dir():
        raise ConfigurationError(f"{path} is not a folder.")
    if isinstance(path, Path):
        source, inside = path.resolve(), documents.resolve()
        if inside in (source, *source.parents) or source in inside.parents:
            raise ConfigurationError(
                f"{path} is a part of the project, or holds it: its documents are there without an import."
            )
    report = new_report(dataset or name_of(path), documents)
    if labels is None and (path / CSV_NAME).is_file():
        labels = path / CSV_NAME
    elif labels is not None and not labels.is_file():
        raise ConfigurationError(f"{labels} is not a file.")
    files = {relative_name(file, path): file for file in documents_in(path)}
    rows: dict[str, Label] = {}
    if labels is not None:
        table, problems = read_csv_labels(labels)
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
        report.problems.append(f"{beside.name}: The label is not valid: {describe(error)}")
    except OSError as error:
        report.problems.append(f"{beside.name}: The label file cannot be read: {error.strerror}.")
    return None


def _label_files(file: Source) -> tuple[Source, Source]:
    """Where `find.label_of` looks, on any file system."""
    return file.with_name(file.name + ".json"), file.with_suffix(".json")


def _transcript(file: Source, report: ImportReport) -> OcrText | None:
    path = file.with_name(file.name + ".transcript.json")
    if not path.is_file():
        return None
    try:
        return OcrText.model_validate_json(path.read_bytes())
    except ValidationError as error:
        report.problems.append(f"{path.name}: The transcript is not valid: {describe(error)}")
    except OSError as error:
        report.problems.append(f"{path.name}: The transcript cannot be read: {error.strerror}.")
    return None


def _rows_by_file(table: list[LabelRow], names: list[str], report: ImportReport) -> dict[str, Label]:
    """Which row belongs to which file: by its path in the folder, else its name, its name without suffix, or its id.

    Raises:
        ConfigurationError: two rows are about one file; which of them is right, nobody can tell.
    """
    known: dict[str, set[str]] = {}
    for name in names:
        parts = tuple(name.split("/"))
        for key in {parts[-1], Path(parts[-1]).stem, document_id_of((report.dataset, *parts))} - {name}:
            known.setdefault(key, set()).add(name)
    found: dict[str, tuple[int, Label]] = {}
    for row in table:
        candidates = {row.file} if row.file in names else known.get(row.file, set())
        if len(candidates) != 1:
            problem = "several documents have that name; write its path" if candidates else "there is no such document"
            report.problems.append(f"{row.where}: {problem}; the row is left out.")
            continue
        [name] = candidates
        if name in found:
            raise ConfigurationError(
                f"{row.where}: the same document as in line {found[name][0]}; a document has one row of labels."
            )
        found[name] = row.line, row.label
    return {name: label for name, (_, label) in found.items()}
