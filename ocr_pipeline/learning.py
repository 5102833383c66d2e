"""Training what learns from labels: which documents, whether it is due, and whether the new model is good enough."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ocr_pipeline.config import Config
from ocr_pipeline.evaluation.statistics.significance import ALPHA, holm, mcnemar
from ocr_pipeline.extraction.base import learns
from ocr_pipeline.extraction.ensemble.extractor import load_weights
from ocr_pipeline.extraction.ensemble.weights import Weights
from ocr_pipeline.extraction.learned.model import By, Model, load_model
from ocr_pipeline.extraction.learned.training import FEWEST, RISK, Example, train_model, training_key
from ocr_pipeline.project import Project
from ocr_pipeline.schemas import Label
from ocr_pipeline.store import write_durably
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


def learning_engines(config: Config, backends: Iterable[str]) -> list[str]:
    """The engines of these backends whose text something learns from that can run here."""
    found = []
    for name in backends:
        backend = config.backends[name]
        if backend.engine and learns(backend.extractor_object) and config.extractor_unavailable(name) is None:
            found.append(backend.engine)
    return list(dict.fromkeys(found))


def notes_on_scores(project: Project, config: Config, reader: Reader) -> dict[str, list[str]]:
    """What a reader of the leaderboard must know about backends that learn, as sentences by data set: which documents their
    scores are of, and what could be accepted without a look."""
    labelled: dict[str, set[str]] = {}
    for document_id, row in tables.labels.labels(reader).items():
        if row.valid:
            labelled.setdefault(row.dataset, set()).add(document_id)
    scored = {
        (row["backend"], row["dataset"])
        for row in reader.rows("SELECT backend, dataset FROM leaderboard WHERE status = 'ok'")
    }
    notes: dict[str, list[str]] = {}
    for name, backend in config.backends.items():
        model = None
        if backend.engine and learns(backend.extractor_object):
            model, _ = load_model(project.model_file(backend.engine))
        if model is None:
            continue
        accepted = [
            f"{field} {100 * report['accepted'] / report['n']:.0f} %"
            for field, report in ((field, one.report["accepted"]) for field, one in model.fields.items())
            if report["n"]
        ]
        for dataset, documents in labelled.items():
            unseen = len(documents & model.fold_of["document"].keys())
            if unseen and (name, dataset) in scored:
                rest = ", the others by one that was not trained on them" if unseen < len(documents) else ""
                notes.setdefault(dataset, []).append(
                    f"{name}: {unseen} of {len(documents)} labelled documents were read by a model that has not seen them "
                    f"(out of fold){rest}. Accepted without a look at {100 * RISK:g} % error, over all data sets: "
                    f"{', '.join(accepted)}."
                )
    for name, members in config.ensembles.items():
        weights, _ = load_weights(project.weights_file(name), members)
        if weights is None or not weights.fields:
            continue
        for dataset, documents in labelled.items():
            unseen = len(documents & weights.fold_of.keys())
            if unseen and (name, dataset) in scored:
                notes.setdefault(dataset, []).append(
                    f"{name}: the votes on {unseen} of {len(documents)} labelled documents were weighed by what others have "
                    f"taught (out of fold). Right, and the best member, over all data sets: {_votes(weights)}."
                )
    return notes


def _votes(weights: Weights) -> str:
    return ", ".join(
        f"{field} {report['right']} and {max(report['members'].values())} of {report['documents']}"
        for field, report in weights.report.items()
    )


def is_due(project: Project, warehouse: Warehouse, engine: str) -> bool:
    """Whether labels, or what the engine read, are others than those that the model in use has learned from."""
    with warehouse.snapshot() as snapshot:
        found = _labelled(snapshot, engine)
    if len(found.keys) < FEWEST:
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
    model = train_model(examples, engine) if len(examples) >= FEWEST else None
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
