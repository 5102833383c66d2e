"""What is missing or out of date, cell by cell.

A cell is current when the key under which its result is stored is the key that today's document, settings and earlier
stages give. The comparison is by content, never by time, so touching a file or re-running a stage makes nothing stale.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from ocr_pipeline.config import Config
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import labels_sha256
from ocr_pipeline.documents.pages import read_bytes, sha256_of
from ocr_pipeline.documents.perceptual import HASH_PREFIX
from ocr_pipeline.documents.transcripts import transcript_sha256
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.base import input_key_of
from ocr_pipeline.ocr.base import input_of, reads_transcripts
from ocr_pipeline.store import result_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.extractions import ExtractionCell

Cell = tuple[str, str]


def pending_documents(config: Config, sources: Iterable[SourceFile], warehouse: Warehouse) -> list[str]:
    """Documents that are new, changed (or their transcript), moved, were taken in before their pages were hashed as
    today, or failed last time: a failure may be mended by now."""
    known = tables.documents.documents(warehouse)
    pending = []
    for source in sources:
        row = known.get(source.document_id)
        moved = row is not None and not (row.dataset == source.dataset and source.path.as_posix().endswith(row.path))
        hashed = row is not None and (row.perceptual_hash or "").startswith(HASH_PREFIX)
        same_transcript = row is not None and row.transcript_sha256 == transcript_sha256(source.path)
        if row is None or moved or row.failed or not hashed or not same_transcript:
            pending.append(source.document_id)
            continue
        try:
            unchanged = row.sha256 == sha256_of(read_bytes(source.path, config.limits))
        except DocumentError:
            unchanged = False
        if not unchanged:
            pending.append(source.document_id)
    return pending


def gone_documents(on_disk: Iterable[SourceFile], warehouse: Warehouse) -> list[str]:
    """Documents that were taken in, whose file is not there any more, and of which that is not known yet."""
    there = {source.document_id for source in on_disk}
    known = tables.documents.documents(warehouse)
    return [key for key, row in known.items() if key not in there and not row.file_deleted]


def pending_labels(sources: Iterable[SourceFile], warehouse: Warehouse) -> list[str]:
    """Documents whose label is new, changed (or the decisions about it), gone, or was not valid last time."""
    known = tables.labels.labels(warehouse)
    pending = []
    for source in sources:
        row = known.get(source.document_id)
        try:
            label_sha256 = labels_sha256(source)
        except OSError:  # the stage reads it again, and says what is wrong
            label_sha256 = ""
        current = row is not None and row.dataset == source.dataset and row.label_sha256 == label_sha256
        if not current or (row and row.status == "invalid"):
            pending.append(source.document_id)
    return pending


def has_input(config: Config, engine: str | None, document: DocumentRow | None) -> bool:
    """Whether a cell is asked for at all: an engine that reads transcripts has nothing to say about a document without one.

    Args:
        engine: None for a backend that looks at the pages.
        document: its row of `documents`; None where it was not taken in yet.
    """
    reads = engine is not None and reads_transcripts(config.engines[engine].engine)
    return not reads or bool(document and document.transcript_sha256)


def pending_ocr(config: Config, engines: Iterable[str], documents: Collection[str], warehouse: Warehouse) -> list[Cell]:
    """(engine, document) cells of `ocr_text` to materialise, in the order of the arguments."""
    known = tables.documents.documents(warehouse)
    pending = []
    for engine in engines:
        rows = tables.words.ocr_cells(warehouse, engine)
        configured = config.engines[engine]
        for document_id in documents:
            document = known.get(document_id)
            expected = None
            if document and document.sha256:
                content = input_of(configured.engine, document.sha256, document.transcript_sha256)
                expected = result_key(content, configured.fingerprint)
            row = rows.get(document_id)
            missing = row is None and has_input(config, engine, document)
            if missing or (row and row.result_key != expected):
                pending.append((engine, document_id))
    return pending


def extraction_cells(config: Config, backends: Iterable[str], sources: Sequence[SourceFile]) -> list[Cell]:
    """Every (backend, document) cell that there can be, in the order of the arguments.

    A backend of imported predictions has none for the documents of a data set that it has no prediction of: there it was
    never run. Within a data set it has one for every document, so that one that it was not given counts as missing.
    """
    cells = []
    for backend in backends:
        predictions = config.predictions_of(backend)
        cells += [
            (backend, source.document_id)
            for source in sources
            if predictions is None or source.dataset in predictions.datasets
        ]
    return cells


def pending_extractions(
    config: Config, backends: Iterable[str], documents: Collection[str], warehouse: Warehouse
) -> list[Cell]:
    """(backend, document) cells of `extractions` to materialise, in the order of the arguments."""
    known = tables.documents.documents(warehouse)
    pending = []
    for backend in backends:
        rows = tables.extractions.extraction_cells(warehouse, backend)
        for document_id, expected in expected_keys(config, backend, documents, warehouse).items():
            row = rows.get(document_id)
            missing = row is None and is_asked_for(config, backend, known.get(document_id), expected)
            if missing or (row and row.result_key != expected):
                pending.append((backend, document_id))
    return pending


def is_asked_for(config: Config, backend: str, document: DocumentRow | None, expected: str | None) -> bool:
    """Whether a cell of `extractions` that has no row is missing: an ensemble has none of a document that no member has read.

    Args:
        document: its row of `documents`; None where it was not taken in yet.
        expected: the key that its result would have, of `expected_keys`.
    """
    return (
        expected is not None
        if backend in config.ensembles
        else has_input(config, config.backends[backend].engine, document)
    )


def member_cells(members: Iterable[str], reader: Reader) -> dict[str, dict[str, ExtractionCell]]:
    """The rows of `extractions` with a result, by document and member, in the order of the members."""
    found: dict[str, dict[str, ExtractionCell]] = {}
    for member in members:
        for document_id, row in tables.extractions.extraction_cells(reader, member).items():
            if not row.failed and row.result_key:
                found.setdefault(document_id, {})[member] = row
    return found


def members_key(cells: Mapping[str, ExtractionCell]) -> str:
    """What the members of an ensemble have read in a document, as one key. `cells`: of the document, by member."""
    return sha256_of("+".join(f"{member}={row.result_key}" for member, row in cells.items()).encode())


def expected_keys(config: Config, backend: str, documents: Iterable[str], reader: Reader) -> dict[str, str | None]:
    """The key that a current result of each document has; None where an earlier stage has nothing to work on."""
    engine, members = config.backends[backend].engine, config.ensembles.get(backend, ())
    if members:
        inputs: dict[str, str | None] = {
            key: members_key(cells) for key, cells in member_cells(members, reader).items()
        }
    elif engine:
        rows = tables.words.ocr_cells(reader, engine)
        inputs = {key: row.result_key for key, row in rows.items() if not row.failed}
    else:
        inputs = {key: row.sha256 for key, row in tables.documents.documents(reader).items()}
    predictions = config.predictions_of(backend)
    if predictions:
        inputs = {key: predictions.input_of(key, sha256) for key, sha256 in inputs.items() if sha256}
    fingerprint, extractor = config.backends[backend].fingerprint, config.backends[backend].extractor_object
    return {
        key: result_key(input_key_of(extractor, key, value), fingerprint) if (value := inputs.get(key)) else None
        for key in documents
    }
