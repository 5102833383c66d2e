"""The partitions: documents (dynamic) or shards of them, engines, backends and ensembles (from `backends.yaml`), and their
mappings."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import dagster as dg

from ocr_pipeline.backends.backend import Backends
from ocr_pipeline.deployment import load_deployment
from ocr_pipeline.project import Project

DOCUMENTS = "documents"
"""Name of the dynamic partition set: one key per document."""

DOCUMENT, SHARD, ENGINE, BACKEND, ENSEMBLE = "document", "shard", "engine", "backend", "ensemble"
"""The dimensions. Dagster orders them by name: keys read `backend|document`, `document|engine` and `document|ensemble`;
`backend|shard`, `engine|shard` and `ensemble|shard` with shards."""


class _Cells(dg.MultiPartitionsDefinition):
    """Dagster makes an object for each key whenever it asks how many there are, several times a run. Here they are kept while
    the keys of both dimensions are the same."""

    _kept: tuple[list[list[str]], Sequence[dg.MultiPartitionKey]] | None = None

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> Sequence[dg.MultiPartitionKey]:
        dimensions = [
            list(part.partitions_def.get_partition_keys(current_time, dynamic_partitions_store))
            for part in self.partitions_defs
        ]
        if self._kept is None or self._kept[0] != dimensions:
            self._kept = dimensions, super().get_partition_keys(current_time, dynamic_partitions_store)
        return self._kept[1]


@dataclass(frozen=True)
class Partitions:
    """The partitions definitions and mappings for one configuration.

    `shards`: their number, if partitions are shards of the documents; 0: every document is a partition. See
    docs/decisions/0031.
    """

    configured: Backends
    shards: int = 0

    @cached_property
    def documents(self) -> dg.PartitionsDefinition[str]:
        if self.shards:
            return dg.StaticPartitionsDefinition([_shard_key(number, self.shards) for number in range(self.shards)])
        return dg.DynamicPartitionsDefinition(name=DOCUMENTS)

    @property
    def dimension(self) -> str:
        """The dimension beside engine, backend or ensemble."""
        return SHARD if self.shards else DOCUMENT

    def of_document(self, document_id: str) -> str:
        """The key of a document's partition: itself, or its shard."""
        return shard_of(document_id, self.shards) if self.shards else document_id

    def key(self, dimension: str | None, name: str, document_id: str) -> str:
        """The key of a cell's partition. `dimension`: engine, backend or ensemble, of which it has `name`; None: neither."""
        of_document = self.of_document(document_id)
        return dg.MultiPartitionKey({dimension: name, self.dimension: of_document}) if dimension else of_document

    @cached_property
    def backends(self) -> dg.StaticPartitionsDefinition:
        """All backends, ensembles included."""
        return dg.StaticPartitionsDefinition(list(self.configured))

    @cached_property
    def document_engine(self) -> dg.MultiPartitionsDefinition:
        return self._by_document(ENGINE, self.configured.engines)

    @cached_property
    def document_backend(self) -> dg.MultiPartitionsDefinition:
        """Ensembles are not included."""
        return self._by_document(BACKEND, self.configured.extracting)

    @cached_property
    def document_ensemble(self) -> dg.MultiPartitionsDefinition:
        return self._by_document(ENSEMBLE, self.configured.ensembles)

    @property
    def of_assets(self) -> dict[str, dg.PartitionsDefinition[str]]:
        """By asset with a cell per document, its partitions."""
        return {
            "raw_documents": self.documents,
            "ground_truth": self.documents,
            "ocr_text": self.document_engine,
            "extractions": self.document_backend,
            "ensembles": self.document_ensemble,
        }

    @cached_property
    def ocr_to_extractions(self) -> dg.MultiPartitionMapping:
        """`rapidocr+rules | r-001` depends on `r-001 | rapidocr`; a backend without an engine on no OCR at all."""
        backends_of: dict[str, set[str]] = {}
        for name in self.configured.extracting:
            if engine := self.configured[name].engine_name:
                backends_of.setdefault(engine, set()).add(name)
        return self._mapping(ENGINE, BACKEND, backends_of)

    @cached_property
    def members_to_ensembles(self) -> dg.MultiPartitionMapping:
        """`r-001 | vote` depends on `member | r-001` of each of its members."""
        ensembles_of: dict[str, set[str]] = {}
        for name in self.configured.ensembles:
            for member in self.configured[name].members:
                ensembles_of.setdefault(member.name, set()).add(name)
        return self._mapping(BACKEND, ENSEMBLE, ensembles_of)

    def upstream_document(self) -> dg.AssetDep:
        """The dependency of a two-dimensional cell on its document or shard."""
        mapping = dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name=self.dimension)
        return dg.AssetDep("raw_documents", partition_mapping=mapping)

    def _by_document(self, dimension: str, keys: Iterable[str]) -> dg.MultiPartitionsDefinition:
        return _Cells({self.dimension: self.documents, dimension: dg.StaticPartitionsDefinition(list(keys))})

    def _mapping(self, upstream: str, downstream: str, keys: dict[str, set[str]]) -> dg.MultiPartitionMapping:
        """The same document; `keys` of the other dimension, downstream by upstream."""
        return dg.MultiPartitionMapping(
            {
                self.dimension: dg.DimensionPartitionMapping(self.dimension, dg.IdentityPartitionMapping()),
                upstream: dg.DimensionPartitionMapping(downstream, dg.StaticPartitionMapping(keys)),
            }
        )


def partitions_of(project: Project, configured: Backends) -> Partitions:
    """The partitions that `deployment.yaml` asks for. Raises ConfigurationError."""
    return Partitions(configured, load_deployment(project).shards.in_use)


def shard_of(document_id: str, shards: int) -> str:
    """The shard of a document, by a hash that never changes."""
    digest = hashlib.sha256(document_id.encode()).digest()
    return _shard_key(int.from_bytes(digest[:8], "big") % shards, shards)


def _shard_key(number: int, shards: int) -> str:
    return f"{number:0{len(str(shards - 1))}}"


def cell(partition_key: str) -> dict[str, str]:
    """A two-dimensional key by dimension."""
    assert isinstance(partition_key, dg.MultiPartitionKey)
    return dict(partition_key.keys_by_dimension)


def asked_for(context: dg.AssetExecutionContext) -> list[str]:
    """The partition keys of this run.

    Dagster resolves a range whose ends are in the wrong order to no keys at all, and would report success.
    """
    keys = list(context.partition_keys)
    if not keys:
        raise dg.Failure("This run asks for no partition: the ends of its range are in the wrong order.")
    return keys
