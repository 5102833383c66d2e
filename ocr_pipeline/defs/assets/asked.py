"""What a run of an asset with a cell per document is asked for, and what it records of it.

If documents are partitions, a run is asked for the cells of its partitions. If shards are: for the cells in the list that its
tag names, as `ocr-pipeline run` and the job `process` launch it; without a tag, as the UI and backfills do, for every cell of
its shards. See docs/decisions/0031.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.defs._dagster import add_cell_metadata, record_materializations
from ocr_pipeline.defs.instance import require_shards
from ocr_pipeline.defs.partitions import DOCUMENT, ENGINE, Partitions, asked_for, cell
from ocr_pipeline.defs.resources import ProjectResource
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.planning.cell_lists import CELLS, CELLS_TAG, load_cells
from ocr_pipeline.planning.states import extraction_states, ocr_states
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse
from ocr_pipeline.warehouse.tables.documents import DocumentRow

Keys = Mapping[str, str]
"""Partition keys by document."""


@dataclass
class Asked:
    """`cells`: partition keys by engine or backend ("" for a document or label), then by document."""

    context: dg.AssetExecutionContext
    partitions: Partitions
    cells: Mapping[str, Keys]
    _shards: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def documents(self) -> list[str]:
        """Of an asset with one cell per document."""
        return list(self.cells[""])

    @property
    def chosen(self) -> set[str]:
        """The documents of all cells."""
        return {document_id for keys in self.cells.values() for document_id in keys}

    def note(
        self, name: str, document_id: str, metadata: Callable[[], Mapping[str, object]], *, failed: bool, rows: int
    ) -> None:
        """A cell is done. `metadata`: for the UI, of a cell that is a partition; of a shard there are sums."""
        key = self.cells[name][document_id]
        if not self.partitions.shards:
            add_cell_metadata(self.context, key, metadata())
            return
        self._shards.setdefault(key, Counter()).update(cells=1, failed=failed, rows=rows)

    def record(self, keys: Iterable[str]) -> None:
        """Record these partitions now: Dagster records none of a step that fails, or that is asked for parts of shards."""
        asset = self.context.asset_key
        record_materializations(
            self.context,
            [dg.AssetMaterialization(asset, partition=key, metadata=self._sums(key)) for key in dict.fromkeys(keys)],
        )

    def finish(self) -> Iterator[dg.MaterializeResult[None]]:
        """Record what was done."""
        if self._is_partial:
            self.record(self._shards)
            return
        for key in self._shards:
            add_cell_metadata(self.context, key, self._sums(key))
        yield dg.MaterializeResult()

    @cached_property
    def _is_partial(self) -> bool:
        return CELLS_TAG in self.context.run.tags

    def _sums(self, key: str) -> dict[str, int]:
        counts = self._shards.get(key)
        if counts is None:
            return {}
        return {CELLS: counts["cells"], "failed": counts["failed"], "dagster/partition_row_count": counts["rows"]}


def asked_documents(
    context: dg.AssetExecutionContext, partitions: Partitions, project: ProjectResource, warehouse: Warehouse
) -> Asked:
    """The documents that this run of `raw_documents` or `ground_truth` is asked for."""
    require_shards(context.instance, partitions.shards)
    if not partitions.shards:
        return Asked(context, partitions, {"": {key: key for key in asked_for(context)}})
    if key := context.run.tags.get(CELLS_TAG):
        ids = load_cells(project.store, key).get("", [])
    else:
        shards, known = set(asked_for(context)), tables.documents.documents(warehouse)
        there = [source.document_id for source in find_documents(project.project.data)]
        deleted = {row.document_id for row in known.values() if not row.file_deleted}.difference(there)
        ids = [key for key in [*there, *sorted(deleted)] if partitions.of_document(key) in shards]
    return Asked(context, partitions, {"": {key: partitions.of_document(key) for key in ids}})


def asked_cells(
    context: dg.AssetExecutionContext,
    partitions: Partitions,
    dimension: str,
    project: ProjectResource,
    warehouse: Warehouse,
    backends: Backends,
) -> Asked:
    """The cells that this run of a two-dimensional asset is asked for. `dimension`: engine, backend or ensemble."""
    require_shards(context.instance, partitions.shards)
    grouped: dict[str, dict[str, str]] = {}
    if not partitions.shards:
        for key in asked_for(context):
            parts = cell(key)
            grouped.setdefault(parts[dimension], {})[parts[DOCUMENT]] = key
        return Asked(context, partitions, grouped)
    if tag := context.run.tags.get(CELLS_TAG):
        documents_of: Mapping[str, Iterable[str]] = load_cells(project.store, tag)
    else:
        documents_of = _of_shards(asked_for(context), partitions, dimension, warehouse, backends)
    for name, documents in documents_of.items():
        grouped[name] = {key: partitions.key(dimension, name, key) for key in documents}
    return Asked(context, partitions, grouped)


def _of_shards(
    keys: Iterable[str], partitions: Partitions, dimension: str, warehouse: Warehouse, backends: Backends
) -> dict[str, list[str]]:
    """Every cell of these shards that a run would ask for, as documents by engine or backend."""
    asked: dict[str, set[str]] = {}
    for key in keys:
        parts = cell(key)
        asked.setdefault(parts[dimension], set()).add(parts[partitions.dimension])
    found: dict[str, list[str]] = {}
    with warehouse.snapshot() as snapshot:
        rows = [
            row for row in tables.documents.documents(snapshot).values() if not row.file_deleted and not row.is_split
        ]
        shard_of = {row.document_id: partitions.of_document(row.document_id) for row in rows}
        for name, shards in asked.items():
            inside = [row for row in rows if shard_of[row.document_id] in shards]
            if documents := _due_for(name, inside, snapshot, backends, is_engine=dimension == ENGINE):
                found[name] = documents
    if not found:
        raise dg.Failure(
            "There is nothing to do in these shards: none of their documents is in raw_documents yet, or none is for these "
            f"{dimension}s. Materialise raw_documents first."
        )
    return found


def _due_for(
    name: str, rows: Sequence[DocumentRow], reader: Reader, backends: Backends, *, is_engine: bool
) -> list[str]:
    """Those of these documents that there is a cell of for an engine or backend, current or not."""
    ids = [row.document_id for row in rows]
    if is_engine:
        states = ocr_states(backends.engines[name], ids, reader)
        users = [backend for backend in backends.values() if name in {engine.name for engine in backend.engines}]
    else:
        states, users = extraction_states(backends, [name], ids, reader), [backends[name]]
    covered = {row.document_id for row in rows if any(backend.covers(row.dataset) for backend in users)}
    return [state.document_id for state in states if state.document_id in covered]
