"""`ensembles`: what each ensemble or cascade makes of the results of its members."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import dagster as dg

from ocr_pipeline.backends.backend import Backend
from ocr_pipeline.backends.members import Cells, member_cells, member_results, members_key
from ocr_pipeline.defs.assets.asked import asked_cells
from ocr_pipeline.defs.assets.cascades import cascade_tasks
from ocr_pipeline.defs.assets.cells import Restartable, counted, document_failure, require
from ocr_pipeline.defs.assets.extracted import ExtractionWriter
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.metadata import asset_options
from ocr_pipeline.defs.partitions import ENSEMBLE, Partitions
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.document_schema.loading import load_schemas, schema_named
from ocr_pipeline.extraction.attempt import ExtractionTask
from ocr_pipeline.extraction.stage import extract_documents
from ocr_pipeline.models.asking import ModelCalls
from ocr_pipeline.progress import Progress
from ocr_pipeline.schemas import DocumentFailure
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow


def ensemble_assets(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """`ensembles`."""
    members = dg.AssetDep("extractions", partition_mapping=partitions.members_to_ensembles)

    @dg.asset(
        partitions_def=partitions.document_ensemble,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=not partitions.shards,
        deps=[partitions.upstream_document(), members],
        **asset_options("reading", "extractions", lineage={"seconds": "extractions.seconds extractions.ocr_seconds"}),
    )
    @readable_failure
    def ensembles(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        models: dg.ResourceParam[ModelCalls],
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        """The fields of each document as the members of an ensemble vote on them, or as a cascade takes them from one after
        the other; rows of the table `extractions`."""
        backends, target = project.backends(), warehouse.warehouse()
        asked = asked_cells(context, partitions, ENSEMBLE, project, target, backends)
        known = tables.documents.documents(target)
        require(known, asked.cells, "raw_documents")
        writer = ExtractionWriter(asked, project, warehouse)
        for name, keys in asked.cells.items():
            ensemble = backends[name]
            progress.start(name, len(keys))
            later = ensemble.asked_later
            if later:
                tasks = Restartable(
                    partial(cascade_tasks, target, ensemble, list(keys), known, project, backends.limits, models)
                )
            else:
                tasks = Restartable(partial(_tasks, target, ensemble, list(keys), known, project))
            at_once = max((member.capabilities.concurrency for member in later), default=1)
            results = extract_documents(
                ensemble.extractor,
                tasks,
                project.store,
                backends.limits,
                models,
                concurrency=at_once,
                times=ensemble.times,
            )
            writer.write(ensemble, counted(results, progress, name))
        writer.raise_to_retry()
        yield from asked.finish()

    return [ensembles]


def _tasks(
    warehouse: Warehouse,
    ensemble: Backend,
    document_ids: Sequence[str],
    known: Mapping[str, DocumentRow],
    project: ProjectResource,
) -> Iterator[ExtractionTask]:
    cells = member_cells(ensemble, warehouse)  # read once: results are found by content
    schemas = load_schemas(project.project.root)
    for document_id in document_ids:
        document, of_members = known[document_id], cells.get(document_id)
        failure = document_failure(document) or _no_members(of_members)
        input_key = members_key(of_members) if of_members and not failure else None
        if input_key:
            input_key = ensemble.input_of_schema(input_key, document.schema_state)
        yield ExtractionTask(
            document_id=document_id,
            path=project.project.path_of(document.path),
            sha256=document.sha256,
            text=None,
            input_key=ensemble.extractor.input_of(document_id, input_key) if input_key else None,
            failure=failure,
            members=member_results(project.store, of_members) if of_members else None,
            part=document.page_range,
            schema=schema_named(schemas, document.schema_name),
        )


def _no_members(cells: Cells | None) -> DocumentFailure | None:
    if cells:
        return None
    return DocumentFailure(
        reason="document_failed", message="No member of the ensemble has a result for this document."
    )
