"""The state of a cell: current, missing, stale with the reason, or failed. Every view and every run uses this one.

A cell is current if the key under which its result is stored is the key that today's document, settings and earlier
stages give.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ocr_pipeline.backends.backend import Backend, Backends
from ocr_pipeline.backends.engine import Engine
from ocr_pipeline.backends.splitting import BY_HAND, WAITING
from ocr_pipeline.documents.bucket_files import drop_copy
from ocr_pipeline.documents.file_state import document_state, label_state, unchanged_since
from ocr_pipeline.documents.find import SourceFile
from ocr_pipeline.documents.labels import labels_sha256, schema_state
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import document_sha256, read_bytes
from ocr_pipeline.documents.perceptual import HASH_PREFIX
from ocr_pipeline.documents.stage import attempt_of
from ocr_pipeline.documents.transcripts import transcript_sha256
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.planning.inputs import (
    NewDocument,
    backend_has_input,
    engine_has_input,
    expected_extraction_keys,
    expected_ocr_key,
)
from ocr_pipeline.untrusted import printable_path
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.extraction_cell import ExtractionCell
from ocr_pipeline.warehouse.tables.labels import LabelRow
from ocr_pipeline.warehouse.tables.words import OcrCell

TOO_SLOW = "too_slow"
NO_DOCUMENTS: Mapping[str, NewDocument] = {}

State = Literal["current", "missing", "stale", "failed"]


@dataclass(frozen=True)
class CellState:
    """One cell. `name` is its engine or backend, empty for a document or label.

    `why` names what changed (document, engine, text, prediction, members, or settings of the extractor like prompt), or the
    failure. `due`: a run has something to do for it. A failed cell is due if trying again may succeed. `file_state`: of files
    that were read and found unchanged, to be stored, so that they are not read again.
    """

    name: str
    document_id: str
    state: State
    why: str | None = None
    due: bool = True
    file_state: str | None = None

    @property
    def cell(self) -> tuple[str, str]:
        return (self.name, self.document_id)


def document_states(
    sources: Iterable[SourceFile],
    known: Mapping[str, DocumentRow],
    limits: Limits,
    detection: Callable[[str], str | None] = lambda dataset: None,
    *,
    rehash: bool = False,
) -> list[CellState]:
    """The state of each document in `documents`. Reads and hashes files whose size, times or inode differ.

    Args:
        known: its rows.
        detection: how documents of a data set are looked at for several invoices.
        rehash: read all files, and fetch all objects.
    """
    return [
        _document_state(source, known.get(source.document_id), limits, detection(source.dataset), rehash)
        for source in sources
    ]


def _document_state(
    source: SourceFile, row: DocumentRow | None, limits: Limits, detection: str | None, rehash: bool
) -> CellState:
    document_id = source.document_id
    if row is None:
        return CellState("", document_id, "missing")
    if not row.failed and _is_split_otherwise(source, row, detection):
        return CellState("", document_id, "stale", "split")
    if row.dataset != source.dataset or not printable_path(source.path.as_posix()).endswith(row.path):
        return CellState("", document_id, "stale", "path")
    if row.schema_state != schema_state(source):
        return CellState("", document_id, "stale", "schema")
    if row.failed:
        is_tried = row.attempt is not None and row.attempt == attempt_of(source, limits)
        return CellState("", document_id, "failed", row.reason, due=not is_tried)
    if not (row.perceptual_hash or "").startswith(HASH_PREFIX):
        return CellState("", document_id, "stale", "perceptual hash")
    state = document_state(source)
    if state == row.file_state and not rehash:
        return CellState("", document_id, "current", due=False)
    if row.transcript_sha256 != transcript_sha256(source.path):
        return CellState("", document_id, "stale", "transcript")
    if rehash:
        drop_copy(source.path)
    try:
        unchanged = row.sha256 == document_sha256(read_bytes(source.path, limits), source.pages)
    except DocumentError:
        unchanged = False
    if not unchanged:
        return CellState("", document_id, "stale", "file")
    found = unchanged_since(state, document_state, source)
    return CellState("", document_id, "current", due=False, file_state=found)


def _is_split_otherwise(source: SourceFile, row: DocumentRow, detection: str | None) -> bool:
    """Whether a file was split, or made whole, or is to be looked at for several invoices as it was not before."""
    if bool(source.parts) != row.is_split:
        return True
    if source.pages is not None or (row.pages or 1) < 2 or row.part_detection == BY_HAND:
        return False
    return (row.part_detection or "").removesuffix(WAITING) != (detection or "")


def deleted_documents(on_disk: Iterable[SourceFile], known: Mapping[str, DocumentRow]) -> list[str]:
    """Ingested documents whose file is gone, and whose row does not say so yet."""
    there = {source.document_id for source in on_disk}
    return [key for key, row in known.items() if key not in there and not row.file_deleted]


def label_states(
    sources: Iterable[SourceFile], known: Mapping[str, LabelRow], *, rehash: bool = False
) -> list[CellState]:
    """The state of each document's label in `labels`; a document without a label has a row that says so. `known`: its rows;
    `rehash`: read all files."""
    return [_label_state(source, known.get(source.document_id), rehash) for source in sources]


def _label_state(source: SourceFile, row: LabelRow | None, rehash: bool) -> CellState:
    document_id = source.document_id
    if row is None:
        return CellState("", document_id, "missing")
    state = label_state(source)
    if state == row.file_state and row.dataset == source.dataset and row.status != "invalid" and not rehash:
        return CellState("", document_id, "current", due=False)
    if rehash and source.label:
        drop_copy(source.label)
    try:
        current = labels_sha256(source)
    except OSError:  # the stage reads it again, and says what is wrong
        current = ""
    if row.dataset != source.dataset or row.label_sha256 != current:
        return CellState("", document_id, "stale", "label")
    if row.status == "invalid":
        return CellState("", document_id, "failed", "invalid_label")
    found = unchanged_since(state, label_state, source)
    return CellState("", document_id, "current", due=False, file_state=found)


def ocr_states(
    engine: Engine,
    documents: Collection[str],
    reader: Reader,
    changed: Collection[str] = (),
    new: Mapping[str, NewDocument] = NO_DOCUMENTS,
) -> list[CellState]:
    """The state of each document in `ocr_text` of an engine. A document that the engine has nothing to do for has none.

    `changed`: documents whose file changed; `new`: what is known of documents that are not ingested yet.
    """
    known, rows = tables.documents.documents(reader), tables.words.ocr_cells(reader, engine.name)
    states: list[CellState] = []
    for document_id in documents:
        document, row = known.get(document_id), rows.get(document_id)
        if row is not None:
            states.append(_ocr_state(engine, document_id, expected_ocr_key(engine, document, row.fingerprint), row))
        elif engine_has_input(engine, document or new.get(document_id, NewDocument())):
            states.append(CellState(engine.name, document_id, "missing"))
    return [
        replace(state, state="stale", why="document", due=True) if state.document_id in changed else state
        for state in states
    ]


def _ocr_state(engine: Engine, document_id: str, expected: str | None, row: OcrCell) -> CellState:
    today = engine.current(row.fingerprint)
    if row.reason == TOO_SLOW and row.result_key and expected and row.fingerprint == today:
        return _slow_state(engine.name, document_id, engine.times.key(expected), row.result_key, "document")
    if row.result_key == expected:
        state: State = "failed" if expected is None else "current"
        return CellState(engine.name, document_id, state, row.reason, due=False)
    if row.fingerprint != today:
        return CellState(engine.name, document_id, "stale", "engine")
    if row.result_key is None:
        return CellState(engine.name, document_id, "failed", row.reason)
    return CellState(engine.name, document_id, "stale", "document")


def extraction_states(
    backends: Backends,
    names: Iterable[str],
    documents: Collection[str],
    reader: Reader,
    changed: Collection[str] = (),
    new: Mapping[str, NewDocument] = NO_DOCUMENTS,
) -> list[CellState]:
    """The state of each document in `extractions` or `ensembles` of these backends.

    Args:
        changed: documents whose file changed since they were ingested.
        new: what is known of documents that are not ingested yet.
        reader: a snapshot, opened once for all backends.
    """
    known = tables.documents.documents(reader)
    states: list[CellState] = []
    stale_words: dict[str, dict[str, str]] = {}  # several backends share an engine
    for name in names:
        backend = backends[name]
        if backend.engine and backend.engine.name not in stale_words:
            words = ocr_states(backend.engine, documents, reader)
            stale_words[backend.engine.name] = {
                state.document_id: state.why or "text" for state in words if state.state == "stale"
            }
        rows = tables.extractions.extraction_cells(reader, name)
        upstream = (stale_words[backend.engine.name] if backend.engine else {}) | dict.fromkeys(changed, "document")
        for document_id, expected in expected_extraction_keys(backend, documents, reader).items():
            row, document = rows.get(document_id), known.get(document_id)
            if document is not None and not backend.reads_schema(document.schema_state):
                continue  # whatever was extracted when it followed another schema
            if row is not None:
                state = _extraction_state(backend, document_id, expected, row, upstream.get(document_id))
                if state.why == _input_name(backend) and document is not None and document.schema_state:
                    state = replace(state, why=f"{state.why} or schema")  # one key for both
                states.append(state)
            elif _is_asked_for(backend, document or new.get(document_id, NewDocument()), expected):
                states.append(CellState(name, document_id, "missing"))
    return states


def _is_asked_for(backend: Backend, document: DocumentRow | NewDocument, expected: str | None) -> bool:
    """Whether a cell without a row is missing: an ensemble has none of a document that no member extracted, and imported
    predictions none of a data set that they do not cover."""
    if backend.is_ensemble:
        return expected is not None
    if isinstance(document, DocumentRow) and not backend.covers(document.dataset):
        return False
    return backend_has_input(backend, document)


def _extraction_state(
    backend: Backend, document_id: str, expected: str | None, row: ExtractionCell, upstream: str | None
) -> CellState:
    name = backend.name
    if row.result_key == expected and expected is None and upstream is None:
        return CellState(name, document_id, "failed", row.reason, due=False)
    reasons = [upstream] if upstream else []
    is_unchanged = not reasons and row.extractor_fingerprint == backend.fingerprint
    if row.reason == TOO_SLOW and row.result_key and expected and backend.times and is_unchanged:
        slow = backend.times.key(expected)
        return _slow_state(name, document_id, slow, row.result_key, _input_name(backend))
    if row.extractor_fingerprint != backend.fingerprint:
        reasons += _changed_settings(row.extractor_settings, backend.settings)
    if row.result_key == expected and not reasons:
        return CellState(name, document_id, "current", due=False)
    if row.result_key is None and not reasons:
        return CellState(name, document_id, "failed", row.reason)
    return CellState(name, document_id, "stale", ", ".join(dict.fromkeys(reasons)) or _input_name(backend))


def _slow_state(name: str, document_id: str, expected: str, key: str, input_name: str) -> CellState:
    """The state of a cell that took too long: it is done again once its limits are others."""
    if key == expected:
        return CellState(name, document_id, "failed", TOO_SLOW, due=False)
    return CellState(name, document_id, "stale", f"limits or {input_name}")


def why_again(state: CellState | None, may_ask: bool) -> str | None:
    """Why a cell with nothing new is done again by a run that is to look afresh; None if it is not."""
    if may_ask:
        return "models are asked again"
    return "took too long" if state is not None and state.why == TOO_SLOW else None


def _input_name(backend: Backend) -> str:
    if backend.is_ensemble:
        return "members"
    return "text" if backend.engine else "prediction" if backend.predictions else "document"


def _changed_settings(old: str | None, new: str) -> Sequence[str]:
    before, now = json.loads(old or "{}"), json.loads(new)
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)] if old else ["extractor"]
