"""Training what learns from labels: which documents, whether it is due, and whether the new model is good enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocr_pipeline.backends.backend import Backend
from ocr_pipeline.evaluation.statistics.significance import ALPHA, holm, mcnemar
from ocr_pipeline.extraction.learned.model import By, Model, load_model
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Label
from ocr_pipeline.store import write_durably
from ocr_pipeline.training.examples import Example
from ocr_pipeline.training.models import MIN_LABELS, train_model, training_key
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader, Warehouse


@dataclass(frozen=True)
class _Labelled:
    """What there is to learn from: of each labelled document that an engine has read, the key of its result and the label;
    and the groups of copies that have such a document, by all their members."""

    keys: Mapping[str, str]
    labels: Mapping[str, Label]
    members: Mapping[str, str]

    @property
    def training(self) -> str:
        """Another text means another model."""
        return training_key(self.keys, self.labels, self.members)


@dataclass(frozen=True)
class Trained:
    """What became of a training. `worse`: the fields that the new model reads significantly worse than the one in use, out
    of fold on the documents of both; then it was not promoted."""

    engine: str
    state: Literal["promoted", "kept", "too few labels"]
    model: Model | None
    worse: tuple[str, ...] = ()


def learning_engines(backends: Mapping[str, Backend]) -> list[str]:
    """The engines whose text something learns from that can run here."""
    engines = [
        backend.engine.name
        for backend in backends.values()
        if backend.engine and backend.capabilities.learns and backend.extractor_unavailable() is None
    ]
    return list(dict.fromkeys(engines))


def is_due(project: Project, reader: Reader, engine: str) -> bool:
    """Whether labels or OCR text changed since the current model was trained."""
    found = _labelled(reader, engine)
    if len(found.keys) < MIN_LABELS:
        return False
    model, _ = load_model(project.model_file(engine))
    refused = _refused(project, engine)
    known = {model.training if model else None, refused.read_text() if refused.exists() else None}
    return found.training not in known


def train(project: Project, warehouse: Warehouse, engine: str) -> Trained:
    """Learn from every labelled document that the engine has read, and put the model to use where it is not worse."""
    with warehouse.snapshot() as snapshot:
        found = _labelled(snapshot, engine)
        texts = tables.words.ocr_texts(snapshot, engine, sorted(found.keys))
    key, members = found.training, found.members
    examples = [
        Example(
            document_id, members.get(document_id, document_id), text, found.labels[document_id], found.keys[document_id]
        )
        for document_id, text in sorted(texts.items())
    ]
    model = train_model(examples, engine) if len(examples) >= MIN_LABELS else None
    before, _ = load_model(project.model_file(engine))
    refused = _refused(project, engine)
    if model is None:
        write_durably(refused, key)
        return Trained(engine, "too few labels", None)
    model = model.model_copy(update={"training": key, "fold_of": with_copies(model.fold_of, members)})
    worse = tuple(worse_fields(before, model)) if before else ()
    if before and worse:
        # The old model stays. Copies of what it has learned from, that were found since, are read without their fold, too.
        before.model_copy(update={"fold_of": with_copies(before.fold_of, members)}).save(project.model_file(engine))
        write_durably(refused, key)
        return Trained(engine, "kept", model, worse)
    model.save(project.model_file(engine))
    return Trained(engine, "promoted", model)


def with_copies(fold_of: Mapping[By, Mapping[str, int]], groups: Mapping[str, str]) -> dict[By, dict[str, int]]:
    """The folds, and those of copies of the documents that were learned from, labelled or not. `groups`: by document."""
    found: dict[By, dict[str, int]] = {}
    for by, known in fold_of.items():
        folds = {groups[document]: fold for document, fold in known.items() if document in groups}
        found[by] = {**{document: folds[group] for document, group in groups.items() if group in folds}, **known}
    return found


def _labelled(reader: Reader, engine: str) -> _Labelled:
    labels, cells, groups = (
        tables.labels.valid_labels(reader),
        tables.words.ocr_cells(reader, engine),
        tables.documents.groups(reader),
    )
    keys = {one: str(cells[one].result_key) for one in labels if one in cells and not cells[one].failed}
    learned = {groups[document] for document in keys if document in groups}
    members = {document: group for document, group in groups.items() if group in learned}
    return _Labelled(keys, {one: labels[one] for one in keys}, members)


def _refused(project: Project, engine: str) -> Path:
    """Where the training key of the last model stands that was not put to use: it is not tried again."""
    return project.model_file(f"{engine}.refused")


def worse_fields(before: Model, now: Model) -> list[str]:
    """The fields that the new model reads significantly worse (McNemar on the documents of both, corrected by Holm),
    or not at all any more."""
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
