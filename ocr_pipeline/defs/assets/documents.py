"""`raw_documents`, `ground_truth` and `duplicates`: the documents of the project and their labels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.backends.splitting import Decision, Splitter, recognised_words
from ocr_pipeline.defs.assets.asked import Asked, asked_documents
from ocr_pipeline.defs.failures import readable_failure
from ocr_pipeline.defs.instance import register_documents
from ocr_pipeline.defs.metadata import asset_options, preview
from ocr_pipeline.defs.partitions import Partitions
from ocr_pipeline.defs.resources import ProjectResource, WarehouseResource
from ocr_pipeline.documents.duplicates import Pair, compare, splits_in_use
from ocr_pipeline.documents.duplicates import duplicates as find_duplicates
from ocr_pipeline.documents.file_state import document_state, label_state, unchanged_since
from ocr_pipeline.documents.find import SourceFile, find_documents
from ocr_pipeline.documents.labels import schema_state
from ocr_pipeline.documents.looks import Looks
from ocr_pipeline.documents.splits import remove_split, write_split
from ocr_pipeline.documents.stage import first_page, ingest_all, ingest_decided_label
from ocr_pipeline.documents.transcripts import transcript_sha256
from ocr_pipeline.progress import Progress
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.tables.common import NewRows
from ocr_pipeline.warehouse.tables.documents import DocumentRow

if TYPE_CHECKING:
    from ocr_pipeline.documents.looks import Image


_KEPT_PAIRS = 50  # after so many comparisons they are written down


def document_assets(partitions: Partitions) -> list[dg.AssetsDefinition]:
    """`raw_documents`, `ground_truth` and `duplicates`."""
    return [_raw_documents(partitions), _ground_truth(partitions), _duplicates()]


def _raw_documents(partitions: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        partitions_def=partitions.documents,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=not partitions.shards,
        **asset_options("documents", "documents"),
    )
    @readable_failure
    def raw_documents(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        """Every document file: type by content, SHA-256, pages and their sizes. A broken file is a row with a reason."""
        asked = asked_documents(context, partitions, project, warehouse.warehouse())
        keys = asked.documents
        new_rows = tables.empty(tables.documents.DOCUMENT_TABLES)
        progress.start("documents", len(keys))
        backends, states = project.backends(), dict[str, str]()
        with warehouse.warehouse().snapshot() as snapshot:
            known = tables.documents.documents(snapshot)
        sources = _sources(project, keys, known)
        splitter, looks = _splitter(project, warehouse, backends, sources), Looks(project.store)
        for source, document, failure in ingest_all(_noting(sources, states), backends.limits):
            if document and document.look:  # kept now: `duplicates` need not open the file again
                looks.put(document.sha256, document.look)
            decision = splitter.decide(source, document) if document and not source.pages else Decision(None, None)
            row = tables.documents.add_document(
                new_rows,
                source,
                project.project.relative(source.path),
                run_id=context.run.run_id,
                document=document,
                transcript_sha256=transcript_sha256(source.path),
                failure=failure,
                file_state=unchanged_since(states[source.document_id], document_state, source),
                known=known.get(source.document_id),
                detection=decision.detection,
                split_into=_split(project, source, decision) if document and not source.pages else (),
                schema_state=schema_state(source),
            )
            metadata = partial(_document_metadata, row)
            asked.note("", source.document_id, metadata, failed=failure is not None, rows=1)
            progress.advance("documents", cached=False, failed=failure is not None)
        warehouse.warehouse().replace(tables.documents.DOCUMENT_KEY, [(key,) for key in keys], new_rows)
        if not partitions.shards:
            register_documents(context.instance, _part_ids(project, keys))
        yield from asked.finish()

    return raw_documents


def _noting(sources: Iterable[SourceFile], states: dict[str, str]) -> Iterator[SourceFile]:
    """Notes the state of each file before it is read: what happens to it afterwards is noticed."""
    for source in sources:
        states[source.document_id] = document_state(source)
        yield source


def _document_metadata(row: DocumentRow) -> dict[str, object]:
    return {
        "dagster/partition_row_count": 1,
        "status": row.status,
        "reason": row.reason,
        "message": row.message,
        "media_type": row.media_type,
        "pages": row.pages or 0,
        "part_of": f"{row.parent_id}, {row.page_range.named}" if row.page_range else None,
        "sha256": row.sha256,
    }


def _splitter(
    project: ProjectResource, warehouse: WarehouseResource, backends: Backends, sources: Sequence[SourceFile]
) -> Splitter:
    paths = {source.document_id: source.path for source in sources}

    def words(document_id: str, sha256: str) -> OcrText | None:
        with warehouse.warehouse().snapshot() as snapshot:
            transcript = transcript_sha256(paths[document_id])
            return recognised_words(snapshot, backends, document_id, sha256, transcript)

    return Splitter(project.project.data, backends, words)


def _split(project: ProjectResource, source: SourceFile, decision: Decision) -> Sequence[str]:
    """Store how a file is split; returns the ids of its parts."""
    data = project.project.data
    if decision.split is None:
        if source.parts:
            remove_split(data, source.document_id)
        return ()
    write_split(data, decision.split)
    return _part_ids(project, [source.document_id])


def _part_ids(project: ProjectResource, keys: Sequence[str]) -> list[str]:
    """The ids of the parts of these files."""
    chosen = set(keys)
    return [source.document_id for source in find_documents(project.project.data) if source.parent in chosen]


def _ground_truth(partitions: Partitions) -> dg.AssetsDefinition:
    @dg.asset(
        partitions_def=partitions.documents,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=not partitions.shards,
        **asset_options("documents", "ground_truth"),
    )
    @readable_failure
    def ground_truth(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> Iterator[dg.MaterializeResult[None]]:
        """The label file beside a document, validated, with the decisions of reviews (`data/overrides`) applied.

        A field that the file does not mention is not labelled, and not scored.
        """
        asked = asked_documents(context, partitions, project, warehouse.warehouse())
        keys = asked.documents
        new_rows = tables.empty(tables.labels.LABEL_TABLES)
        progress.start("labels", len(keys))
        with warehouse.warehouse().snapshot() as snapshot:
            known = tables.documents.documents(snapshot)
        for source in _sources(project, keys, known):
            failed = _add_label(asked, new_rows, source)
            progress.advance("labels", cached=False, failed=failed)
        warehouse.warehouse().replace(tables.documents.DOCUMENT_KEY, [(key,) for key in keys], new_rows)
        yield from asked.finish()

    return ground_truth


def _add_label(asked: Asked, new_rows: NewRows, source: SourceFile) -> bool:
    """Add the rows of a label. Returns whether it is invalid."""
    key, state = source.document_id, label_state(source)
    decided, failure = ingest_decided_label(source)
    row = tables.labels.add_label(
        new_rows,
        key,
        source.dataset,
        run_id=asked.context.run.run_id,
        label=decided.label if decided else None,
        label_sha256=decided.sha256 if decided else None,
        failure=failure,
        decided=decided,
        file_state=unchanged_since(state, label_state, source),
    )
    fields = [entry for entry in new_rows["ground_truth"] if entry["document_id"] == key]

    def metadata() -> dict[str, object]:
        return {
            "dagster/partition_row_count": len(fields),
            "status": row.status,
            "message": row.message,
            "values": preview(fields, ["field", "value"]),
        }

    asked.note("", key, metadata, failed=failure is not None, rows=len(fields))
    return failure is not None


def _duplicates() -> dg.AssetsDefinition:
    @dg.asset(deps=["raw_documents", "ground_truth"], **asset_options("documents", "duplicates"))
    @readable_failure
    def duplicates(
        context: dg.AssetExecutionContext,
        project: ProjectResource,
        warehouse: WarehouseResource,
        progress: dg.ResourceParam[Progress],
    ) -> dg.MaterializeResult[None]:
        """Documents with the same bytes or the same look, and the split that they belong to together.

        Two contents are compared once: `page_similarities` keeps the result, also of a run that does not end.
        """
        target, limits = warehouse.warehouse(), project.backends().limits
        with target.snapshot() as snapshot:
            documents, labels = tables.documents.documents(snapshot), tables.labels.labels(snapshot)
            prints, known = tables.documents.fingerprints(snapshot), tables.documents.page_similarities(snapshot)
        rows_of = {row.sha256: row for row in documents.values() if row.sha256 and not row.is_split}
        looks = Looks(project.store)

        def page(sha256: str) -> "Image | None":
            row = rows_of[sha256]
            return first_page(project.project.path_of(row.path), sha256, limits, row.page_range)

        def done(contents: int) -> None:
            progress.advance("duplicates", cached=False, failed=False, by=contents)

        progress.start("duplicates", len({print_.sha256 for print_ in prints}), "contents")
        new: dict[Pair, float] = {}
        kept = 0
        for pair, score in compare(prints, known, lambda sha256: looks.of(sha256, page), done):
            new[pair] = score
            if len(new) - kept >= _KEPT_PAIRS:
                tables.documents.add_similarities(target, dict(list(new.items())[kept:]))
                kept = len(new)
        there = {print_.sha256 for print_ in prints}
        similarities = {**{pair: score for pair, score in known.items() if there.issuperset(pair)}, **new}
        members = find_duplicates(prints, similarities)
        splits = splits_in_use({key: row.split for key, row in labels.items()}, members)
        rows = tables.documents.duplicate_rows(members, splits, run_id=context.run.run_id)
        tables.documents.replace_duplicates(target, rows, similarities)
        shown = ["document_id", "duplicate_of", "kind", "distance", "split"]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(rows),
                "compared": len(new),
                "preview": preview([vars(row) for row in rows], shown),
            }
        )

    return duplicates


def _sources(project: ProjectResource, keys: Sequence[str], known: Mapping[str, DocumentRow]) -> list[SourceFile]:
    """The files of these documents. A deleted file stays in the list as it was known, and is reported as missing."""
    found = {source.document_id: source for source in find_documents(project.project.data)}
    return [found.get(key) or _deleted(project, key, known.get(key)) for key in keys]


def _deleted(project: ProjectResource, key: str, row: DocumentRow | None) -> SourceFile:
    if row is None:
        return SourceFile(key, "documents", project.project.data / "documents" / key, None)
    # The file of a part may well be there; the part is not.
    path = project.project.path_of(f"{row.path}.{row.page_range.suffix}" if row.page_range else row.path)
    return SourceFile(key, row.dataset, path, None, pages=row.page_range, parent=row.parent_id)
