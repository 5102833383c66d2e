"""`ocr_text`, the words of a document, and `extractions`, the fields that a backend extracts; ensembles are in `ensembles`."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial

import dagster as dg

from ocr_pipeline.backends.backend import Backend, Backends
from ocr_pipeline.backends.engine import Engine
from ocr_pipeline.defs.assets.asked import Asked, asked_cells
from ocr_pipeline.defs.assets.cells import (
    Restartable,
    batches,
    counted,
    document_failure,
    require,
)
from ocr_pipeline.defs.assets.extracted import ExtractionWriter
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options, escape_markdown
from ocr_pipeline.defs.partitions import BACKEND, ENGINE, Partitions
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.document_schema.loading import load_schemas, schema_named
from ocr_pipeline.errors import NOT_APPLICABLE
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.stage import extract_documents
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.ocr.stage import OcrOutcome, OcrResult, OcrTask, read_documents
from ocr_pipeline.progress import Progress
from ocr_pipeline.schemas import DocumentFailure
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.words import OcrCell

Documents = Mapping[str, DocumentRow]

FIRST_LINES = 15
"""Lines of text that the metadata of a cell shows."""
WORDS_AT_A_TIME, DOCUMENTS_AT_A_TIME = 20_000, 500
"""Whose words are loaded together: 20,000 take some 20 MB."""


def reading_assets(backends: Backends, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """`ocr_text` and `extractions`."""
    has_model = any(backend.capabilities.learns and backend.engine for backend in backends.values())
    return [_ocr_text(partitions), _extractions(partitions, has_model)]


def _ocr_text(partitions: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        partitions_def=partitions.document_engine,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=not partitions.shards,
        deps=[partitions.upstream_document()],
        **asset_options("reading", "ocr_text", lineage={"pages": "raw_documents.pages"}),
    )
    @readable_failure
    def ocr_text(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        """The words of each document as an engine recognises them: text, box, confidence, line, reading order."""
        backends, target = project.backends(), warehouse.warehouse()
        asked = asked_cells(context, partitions, ENGINE, project, target, backends)
        known = tables.documents.documents(target, asked.chosen)
        require(known, asked.cells, "raw_documents")
        for name, keys in asked.cells.items():
            engine = backends.engines[name]
            pages = {key: known[key].pages or 1 for key in keys}
            progress.start(f"ocr {name}", sum(pages.values()), "pages")
            results = _recognise(engine, list(keys), known, project, backends)
            for batch in batches(counted(results, progress, f"ocr {name}", pages)):
                _write_words(asked, project, target, engine, batch)
        yield from asked.finish()

    return ocr_text


def _recognise(
    engine: Engine, document_ids: Sequence[str], known: Documents, project: ProjectResource, backends: Backends
) -> Iterator[OcrResult]:
    tasks = []
    for document_id in document_ids:
        document = known[document_id]
        if failure := document_failure(document):
            yield OcrResult(document_id, OcrOutcome(failure=failure), key=None, cached=False)
            continue
        assert document.sha256 is not None
        assert document.pages is not None
        tasks.append(
            OcrTask(
                document_id,
                path=project.project.path_of(document.path),
                sha256=document.sha256,
                transcript_sha256=document.transcript_sha256,
                pages=document.pages,
                part=document.page_range,
            )
        )
    yield from read_documents(engine.component, tasks, project.store, backends.limits, project.workers, engine.times)


def _write_words(
    asked: Asked, project: ProjectResource, warehouse: Warehouse, engine: Engine, batch: Sequence[OcrResult]
) -> None:
    new_rows = tables.empty(tables.words.OCR_TABLES)
    for result in batch:
        row = tables.words.add_ocr(
            new_rows,
            result.document_id,
            engine.name,
            result.outcome,
            fingerprint=engine.fingerprint,
            result_key=result.key,
            run_id=asked.context.run.run_id,
        )
        metadata = partial(_words_metadata, project, row, result)
        asked.note(engine.name, result.document_id, metadata, failed=row.failed, rows=row.words or 0)
    warehouse.replace(tables.words.OCR_KEY, [(result.document_id, engine.name) for result in batch], new_rows)


def _words_metadata(project: ProjectResource, row: OcrCell, result: OcrResult) -> dict[str, object]:
    return {
        "status": row.status,
        "reason": row.reason,
        "failed": int(row.failed),
        "report": dg.MetadataValue.url(project.document_link(result.document_id)),
        "dagster/partition_row_count": row.words or 0,
        "mean_confidence": row.mean_confidence,
        "seconds": row.seconds,
        "from_result_store": result.cached,
        "fingerprint": row.fingerprint,
        "text": dg.MetadataValue.md(_first_lines(result)),
    }


def _first_lines(result: OcrResult) -> str:
    """The first lines of the text, for the materialisation's metadata."""
    if result.outcome.text is None:
        return ""
    lines: dict[tuple[int, int], list[str]] = defaultdict(list)
    for word in result.outcome.text.words():
        lines[word.page, word.line].append(word.text)
    return "  \n".join(escape_markdown(" ".join(words)) for words in list(lines.values())[:FIRST_LINES])


