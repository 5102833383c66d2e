"""What a plan finds on the disk, before the database is opened: documents and labels that are new, changed or deleted."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.planning.inputs import NewDocument, new_documents
from ocr_pipeline.planning.states import CellState, deleted_documents, document_states, label_states
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from ocr_pipeline.planning.plan import Scope

CONTENT = ("file", "transcript")
"""Why a document is stale, if later stages depend on it."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """The states of document and label files; `deleted`: ingested documents without a file."""

    documents: Sequence[CellState] = ()
    labels: Sequence[CellState] = ()
    deleted: Sequence[str] = ()
    new: Mapping[str, NewDocument] = field(default_factory=dict)

    @property
    def changed(self) -> set[str]:
        """Ingested documents whose content is going to be another one."""
        return {state.document_id for state in self.documents if state.state == "stale" and state.why in CONTENT}


def files_of(scope: "Scope", warehouse: Warehouse, done: Collection[str]) -> Files:
    """The files of a scope; `done`: assets whose files need not be looked at."""
    known, labels = tables.documents.documents(warehouse), tables.labels.labels(warehouse)
    backends = scope.backends
    return Files(
        documents=document_states(scope.sources, known, backends.limits, backends.part_detection, rehash=scope.rehash)
        if "raw_documents" not in done
        else (),
        labels=label_states(scope.sources, labels, rehash=scope.rehash) if "ground_truth" not in done else (),
        deleted=deleted_documents(find_documents(scope.project.data) if scope.every is None else scope.every, known),
        new=new_documents(scope.sources, known),
    )


def keep_file_states(files: Files, warehouse: Warehouse) -> None:
    """Store the states of files that were read and found unchanged: the next plan does not read them."""
    for table, states in (("documents", files.documents), ("labels", files.labels)):
        found = {state.document_id: state.file_state for state in states if state.file_state}
        warehouse.set_column(table, "file_state", found)
