"""The weights of an ensemble, or the thresholds of a cascade: trained when labels or members' results changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_pipeline.backends.backend import Backend
from ocr_pipeline.backends.members import Cells, member_cells, member_results
from ocr_pipeline.document_schema.schema import INVOICE_NAME, invoice_schema
from ocr_pipeline.extraction.cascade.extractor import CascadeExtractor
from ocr_pipeline.extraction.cascade.thresholds import Thresholds, load_thresholds
from ocr_pipeline.extraction.ensemble.extractor import load_weights
from ocr_pipeline.extraction.ensemble.weights import Weights
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Label
from ocr_pipeline.storage import open_store, sync_models
from ocr_pipeline.store import write_durably
from ocr_pipeline.training import thresholds
from ocr_pipeline.training.thresholds import learn_thresholds
from ocr_pipeline.training.votes import MIN_DOCUMENTS, Voted, learn_weights, training_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse


@dataclass(frozen=True)
class _Labelled:
    """What there is to learn from: the members' rows and the label of each labelled document, groups of copies, and options
    that change what is learned."""

    cells: Mapping[str, Cells]
    labels: Mapping[str, Label]
    groups: Mapping[str, str]
    options: str = ""

    @property
    def training(self) -> str:
        """Another text means other weights."""
        keys = {key: {member: str(row.result_key) for member, row in rows.items()} for key, rows in self.cells.items()}
        groups = {key: self.groups[key] for key in keys if key in self.groups}
        return training_key(keys, {key: self.labels[key] for key in keys}, groups, self.options)


def weights_due(project: Project, reader: Reader, ensemble: Backend) -> bool:
    """Whether labels or members' results changed since the current weights were trained."""
    labelled = _labelled(reader, ensemble)
    if len(labelled.cells) < MIN_DOCUMENTS:
        return False
    load = load_thresholds if isinstance(ensemble.extractor, CascadeExtractor) else load_weights
    before, _ = load(project.weights_file(ensemble.name), _members(ensemble))
    return before is None or before.training != labelled.training


def train_weights(project: Project, warehouse: Warehouse, ensemble: Backend) -> None:
    """Learn what the votes of the members are worth, or when a cascade asks the next one, and put it to use."""
    with warehouse.snapshot() as snapshot:
        labelled = _labelled(snapshot, ensemble)
    store = open_store(project)
    documents = [
        Voted(
            document_id,
            labelled.groups.get(document_id, document_id),
            results.of_schema(invoice_schema()),
            labelled.labels[document_id],
        )
        for document_id in sorted(labelled.cells)
        if (results := member_results(store, labelled.cells[document_id]))
    ]
    members, extractor = _members(ensemble), ensemble.extractor
    learned: Weights | Thresholds
    if isinstance(extractor, CascadeExtractor):
        learned = learn_thresholds(documents, members, extractor.fields, labelled.training, extractor.max_error)
    else:
        learned = learn_weights(documents, members, labelled.training)
    write_durably(project.weights_file(ensemble.name), learned.model_dump_json())
    sync_models(project)


def _labelled(reader: Reader, ensemble: Backend) -> _Labelled:
    every, groups = tables.labels.valid_labels(reader), tables.documents.groups(reader)
    labels = {key: label for key, label in every.items() if label.invoice.NAME == INVOICE_NAME}
    cells = {key: rows for key, rows in member_cells(ensemble, reader).items() if key in labels}
    if isinstance(extractor := ensemble.extractor, CascadeExtractor):
        first = extractor.members[0]
        asked_for = f"cascade {thresholds.VERSION} {extractor.fields} {extractor.max_error}"
        return _Labelled({key: rows for key, rows in cells.items() if first in rows}, labels, groups, asked_for)
    return _Labelled(cells, labels, groups)


def _members(ensemble: Backend) -> tuple[str, ...]:
    return tuple(member.name for member in ensemble.members)
