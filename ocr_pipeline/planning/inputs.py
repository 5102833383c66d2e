"""What the cells of a stage work on, as keys: the address that a current result has.

Everything is compared by content, never by time, so touching a file or running a stage again makes nothing stale.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.backends.backend import Backend
from ocr_pipeline.backends.engine import Engine
from ocr_pipeline.backends.members import member_cells, members_key
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import schema_state
from ocr_pipeline.documents.pages import sha256_of
from ocr_pipeline.documents.transcripts import has_transcript
from ocr_pipeline.documents.xml_files import SUFFIXES
from ocr_pipeline.store import result_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.documents import DocumentRow


@dataclass(frozen=True)
class NewDocument:
    """What is known of a document before it is ingested. `is_drawn`: it is XML alone, and its pages will be drawn from it."""

    has_transcript: bool = False
    is_drawn: bool = False
    schema_state: str | None = None


def new_documents(sources: Iterable[SourceFile], known: Collection[str]) -> dict[str, NewDocument]:
    """What is known of the documents that are not among the ingested ones, `known`."""
    return {
        source.document_id: NewDocument(
            has_transcript(source.path), source.path.suffix.lower() in SUFFIXES, schema_state(source)
        )
        for source in sources
        if source.document_id not in known
    }


def engine_has_input(engine: Engine, document: DocumentRow | NewDocument) -> bool:
    """Whether a cell of `ocr_text` is asked for at all: not for a page that is drawn, where there is nothing to recognise, nor
    for a document without a transcript, if the engine reads these."""
    if document.is_drawn:
        return False
    return document.has_transcript or not engine.capabilities.reads_transcripts


def backend_has_input(backend: Backend, document: DocumentRow | NewDocument) -> bool:
    """The same for `extractions`; nor for a document of a schema that the backend does not read."""
    if not backend.reads_schema(document.schema_state):
        return False
    if document.is_drawn:
        return backend.reads_xml
    return backend.engine is None or engine_has_input(backend.engine, document)


def expected_ocr_key(engine: Engine, document: DocumentRow | None, made_by: str) -> str | None:
    """The key of a current result of `ocr_text`, made by the engine with this fingerprint or, if that does not count any more,
    with today's; None for a document that is not ingested or failed."""
    if document is None or not document.sha256:
        return None
    return result_key(engine.input_of(document.sha256, document.transcript_sha256), engine.current(made_by))


def expected_extraction_keys(
    backend: Backend, documents: Iterable[str], reader: Reader, fingerprints: Mapping[str, str] | None = None
) -> dict[str, str | None]:
    """The key of a current result of each document; None if an earlier stage has nothing to work on. `fingerprints`: by
    document, in place of today's, for the key that a result of that time has if what it worked on is unchanged."""
    inputs = _inputs(backend, reader)
    for document_id, state in tables.documents.schema_states(reader).items():
        if document_id in inputs:
            inputs[document_id] = backend.input_of_schema(inputs[document_id], state)
    extractor, today = backend.extractor, backend.fingerprint
    earlier = fingerprints or {}
    return {
        document_id: result_key(extractor.input_of(document_id, inputs[document_id]), earlier.get(document_id, today))
        if document_id in inputs
        else None
        for document_id in documents
    }


def _inputs(backend: Backend, reader: Reader) -> dict[str, str]:
    """What the backend works on, by document: the key of its members' results, of its words, or the hash of the file."""
    if backend.capabilities.in_order:
        return cascade_inputs(backend, reader)
    if backend.is_ensemble:
        return {key: members_key(cells) for key, cells in member_cells(backend, reader).items()}
    if backend.engine:
        rows = tables.words.ocr_cells(reader, backend.engine.name)
        inputs = {key: row.result_key for key, row in rows.items() if row.result_key and not row.failed}
        if backend.reads_xml:
            documents = tables.documents.documents(reader)
            inputs |= {key: row.sha256 for key, row in documents.items() if row.is_drawn and row.sha256}
    else:
        inputs = {key: row.sha256 for key, row in tables.documents.documents(reader).items() if row.sha256}
    if backend.predictions:
        inputs = {key: backend.predictions.input_of(key, sha256) for key, sha256 in inputs.items()}
    return inputs


def cascade_inputs(cascade: Backend, reader: Reader) -> dict[str, str]:
    """The result of the first member, and the keys that results of the others have or would have.

    So a changed prompt of the last member makes cells stale, and whether it was asked does not have to be known. A document
    that the first member failed on counts, unless trying again may help: the others are asked.
    """
    first, *later = cascade.members
    rows = tables.extractions.extraction_cells(reader, first.name)
    keys = {key: row.result_key or f"failed: {row.reason}" for key, row in rows.items() if row.reason not in NO_ANSWER}
    of_later = [expected_extraction_keys(member, keys, reader) for member in later]
    return {
        document_id: sha256_of("+".join([key, *(f"{expected[document_id]}" for expected in of_later)]).encode())
        for document_id, key in keys.items()
    }


NO_ANSWER = ("document_failed", "provider_failed", "extraction_failed")
"""Reasons for which a cascade has to wait: the document cannot be opened, or the first member is to be tried again."""


def wanted_words(backends: Sequence[Backend], sources: Iterable[SourceFile]) -> set[tuple[str, str]]:
    """Engine and document of the words that these backends need: one that is enabled for some data sets needs no others."""
    return {
        (engine.name, source.document_id)
        for source in sources
        for backend in backends
        if backend.covers(source.dataset)
        for engine in backend.engines
    }
