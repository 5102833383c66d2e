"""The partitions: documents (dynamic), engines, backends and ensembles (from `backends.yaml`), and their mappings."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from ocr_pipeline.backends.backend import Backends

DOCUMENTS = "documents"
"""Name of the dynamic partition set: one key per document."""

DOCUMENT, ENGINE, BACKEND, ENSEMBLE = "document", "engine", "backend", "ensemble"
"""The dimensions. Dagster orders them by name: keys read `backend|document`, `document|engine` and `document|ensemble`."""


@dataclass(frozen=True)
class Partitions:
    """The partitions definitions and mappings for one configuration."""

    configured: Backends

    @cached_property
    def documents(self) -> dg.DynamicPartitionsDefinition:
        return dg.DynamicPartitionsDefinition(name=DOCUMENTS)

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

    @cached_property
    def ocr_to_extractions(self) -> dg.MultiPartitionMapping:
        """`rapidocr+rules | r-001` depends on `r-001 | rapidocr`; a backend without an engine on no OCR at all."""
        backends_of: dict[str, set[str]] = {}
        for name in self.configured.extracting:
            if engine := self.configured[name].engine_name:
                backends_of.setdefault(engine, set()).add(name)
        return _mapping(ENGINE, BACKEND, backends_of)

    @cached_property
    def members_to_ensembles(self) -> dg.MultiPartitionMapping:
        """`r-001 | vote` depends on `member | r-001` of each of its members."""
        ensembles_of: dict[str, set[str]] = {}
        for name in self.configured.ensembles:
            for member in self.configured[name].members:
                ensembles_of.setdefault(member.name, set()).add(name)
        return _mapping(BACKEND, ENSEMBLE, ensembles_of)

    def _by_document(self, dimension: str, keys: Iterable[str]) -> dg.MultiPartitionsDefinition:
        return dg.MultiPartitionsDefinition(
            {DOCUMENT: self.documents, dimension: dg.StaticPartitionsDefinition(list(keys))}
        )


def _mapping(upstream: str, downstream: str, keys: dict[str, set[str]]) -> dg.MultiPartitionMapping:
    """The same document; `keys` of the other dimension, downstream by upstream."""
    return dg.MultiPartitionMapping(
        {
            DOCUMENT: dg.DimensionPartitionMapping(DOCUMENT, dg.IdentityPartitionMapping()),
            upstream: dg.DimensionPartitionMapping(downstream, dg.StaticPartitionMapping(keys)),
        }
    )


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
