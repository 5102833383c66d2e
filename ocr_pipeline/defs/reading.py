"""Assets of the group `reading`: the words of a document, and the fields that a backend makes of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import dagster as dg

from ocr_pipeline.backends.backend import Backend, Backends, load_backends
from ocr_pipeline.backends.members import member_cells, member_results, members_key
from ocr_pipeline.backends.predictions import Predictions
from ocr_pipeline.defs._dagster import add_cell_metadata
from ocr_pipeline.defs.calls import add_totals, call_metadata, tag_totals
from ocr_pipeline.defs.metadata import KINDS, OWNERS, escape_markdown, preview, table_metadata
from ocr_pipeline.defs.partitions import BACKEND, DOCUMENT, ENGINE, Partitions, asked_for, cell
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.errors import OcrPipelineError
from ocr_pipeline.extraction.stage import ExtractionResult, ExtractionTask, extract_documents
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.ocr.stage import OcrOutcome, OcrResult, OcrTask, read_documents
from ocr_pipeline.progress import Progress
from ocr_pipeline.schemas import DocumentFailure
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow
from ocr_pipeline.warehouse.tables.extractions import ExtractionCell
from ocr_pipeline.warehouse.tables.words import OcrCell

Item = TypeVar("Item")
Reading = TypeVar("Reading", OcrResult, ExtractionResult)

BATCH = 50
"""Documents that are written together: their rows are a few megabytes, and writing them takes milliseconds."""


def reading_assets(configured: Backends, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """`ocr_text` and `extractions`."""
    has_model = any(backend.capabilities.learns and backend.engine for backend in configured.values())

    @dg.asset(
        partitions_def=partitions.document_engine,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(
                "raw_documents",
                partition_mapping=dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=DOCUMENT),
            )
        ],
        group_name="reading",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata("ocr_text", {"pages": "raw_documents.pages"}),
    )
    def ocr_text(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """The words of each document as an engine recognises them: text, box, confidence, line, reading order."""
        configured = load_backends(project.project)
        target = warehouse.warehouse()
        known = tables.documents.documents(target)
        cells = _by_dimension(asked_for(context), ENGINE)
        _require(known, {key for keys in cells.values() for key in keys}, "raw_documents")
        for engine, partition_keys in cells.items():
            pages = {key: known[key].pages or 1 for key in partition_keys}
            progress.start(f"ocr {engine}", sum(pages.values()), "pages")
            results = _read(configured, engine, list(partition_keys), known, project)
            for batch in _batches(_counted(results, progress, f"ocr {engine}", pages)):
                new_rows = tables.empty(tables.words.OCR_TABLES)
                for result in batch:
                    row = tables.words.add_ocr(
                        new_rows,
                        result.document_id,
                        engine,
                        result.outcome,
                        fingerprint=configured.engines[engine].fingerprint,
                        result_key=result.key,
                        run_id=context.run.run_id,
                    )
                    add_cell_metadata(
                        context,
                        partition_keys[result.document_id],
                        {
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
                        },
                    )
                target.replace(tables.words.OCR_KEY, [(result.document_id, engine) for result in batch], new_rows)
        return dg.MaterializeResult()

    @dg.asset(
        partitions_def=partitions.document_backend,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(
                "raw_documents",
                partition_mapping=dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=DOCUMENT),
            ),
            dg.AssetDep("ocr_text", partition_mapping=partitions.ocr_to_extractions),
            *(["extractor_model"] if has_model else []),
        ],
        group_name="reading",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata(
            "extractions", {"engine_fingerprint": "ocr_text.fingerprint", "ocr_seconds": "ocr_text.seconds"}
        ),
    )
    def extractions(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        models: dg.ResourceParam[ModelCalls],
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """The fields of each document as a backend gives them, with the evidence for every value."""
        configured = load_backends(project.project)
        target = warehouse.warehouse()
        known = tables.documents.documents(target)
        cells = _by_dimension(asked_for(context), BACKEND)
        _require(known, {key for keys in cells.values() for key in keys}, "raw_documents")
        to_retry: list[ExtractionCell] = []
        totals: Counter[str] = Counter()
        for backend, partition_keys in cells.items():
            chosen = configured[backend]
            if chosen.predictions:
                partition_keys = _covered(context, partition_keys, known, chosen.predictions)
            ocr = tables.words.ocr_cells(target, chosen.engine.name) if chosen.engine else {}
            if chosen.engine:
                _require(ocr, set(partition_keys), f"ocr_text of {chosen.engine.name}")
            progress.start(backend, len(partition_keys))
            tasks = Again(partial(_extraction_tasks, target, chosen, list(partition_keys), known, ocr, project))
            results = extract_documents(chosen.extractor, tasks, project.store, configured.limits, models)
            for batch in _batches(_counted(results, progress, backend, {})):
                new_rows = tables.empty(tables.extractions.EXTRACTION_TABLES)
                for result in batch:
                    text = ocr.get(result.document_id)
                    row = tables.extractions.add_extraction(
                        new_rows,
                        result.document_id,
                        backend,
                        result.outcome,
                        engine=chosen.engine_name,
                        extractor=chosen.extractor_type,
                        ocr_seconds=text.seconds if text else None,
                        engine_fingerprint=text.fingerprint if text else None,
                        extractor_fingerprint=chosen.fingerprint,
                        extractor_settings=chosen.settings,
                        result_key=result.key,
                        run_id=context.run.run_id,
                    )
                    if row.reason == "provider_failed":
                        to_retry.append(row)
                    fields = [
                        entry for entry in new_rows["extracted_fields"] if entry["document_id"] == result.document_id
                    ]
                    add_cell_metadata(
                        context,
                        partition_keys[result.document_id],
                        {
                            "summary": _summary(row, fields),
                            "status": row.status,
                            "reason": row.reason,
                            "failed": int(row.failed),
                            "report": dg.MetadataValue.url(project.document_link(result.document_id)),
                            "explain": f"ocr-pipeline explain {result.document_id} --backend {backend}",
                            "dagster/partition_row_count": len(fields),
                            "without_evidence": _without_evidence(result, fields),
                            "seconds": row.seconds,
                            "from_result_store": result.cached,
                            "fingerprint": row.extractor_fingerprint,
                            "values": preview(fields, ["field", "value"]),
                            "corrected": _corrections(result),
                            **call_metadata(result.outcome),
                        },
                    )
                target.replace(
                    tables.extractions.EXTRACTION_KEY, [(result.document_id, backend) for result in batch], new_rows
                )
                add_totals(totals, [result.outcome for result in batch if not result.cached])
                tag_totals(context, totals)
        if to_retry:
            raise dg.Failure(
                f"{len(to_retry)} documents failed for now at the provider: {to_retry[0].message} "
                "Everything else is kept: run again later for these."
            )
        return dg.MaterializeResult()

    return [ocr_text, extractions]


@dataclass(frozen=True)
class Again(Generic[Item]):
    """Something that can be gone through several times: it is begun anew each time."""

    begin: Callable[[], Iterator[Item]]

    def __iter__(self) -> Iterator[Item]:
        return self.begin()


def _by_dimension(partition_keys: Sequence[str], dimension: str) -> dict[str, dict[str, str]]:
    """Partition keys by engine or backend, then by document."""
    grouped: dict[str, dict[str, str]] = defaultdict(dict)
    for key in partition_keys:
        parts = cell(key)
        grouped[parts[dimension]][parts[DOCUMENT]] = key
    return grouped


def _counted(results: Iterator[Reading], progress: Progress, stage: str, units: Mapping[str, int]) -> Iterator[Reading]:
    for result in results:
        failed = result.outcome.failure is not None
        progress.advance(stage, cached=result.cached, failed=failed, by=units.get(result.document_id, 1))
        yield result


def _batches(results: Iterator[Item]) -> Iterator[list[Item]]:
    """Results in batches; where they end in an error, what came before it first."""
    batch = []
    stopped: OcrPipelineError | None = None
    try:
        for result in results:
            batch.append(result)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except OcrPipelineError as error:
        stopped = error
    if batch:
        yield batch
    if stopped:
        raise stopped


def _require(rows: Collection[str], document_ids: set[str], asset: str) -> None:
    """A cell without its upstream is no failed document: it must not be scored. The run fails before it does anything."""
    absent = sorted(document_ids - set(rows))
    if absent:
        raise dg.Failure(
            f"{len(absent)} of {len(document_ids)} documents are not there yet, {absent[0]} for one: "
            f"materialise {asset} for them first."
        )


def _document_failure(document: DocumentRow) -> DocumentFailure | None:
    if not document.failed:
        return None
    return DocumentFailure(reason="document_failed", message=f"The document failed: {document.reason}.")


def _read(
    configured: Backends,
    engine: str,
    document_ids: Sequence[str],
    known: Mapping[str, DocumentRow],
    project: ProjectResource,
) -> Iterator[OcrResult]:
    tasks = []
    for document_id in document_ids:
        document = known[document_id]
        failure = _document_failure(document)
        if failure:
            yield OcrResult(document_id, OcrOutcome(failure=failure), key=None, cached=False)
        else:
            assert document.sha256 is not None
            assert document.pages is not None
            tasks.append(
                OcrTask(
                    document_id,
                    path=project.project.root / document.path,
                    sha256=document.sha256,
                    transcript_sha256=document.transcript_sha256,
                    pages=document.pages,
                )
            )
    yield from read_documents(
        configured.engines[engine].component, tasks, project.store, configured.limits, project.workers
    )


def _extraction_tasks(
    warehouse: Warehouse,
    backend: Backend,
    document_ids: Sequence[str],
    known: Mapping[str, DocumentRow],
    ocr: dict[str, OcrCell],
    project: ProjectResource,
) -> Iterator[ExtractionTask]:
    engine, predictions = backend.engine_name, backend.predictions
    cells = member_cells(backend, warehouse) if backend.is_ensemble else {}  # once: results are found by content
    for batch in _batches(iter(document_ids)):
        texts = {}
        if engine:
            with warehouse.snapshot() as snapshot:  # words and their key from one state: another run may replace both
                ocr.update(tables.words.ocr_cells(snapshot, engine))
                texts = tables.words.ocr_texts(snapshot, engine, batch)
        for document_id in batch:
            document = known[document_id]
            failure = _document_failure(document)
            input_key = document.sha256
            if engine and not failure:
                input_key = ocr[document_id].result_key
                if ocr[document_id].failed:
                    message = f"There is no text to work on: {ocr[document_id].message}"
                    absent = ocr[document_id].reason == "no_transcript"  # asked for in the UI: it counts in no score
                    failure = DocumentFailure(reason="no_transcript" if absent else "ocr_failed", message=message)
            if predictions and input_key and not failure:
                input_key = predictions.input_of(document_id, input_key)
            if backend.is_ensemble and not failure:
                input_key = members_key(cells[document_id]) if document_id in cells else None
                if input_key is None:
                    message = "No member of the ensemble has read this document."
                    failure = DocumentFailure(reason="document_failed", message=message)
            if input_key and not failure:
                input_key = backend.extractor.input_of(document_id, input_key)
            yield ExtractionTask(
                document_id=document_id,
                path=project.project.root / document.path,
                sha256=document.sha256,
                text=texts.get(document_id),
                input_key=None if failure else input_key,
                failure=failure,
                prediction=predictions.text_of(document_id) if predictions else None,
                members=member_results(project.store, cells[document_id]) if document_id in cells else None,
            )


def _covered(
    context: dg.AssetExecutionContext,
    partition_keys: dict[str, str],
    known: Mapping[str, DocumentRow],
    predictions: Predictions,
) -> dict[str, str]:
    """The cells of data sets that there are predictions of. On the others the backend was never run: they get no row."""
    covered = {}
    for document_id, partition_key in partition_keys.items():
        if known[document_id].dataset in predictions.datasets:
            covered[document_id] = partition_key
        else:
            reason = "no predictions of this data set were imported"
            add_cell_metadata(context, partition_key, {"status": "not_run", "reason": reason})
    if len(covered) < len(partition_keys):
        absent = len(partition_keys) - len(covered)
        context.log.info(f"{predictions.backend}: {absent} documents are of data sets without any prediction; not run.")
    return covered


def _summary(row: ExtractionCell, fields: Sequence[Mapping[str, Any]]) -> dg.MarkdownMetadataValue:
    """What became of a cell, in a line."""
    if row.failed:
        return dg.MetadataValue.md(f"**failed** ({row.reason}): {escape_markdown(row.message)}")
    values = {field["field"]: escape_markdown(field["value"]) for field in fields}
    named = [values[name] for name in ("supplier_name", "invoice_date", "total_amount", "currency") if name in values]
    cost = f", {row.cost_usd:.5f} US dollars" if row.cost_usd else ""
    return dg.MetadataValue.md(f"**{len(fields)} fields**: {', '.join(named)} ({row.seconds or 0:.2f} s{cost})")


def _without_evidence(result: ExtractionResult, fields: Sequence[Mapping[str, Any]]) -> int:
    """Values that nobody finds on the page: a cell with many of them is suspicious."""
    extraction = result.outcome.extraction
    found = extraction.evidence if extraction else {}
    return sum(field["field"] not in found for field in fields)


def _corrections(result: ExtractionResult) -> dg.MarkdownMetadataValue | None:
    """The values that are not as printed, with what changed them."""
    extraction = result.outcome.extraction
    evidence = extraction.evidence if extraction else {}
    changed = [
        {"field": field, "printed": found.text, "correction": found.correction}
        for field, found in evidence.items()
        if found.correction
    ]
    return preview(changed, ["field", "printed", "correction"]) if changed else None


def _first_lines(result: OcrResult, limit: int = 15) -> str:
    """The beginning of the text, line by line, for the materialisation's metadata."""
    if result.outcome.text is None:
        return ""
    lines: dict[tuple[int, int], list[str]] = defaultdict(list)
    for word in result.outcome.text.words():
        lines[word.page, word.line].append(word.text)
    return "  \n".join(escape_markdown(" ".join(words)) for words in list(lines.values())[:limit])
