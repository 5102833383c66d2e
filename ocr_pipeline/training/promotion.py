"""Training and promotion of models: whether training is due, on which documents, and whether the new model is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocr_pipeline.backends.backend import Backend
from ocr_pipeline.document_schema.loading import load_schemas
from ocr_pipeline.document_schema.schema import INVOICE_NAME, DocumentSchema, invoice_schema
from ocr_pipeline.evaluation.statistics.significance import ALPHA, holm, mcnemar
from ocr_pipeline.extraction.learned.model import By, Model, load_model
from ocr_pipeline.extraction.rules.reading import learned_words
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Label
from ocr_pipeline.storage import sync_models
from ocr_pipeline.store import write_durably
from ocr_pipeline.training.examples import Example
from ocr_pipeline.training.models import MIN_LABELS, train_model, training_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse


@dataclass(frozen=True)
class _Labelled:
    """The training data of an engine: result key and label of each labelled document with OCR text, and the group of copies
    of each member of a group with such a document."""

    keys: Mapping[str, str]
    labels: Mapping[str, Label]
    members: Mapping[str, str]
    schema: DocumentSchema

    @property
    def training(self) -> str:
        """The training key: another key means another model."""
        return training_key(self.keys, self.labels, self.members, self.schema)


@dataclass(frozen=True)
class Trained:
    """The outcome of a training. `worse`: fields on which the new model is significantly worse than the current one, out of
    fold on the documents of both; then it is not promoted. `schema`: of the documents that it was trained on."""

    engine: str
    state: Literal["promoted", "kept", "too few labels"]
    model: Model | None
    worse: tuple[str, ...] = ()
    schema: str = INVOICE_NAME


def learning_engines(backends: Mapping[str, Backend]) -> list[str]:
    """The engines with an extractor that learns and can run here."""
    engines = [
        backend.engine.name
        for backend in backends.values()
        if backend.engine and backend.capabilities.learns and backend.extractor_unavailable() is None
    ]
    return list(dict.fromkeys(engines))


def due_schemas(project: Project, reader: Reader, engine: str) -> list[DocumentSchema]:
    """The schemas with labels or OCR text that changed since their current model was trained."""
    return [schema for schema in load_schemas(project.root).values() if _is_due(project, reader, engine, schema)]


def is_due(project: Project, reader: Reader, engine: str) -> bool:
    """Whether any model of an engine is to be trained."""
    return bool(due_schemas(project, reader, engine))


def model_file(project: Project, engine: str, schema: DocumentSchema) -> Path:
    """The model of an engine for documents of a schema."""
    return project.model_file(engine, None if schema.is_invoice else schema.name)


def _is_due(project: Project, reader: Reader, engine: str, schema: DocumentSchema) -> bool:
    labelled = _labelled(reader, engine, schema)
    if len(labelled.keys) < MIN_LABELS:
        return False
    model, _ = load_model(model_file(project, engine, schema))
    refused = _refused(project, engine, schema)
    known = {model.training if model else None, refused.read_text() if refused.exists() else None}
    return labelled.training not in known


def train_due(project: Project, warehouse: Warehouse, engine: str) -> list[Trained]:
    """Train the models of an engine whose labels or OCR text changed, one per schema."""
    sync_models(project)
    with warehouse.snapshot() as snapshot:
        due = due_schemas(project, snapshot, engine)
    return [train(project, warehouse, engine, schema) for schema in due]


def train(project: Project, warehouse: Warehouse, engine: str, schema: DocumentSchema | None = None) -> Trained:
    """Train on every labelled document of a schema (default: invoices) with OCR text of the engine, and promote the model
    unless it is worse."""
    try:
        return _train(project, warehouse, engine, schema or invoice_schema())
    finally:
        sync_models(project)


def _train(project: Project, warehouse: Warehouse, engine: str, schema: DocumentSchema) -> Trained:
    with warehouse.snapshot() as snapshot:
        labelled = _labelled(snapshot, engine, schema)
        texts = tables.words.ocr_texts(snapshot, engine, sorted(labelled.keys))
    key, members = labelled.training, labelled.members
    examples = [
        Example(
            document_id,
            members.get(document_id, document_id),
            text,
            labelled.labels[document_id],
            labelled.keys[document_id],
            schema,
        )
        for document_id, text in sorted(texts.items())
    ]
    with learned_words.active(learned_words.load(project.keywords_file)):
        model = train_model(examples, engine, schema) if len(examples) >= MIN_LABELS else None
    file = model_file(project, engine, schema)
    before, _ = load_model(file)
    refused = _refused(project, engine, schema)
    if model is None:
        write_durably(refused, key)
        return Trained(engine, "too few labels", None, schema=schema.name)
    model = model.model_copy(update={"training": key, "fold_of": with_copies(model.fold_of, members)})
    worse = tuple(worse_fields(before, model)) if before else ()
    if before and worse:
        # The current model stays. Copies of its training documents that were found since are left out of their fold, too.
        before.model_copy(update={"fold_of": with_copies(before.fold_of, members)}).save(file)
        write_durably(refused, key)
        return Trained(engine, "kept", model, worse, schema.name)
    model.save(file)
    return Trained(engine, "promoted", model, schema=schema.name)


def with_copies(fold_of: Mapping[By, Mapping[str, int]], groups: Mapping[str, str]) -> dict[By, dict[str, int]]:
    """The folds, extended to copies of training documents, labelled or not. `groups`: by document."""
    extended: dict[By, dict[str, int]] = {}
    for by, known in fold_of.items():
        folds = {groups[document]: fold for document, fold in known.items() if document in groups}
        extended[by] = {**{document: folds[group] for document, group in groups.items() if group in folds}, **known}
    return extended


def _labelled(reader: Reader, engine: str, schema: DocumentSchema) -> _Labelled:
    every, cells, groups = (
        tables.labels.valid_labels(reader),
        tables.words.ocr_cells(reader, engine),
        tables.documents.groups(reader),
    )
    labels = {key: label for key, label in every.items() if schema.name == label.invoice.NAME}
    keys = {key: str(cells[key].result_key) for key in labels if key in cells and not cells[key].failed}
    learned = {groups[document] for document in keys if document in groups}
    members = {document: group for document, group in groups.items() if group in learned}
    return _Labelled(keys, {key: labels[key] for key in keys}, members, schema)


def _refused(project: Project, engine: str, schema: DocumentSchema) -> Path:
    """The file with the training key of the last model that was not promoted: it is not trained again."""
    return model_file(project, f"{engine}.refused", schema)


def worse_fields(before: Model, now: Model) -> list[str]:
    """The fields on which the new model is significantly worse (McNemar on the documents of both, corrected by Holm), or that
    it no longer has."""
    vanished = [field for field in before.right if field not in now.right]
    fields = [field for field in before.right if field in now.right]
    lost, gained = [], []
    for field in fields:
        common = before.right[field].keys() & now.right[field].keys()
        lost.append(sum(before.right[field][key] and not now.right[field][key] for key in common))
        gained.append(sum(now.right[field][key] and not before.right[field][key] for key in common))
    ps = holm([mcnemar(a, b) for a, b in zip(lost, gained, strict=True)])
    worse = [field for field, p, a, b in zip(fields, ps, lost, gained, strict=True) if p < ALPHA and a > b]
    return [*worse, *vanished]
