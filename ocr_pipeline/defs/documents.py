"""Assets of the group `documents`: what there is to read, and what is known to stand on it."""

import dagster as dg

from ocr_pipeline.config import Config
from ocr_pipeline.defs.metadata import KINDS, OWNERS, add_cell_metadata, preview, table_metadata
from ocr_pipeline.defs.partitions import Partitions, asked_for
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.stage import take_in_all, take_in_label
from ocr_pipeline.progress import Progress
from ocr_pipeline.warehouse import rows


def document_assets(config: Config, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """`raw_documents` and `ground_truth`."""

    @dg.asset(
        partitions_def=partitions.documents,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="documents",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata("documents"),
    )
    def raw_documents(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Every document file: type by content, SHA-256, pages and their sizes. A broken file is a row with a reason."""
        keys = asked_for(context)
        sources = _sources(project)
        tables = rows.empty(rows.DOCUMENT_TABLES)
        progress.start("documents", len(keys))
        # a file that is gone is reported as a row, as if it could not be opened
        asked = [
            sources.get(key) or SourceFile(key, "documents", project.project.data / "documents" / key, None)
            for key in keys
        ]
        for source, document, failure in take_in_all(asked, config.limits):
            key = source.document_id
            path = project.project.relative(source.path)
            rows.add_document(tables, source, path, run_id=context.run.run_id, document=document, failure=failure)
            row = tables["documents"][-1]
            add_cell_metadata(
                context,
                key,
                {
                    "dagster/partition_row_count": 1,
                    "status": row["status"],
                    "reason": row["reason"],
                    "media_type": row["media_type"],
                    "pages": row["pages"] or 0,
                    "sha256": row["sha256"],
                },
            )
            progress.advance("documents", cached=False, failed=failure is not None)
        warehouse.warehouse().replace(rows.DOCUMENT_KEY, [(key,) for key in keys], tables)
        return dg.MaterializeResult()

    @dg.asset(
        partitions_def=partitions.documents,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="documents",
        kinds={*KINDS, "json"},
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata("ground_truth"),
    )
    def ground_truth(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """The label file beside a document, validated. A field that it does not mention is not labelled, and not scored."""
        keys = asked_for(context)
        sources = _sources(project)
        tables = rows.empty(rows.LABEL_TABLES)
        progress.start("labels", len(keys))
        for key in keys:
            source = sources.get(key) or SourceFile(key, "documents", project.project.data, None)
            label, sha256, failure = take_in_label(source)
            rows.add_label(
                tables,
                key,
                source.dataset,
                run_id=context.run.run_id,
                label=label,
                label_sha256=sha256,
                failure=failure,
            )
            row = tables["labels"][-1]
            fields = [entry for entry in tables["ground_truth"] if entry["document_id"] == key]
            add_cell_metadata(
                context,
                key,
                {
                    "dagster/partition_row_count": len(fields),
                    "status": row["status"],
                    "message": row["message"],
                    "values": preview(fields, ["field", "value"]),
                },
            )
            progress.advance("labels", cached=False, failed=failure is not None)
        warehouse.warehouse().replace(rows.DOCUMENT_KEY, [(key,) for key in keys], tables)
        return dg.MaterializeResult()

    return [raw_documents, ground_truth]


def _sources(project: ProjectResource) -> dict[str, SourceFile]:
    return {source.document_id: source for source in find_documents(project.project.data)}
