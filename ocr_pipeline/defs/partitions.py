"""The partitions: documents (dynamic), engines and backends (from `backends.yaml`), and how they map to each other."""

from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from ocr_pipeline.backends.backend import Backends

DOCUMENTS = "documents"
"""Name of the dynamic partition set: one key per document."""

DOCUMENT, ENGINE, BACKEND = "document", "engine", "backend"
"""The dimensions. Dagster orders them by name, so a key reads `backend|document` and `document|engine`."""


@dataclass(frozen=True)
class Partitions:
    """The partitions definitions and mappings for one configuration."""

    configured: Backends

    @cached_property
    def documents(self) -> dg.DynamicPartitionsDefinition:
        return dg.DynamicPartitionsDefinition(name=DOCUMENTS)

    @cached_property
    def backends(self) -> dg.StaticPartitionsDefinition:
        return dg.StaticPartitionsDefinition(list(self.configured))

    @cached_property
    def document_engine(self) -> dg.MultiPartitionsDefinition:
        engines = dg.StaticPartitionsDefinition(list(self.configured.engines))
        return dg.MultiPartitionsDefinition({DOCUMENT: self.documents, ENGINE: engines})

    @cached_property
    def document_backend(self) -> dg.MultiPartitionsDefinition:
        return dg.MultiPartitionsDefinition({DOCUMENT: self.documents, BACKEND: self.backends})

    @cached_property
    def ocr_to_extractions(self) -> dg.MultiPartitionMapping:
        """`rapidocr+rules | r-001` depends on `r-001 | rapidocr`; a backend without an engine on no OCR at all."""
        backends_of = {
            engine: {name for name, backend in self.configured.items() if backend.engine_name == engine}
            for engine in self.configured.engines
        }
        return dg.MultiPartitionMapping(
            {
                DOCUMENT: dg.DimensionPartitionMapping(DOCUMENT, dg.IdentityPartitionMapping()),
                ENGINE: dg.DimensionPartitionMapping(
                    BACKEND,
                    dg.StaticPartitionMapping({engine: names for engine, names in backends_of.items() if names}),
                ),
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
