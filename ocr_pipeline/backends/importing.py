"""`ocr-pipeline import predictions`: a file is read, matched and mapped as a whole, and only then kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.backends.config import BackendName
from ocr_pipeline.backends.predictions import KeptRow, Predictions, text_sha256
from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.documents.document_names import DocumentNames
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.importers.source import Source
from ocr_pipeline.documents.labels import schema_of
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.external.extractor import External
from ocr_pipeline.extraction.external.mapping import document_of, map_row, used_columns
from ocr_pipeline.extraction.external.rows import Row, read_rows
from ocr_pipeline.extraction.external.values import Unreadable
from ocr_pipeline.schemas import Extraction

SHOWN = 5
"""Names or lines of a message; the others are counted."""


@dataclass
class PredictionReport:
    """What an import did, by document. `problems` are sentences about what was left out, `notes` about what is worth knowing.

    They name documents, columns and lines, and hold no value.
    """

    backend: str
    datasets: tuple[str, ...]
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_predictions(
    source: Source,
    backend: str,
    backends: Backends,
    documents: Sequence[SourceFile],
    *,
    skip_unknown: bool = False,
) -> PredictionReport:
    """Take the predictions of a file for a backend, in place of earlier ones of the same data sets.

    Args:
        documents: those that a row may be about.
        skip_unknown: leave out rows about any other document, and count them.

    Raises:
        ConfigurationError: there is no such backend, the file has a fault, or a row is about no document, about several, or
            about one that another row is about. Then nothing is kept.
    """
    external, before = _backend(backend, backends)
    rows = read_rows(source)
    problems: list[str] = []
    row_of = _match(source.name, rows, external, DocumentNames(documents, backends.limits), skip_unknown, problems)

    dataset_of = {document.document_id: document.dataset for document in documents}
    schema_by_id = {
        document.document_id: schema_of(document) for document in documents if document.document_id in row_of
    }
    row_schemas = {row.line: (row, schema_by_id[key]) for key, row in row_of.items()}
    datasets = {dataset_of[document_id] for document_id in row_of}
    other = {key: row for key, row in before.documents.items() if row.dataset not in datasets}
    found = {key: KeptRow(dataset=dataset_of[key], sha256=text_sha256(row.text)) for key, row in row_of.items()}
    report = PredictionReport(backend, tuple(sorted(datasets)), problems=problems)
    report.removed = len(before.documents.keys() - other.keys() - found.keys())
    for key, row in found.items():
        old = before.documents.get(key)
        state = "new" if old is None else "unchanged" if old == row else "changed"
        setattr(report, state, getattr(report, state) + 1)
    _add_remarks(report, list(row_schemas.values()), external)
    for dataset in report.datasets:
        absent = [key for key, name in dataset_of.items() if name == dataset and key not in found]
        if absent:
            report.notes.append(
                f"{dataset}: no prediction for {len(absent)} document{'s' * (len(absent) != 1)} ({_some(absent)}): "
                "counted as missing."
            )
    before.replaced({**other, **found}, (row.text for row in row_of.values()))
    return report


def _backend(name: str, backends: Backends) -> tuple[External, Predictions]:
    try:
        TypeAdapter(BackendName).validate_python(name)
    except ValidationError:
        raise ConfigurationError(
            "Backend names may contain a-z, 0-9, _, +, - and inner dots, for example azure-2024."
        ) from None
    if name in backends:
        extractor, predictions = backends[name].extractor, backends[name].predictions
        if predictions is not None and isinstance(extractor, External):
            return extractor, predictions
        what = f"The backend {name} reads documents itself; predictions need an entry of their own"
        name = f"{name}-imported"
    else:
        what = f"There is no backend {name} in backends.yaml"
    raise ConfigurationError(
        f"{what}: add these lines under `backends:`, and import again.\n"
        f"  {name}:\n    description: Predictions that were made elsewhere\n    extractor: external"
    )


def _match(
    file: str, rows: Sequence[Row], external: External, names: DocumentNames, skip_unknown: bool, problems: list[str]
) -> dict[str, Row]:
    """The row of each document."""
    row_of: dict[str, Row] = {}
    unknown, ambiguous = [], []
    for row in rows:
        name = _name(file, row, external)
        documents, one_is_meant = names.documents(name)
        if not documents:
            unknown.append(f"{name[:80]} in line {row.line}")
        elif one_is_meant and len(documents) > 1:
            ambiguous.append(f"{name[:80]} in line {row.line}")
        for document_id in documents:
            if document_id in row_of and not ambiguous:
                raise ConfigurationError(
                    f"{file}, line {row.line}: the same document as in line {row_of[document_id].line}; "
                    "nothing was imported."
                )
            row_of[document_id] = row
    if ambiguous:
        raise ConfigurationError(
            f"{len(ambiguous)} of {len(rows)} rows name several documents ({_some(ambiguous)}): write paths or ids, or choose "
            "one data set with --dataset; nothing was imported."
        )
    if unknown:
        sentence = f"{len(unknown)} of {len(rows)} rows name no document that is here ({_some(unknown)})"
        if not row_of or not skip_unknown:
            hint = "leave them out with --skip-unknown" if row_of else "`ocr-pipeline documents` lists what is here"
            raise ConfigurationError(f"{sentence}: {hint}; nothing was imported.")
        problems.append(f"{sentence}; they are left out.")
    return row_of


def _name(file: str, row: Row, external: External) -> str:
    try:
        name = document_of(row.content, external.mapping)
    except Unreadable as error:
        raise ConfigurationError(f"{file}, line {row.line}: the name of the document {error}.") from None
    if not name:
        known = ", ".join(external.mapping.paths("document"))
        raise ConfigurationError(
            f"{file}, line {row.line}: nothing names the document ({known}): say where with fields.document in backends.yaml."
        )
    return name


def _add_remarks(report: PredictionReport, rows: Sequence[tuple[Row, DocumentSchema]], external: External) -> None:
    """What could not be read by field and reason, what is ignored, and what no row has."""
    unreadable: dict[tuple[str, str], list[int]] = {}
    ignored: set[str] = set()
    given: set[str] = set()
    single: set[str] = set()
    wanted: dict[str, None] = {}
    for row, schema in rows:
        mapping = external.mapping_of(schema)
        mapped = map_row(row.content, mapping)
        single |= schema.field_kinds.keys()
        wanted |= dict.fromkeys(name for name in mapping.defaults if name in _wanted(schema))
        for path, reason in mapped.problems.items():
            unreadable.setdefault((re.sub(r"\.\d+\.", ".", path), reason), []).append(row.line)
        ignored |= mapped.ignored | (row.content.keys() - used_columns(row.content, mapping))
        given |= _given(mapped.extraction)
    for (name, reason), lines in unreadable.items():
        where = _some([f"line {line}" for line in lines])
        consequence = "They count as wrong" if name in single else "They are left out"
        count = "1 value" if len(lines) == 1 else f"{len(lines)} values"
        report.problems.append(f"{name}: {count} cannot be read ({where}): each {reason}. {consequence}.")
    if ignored:
        report.notes.append(f"Not used: {_some([name[:60] for name in sorted(ignored)], 20)}.")
    absent = [name for name in wanted if name not in given]
    if absent:
        report.notes.append(f"In no row: {', '.join(absent)}.")


def _wanted(schema: DocumentSchema) -> tuple[str, ...]:
    """What is worth telling if no row has it."""
    return (*schema.field_kinds, *schema.list_kinds, "cost_usd", "seconds")


def _given(extraction: Extraction) -> set[str]:
    invoice = extraction.invoice.model_dump(exclude_none=True)
    given = {name for name, value in invoice.items() if not isinstance(value, list) or any(value)}
    seconds = extraction.reported.seconds if extraction.reported else None
    return given | {
        name for name, value in (("cost_usd", extraction.cost_usd), ("seconds", seconds)) if value is not None
    }


def _some(names: Sequence[str], most: int = SHOWN) -> str:
    """The first ones, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