def _extractions(partitions: Partitions, has_model: bool) -> dg.AssetsDefinition:
    lineage = {"engine_fingerprint": "ocr_text.fingerprint", "ocr_seconds": "ocr_text.seconds"}
    words = dg.AssetDep("ocr_text", partition_mapping=partitions.ocr_to_extractions)

    @dg.asset(
        partitions_def=partitions.document_backend,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=not partitions.shards,
        deps=[partitions.upstream_document(), words, *(["extractor_model"] if has_model else [])],
        **asset_options("reading", "extractions", lineage=lineage),
    )
    @readable_failure
    def extractions(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        models: dg.ResourceParam[ModelCalls],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        """The fields of each document as a backend extracts them, with the evidence for every value."""
        backends, target = project.backends(), warehouse.warehouse()
        asked = asked_cells(context, partitions, BACKEND, project, target, backends)
        known = tables.documents.documents(target, asked.chosen)
        require(known, asked.cells, "raw_documents")
        writer = ExtractionWriter(asked, project, warehouse)
        cells_of = cache(lambda engine: tables.words.ocr_cells(target, engine, asked.chosen))
        for name in asked.cells:
            backend = backends[name]
            keys, ocr = _covered(asked, known, backend), dict[str, OcrCell]()
            if backend.engine:
                ocr |= cells_of(backend.engine.name)
                with_words = [key for key in keys if not (known[key].is_drawn and backend.reads_xml)]
                require(ocr, {name: with_words}, f"ocr_text of {backend.engine.name}")
            progress.start(name, len(keys))
            tasks = Restartable(partial(extraction_tasks, target, backend, list(keys), known, ocr, project))
            results = extract_documents(
                backend.extractor,
                tasks,
                project.store,
                backends.limits,
                models,
                sources=backend.sources,
                times=backend.times,
                repeat=backend.repeat,
                workers=project.workers,
            )
            writer.write(backend, counted(results, progress, name), ocr)
        writer.raise_to_retry()
        yield from asked.finish()

    return extractions


def extraction_tasks(
    warehouse: Warehouse,
    backend: Backend,
    document_ids: Sequence[str],
    known: Documents,
    ocr: dict[str, OcrCell],
    project: ProjectResource,
) -> Iterator[ExtractionTask]:
    """What a backend works on, document by document. `ocr`: the rows of its engine, with one for each document."""
    engine, predictions = backend.engine_name, backend.predictions
    schemas, path_of = load_schemas(project.project.root), project.project.path_of
    for batch in _read_together(document_ids, ocr):
        texts = {}
        if engine:
            with warehouse.snapshot() as snapshot:  # words and their key from one state: another run may replace both
                ocr.update(tables.words.ocr_cells(snapshot, engine, batch))
                texts = tables.words.ocr_texts(snapshot, engine, batch)
        for document_id in batch:
            document = known[document_id]
            words = ocr[document_id] if engine and not (document.is_drawn and backend.reads_xml) else None
            failure = document_failure(document) or (_words_failure(words) if words else None)
            input_key = words.result_key if words else document.sha256
            if predictions and input_key:
                input_key = predictions.input_of(document_id, input_key)
            if input_key:
                input_key = backend.input_of_schema(input_key, document.schema_state)
            yield ExtractionTask(
                document_id=document_id,
                path=path_of(document.path),
                sha256=document.sha256,
                text=texts.get(document_id),
                input_key=backend.extractor.input_of(document_id, input_key) if input_key and not failure else None,
                failure=failure,
                prediction=predictions.text_of(document_id) if predictions else None,
                part=document.page_range,
                schema=schema_named(schemas, document.schema_name),
            )


def _read_together(document_ids: Sequence[str], ocr: Mapping[str, OcrCell]) -> Iterator[list[str]]:
    """Documents whose words are loaded together. To open the database takes as long as to load the words of some documents."""
    batch, words = list[str](), 0
    for document_id in document_ids:
        cell = ocr.get(document_id)
        more = (cell.words if cell else None) or 0
        if batch and (words + more > WORDS_AT_A_TIME or len(batch) == DOCUMENTS_AT_A_TIME):
            yield batch
            batch, words = [], 0
        batch.append(document_id)
        words += more
    if batch:
        yield batch


def _words_failure(words: OcrCell) -> DocumentFailure | None:
    if not words.failed:
        return None
    # A cell that is not applicable can only be selected in the UI; it is excluded from scores.
    reason = next((reason for reason in NOT_APPLICABLE if reason == words.reason), "ocr_failed")
    return DocumentFailure(reason=reason, message=f"There is no text to work on: {words.message}")


def _covered(asked: Asked, known: Documents, backend: Backend) -> list[str]:
    """The documents that the backend has something to do for. For the others it was never run: they get no row."""
    covered, reasons = [], Counter[str]()
    for document_id in asked.cells[backend.name]:
        if reason := _not_covered(known[document_id], backend):
            metadata = {"status": "not_run", "reason": reason}
            asked.note(backend.name, document_id, partial(dict, metadata), failed=False, rows=0)
            reasons[reason] += 1
        else:
            covered.append(document_id)
    for reason, count in reasons.items():
        asked.context.log.info(f"{backend.name}: not run on {count} documents: {reason}.")
    return covered


def _not_covered(document: DocumentRow, backend: Backend) -> str | None:
    if not backend.reads_schema(document.schema_state):
        return f"it does not read documents of the schema {document.schema_name}"
    if backend.predictions and document.dataset not in backend.predictions.datasets:
        return "no predictions of this data set were imported"
    return None
