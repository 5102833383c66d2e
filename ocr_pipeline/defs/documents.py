"""Assets of the group `documents`: what there is to read, and what is known to stand on it."""

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs._dagster import add_cell_metadata
from ocr_pipeline.defs.metadata import KINDS, OWNERS, preview, table_metadata
from ocr_pipeline.defs.partitions import Partitions, asked_for
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.documents.duplicates import candidate_pairs, compare, splits_in_use
from ocr_pipeline.documents.duplicates import duplicates as find_duplicates
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.stage import first_page, ingest_all, ingest_decided_label
from ocr_pipeline.documents.transcripts import transcript_sha256
from ocr_pipeline.progress import Progress
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import utc_now


def document_assets(configured: Backends, partitions: Partitions) -> list[dg.AssetsDefinition]:
    """`raw_documents`, `ground_truth` and `duplicates`."""

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
        new_rows = tables.empty(tables.documents.DOCUMENT_TABLES)
        progress.start("documents", len(keys))
        began = utc_now()
        # a file that is gone is reported as a row, as if it could not be opened
        asked = [
            sources.get(key) or SourceFile(key, "documents", project.project.data / "documents" / key, None)
            for key in keys
        ]
        for source, document, failure in ingest_all(asked, configured.limits):
            key = source.document_id
            path = project.project.relative(source.path)
            row = tables.documents.add_document(
                new_rows,
                source,
                path,
                run_id=context.run.run_id,
                document=document,
                transcript_sha256=transcript_sha256(source.path),
                failure=failure,
                began=began,
            )
            add_cell_metadata(
                context,
                key,
                {
                    "dagster/partition_row_count": 1,
                    "status": row.status,
                    "reason": row.reason,
                    "media_type": row.media_type,
                    "pages": row.pages or 0,
                    "sha256": row.sha256,
                },
            )
            progress.advance("documents", cached=False, failed=failure is not None)
        warehouse.warehouse().replace(tables.documents.DOCUMENT_KEY, [(key,) for key in keys], new_rows)
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
        """The label file beside a document, validated, with the decisions of reviews (`data/overrides`) laid on top.

        A field that it does not mention is not labelled, and not scored.
        """
        keys = asked_for(context)
        sources = _sources(project)
        new_rows = tables.empty(tables.labels.LABEL_TABLES)
        progress.start("labels", len(keys))
        began = utc_now()
        for key in keys:
            source = sources.get(key) or SourceFile(key, "documents", project.project.data, None)
            decided, failure = ingest_decided_label(source)
            row = tables.labels.add_label(
                new_rows,
                key,
                source.dataset,
                run_id=context.run.run_id,
                label=decided.label if decided else None,
                label_sha256=decided.sha256 if decided else None,
                failure=failure,
                decided=decided,
                began=began,
            )
            fields = [entry for entry in new_rows["ground_truth"] if entry["document_id"] == key]
            add_cell_metadata(
                context,
                key,
                {
                    "dagster/partition_row_count": len(fields),
                    "status": row.status,
                    "message": row.message,
                    "values": preview(fields, ["field", "value"]),
                },
            )
            progress.advance("labels", cached=False, failed=failure is not None)
        warehouse.warehouse().replace(tables.documents.DOCUMENT_KEY, [(key,) for key in keys], new_rows)
        return dg.MaterializeResult()

    @dg.asset(
        deps=[raw_documents, ground_truth],
        group_name="documents",
        kinds=KINDS,
        owners=OWNERS,
        code_version="1",
        metadata=table_metadata("duplicates"),
    )
    def duplicates(
        context: dg.AssetExecutionContext, project: ProjectResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult[None]:
        """Documents with the same bytes or the same look, and the split that they count to together.

        Two contents are compared once: `page_similarities` keeps what came out.
        """
        target = warehouse.warehouse()
        with target.snapshot() as snapshot:
            documents, labels = tables.documents.documents(snapshot), tables.labels.labels(snapshot)
            prints, known = tables.documents.fingerprints(snapshot), tables.documents.page_similarities(snapshot)
        pairs = candidate_pairs(prints)
        paths = {row.sha256: project.project.root / row.path for row in documents.values() if row.sha256}
        new = compare(
            [pair for pair in pairs if pair not in known],
            lambda sha256: first_page(paths[sha256], sha256, configured.limits),
        )
        similarities = {**{pair: known[pair] for pair in pairs if pair in known}, **new}
        members = find_duplicates(prints, similarities)
        splits = splits_in_use({key: row.split for key, row in labels.items()}, members)
        found = tables.documents.duplicate_rows(members, splits, run_id=context.run.run_id)
        tables.documents.replace_duplicates(target, found, similarities)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(found),
                "compared": len(new),
                "preview": preview(
                    [vars(row) for row in found], ["document_id", "duplicate_of", "kind", "distance", "split"]
                ),
            }
        )

    return [raw_documents, ground_truth, duplicates]


def _sources(project: ProjectResource) -> dict[str, SourceFile]:
    return {source.document_id: source for source in find_documents(project.project.data)}
