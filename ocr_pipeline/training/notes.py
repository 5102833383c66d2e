"""What a reader of the leaderboard must know about backends that learn, as sentences by data set."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from ocr_pipeline.backends.backend import Backend, Backends
from ocr_pipeline.evaluation.statistics.proof import percent, upper_bound
from ocr_pipeline.extraction.cascade.extractor import CascadeExtractor
from ocr_pipeline.extraction.cascade.thresholds import load_thresholds
from ocr_pipeline.extraction.ensemble.extractor import load_weights
from ocr_pipeline.extraction.learned.model import load_model
from ocr_pipeline.project import Project
from ocr_pipeline.training.votes import MIN_DOCUMENTS
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader


def notes_on_scores(project: Project, backends: Backends, reader: Reader) -> dict[str, list[str]]:
    """Which documents the scores of backends that learn are of, and what could be accepted without review."""
    labelled: dict[str, set[str]] = defaultdict(set)
    for document_id, row in tables.labels.labels(reader).items():
        if row.status == "ok":
            labelled[row.dataset].add(document_id)
    scored = tables.ranking.scored_backends(reader)
    notes: dict[str, list[str]] = defaultdict(list)
    for name, backend in backends.items():
        for dataset, documents in labelled.items():
            if (name, dataset) in scored:
                notes[dataset] += _notes(project, backend, documents)
    return {dataset: sentences for dataset, sentences in notes.items() if sentences}


def _notes(project: Project, backend: Backend, documents: Collection[str]) -> Iterator[str]:
    if isinstance(backend.extractor, CascadeExtractor):
        yield from _note_on_cascade(project, backend.name, backend.extractor, documents)
    elif backend.is_ensemble:
        yield from _note_on_ensemble(project, backend, documents)
    elif backend.engine and backend.capabilities.learns:
        yield from _note_on_model(project, backend.name, backend.engine.name, documents)


def _note_on_model(project: Project, name: str, engine: str, documents: Collection[str]) -> Iterator[str]:
    model, _ = load_model(project.model_file(engine))
    unseen = _unseen(documents, model.fold_of["document"]) if model else 0
    if model is None or not unseen:
        return
    reports = {field: learned.report["accepted"] for field, learned in model.fields.items()}
    accepted = [
        f"{field} {report['accepted']} of {report['n']} ({report['wrong']} wrong, at most"
        f" {percent(upper_bound(report['wrong'], report['accepted']))})"
        for field, report in reports.items()
        if report["accepted"]
    ]
    rest = ", the others by one that was not trained on them" if unseen < len(documents) else ""
    yield (
        f"{name}: {unseen} of {len(documents)} labelled documents were extracted by a model that was not trained on them "
        f"(out of fold){rest}. Its surest values, over all data sets, with bounds of their error (95 % confidence): "
        f"{', '.join(accepted) or 'none'}. What to accept: `ocr-pipeline review`."
    )


def _note_on_ensemble(project: Project, ensemble: Backend, documents: Collection[str]) -> Iterator[str]:
    weights, _ = load_weights(project.weights_file(ensemble.name), [member.name for member in ensemble.members])
    unseen = _unseen(documents, weights.fold_of) if weights else 0
    if weights is None or not weights.fields or not unseen:
        return
    right = [
        f"{field} {report['right']} and {max(report['members'].values())} of {report['documents']}"
        for field, report in weights.report.items()
    ]
    yield (
        f"{ensemble.name}: the votes on {unseen} of {len(documents)} labelled documents were weighted by other documents "
        f"(out of fold). Right, and the best member, over all data sets: {', '.join(right)}."
    )


def _note_on_cascade(
    project: Project, name: str, cascade: CascadeExtractor, documents: Collection[str]
) -> Iterator[str]:
    learned, _ = load_thresholds(project.weights_file(name), cascade.members)
    if learned is None or not learned.report:
        yield (
            f"{name}: not trained: fewer than {MIN_DOCUMENTS} usable labels; every field has the threshold "
            f"{cascade.threshold:g}, as given."
        )
        return
    said = [
        f"{field} {report['below']} of {report['documents']} below {learned.of(cascade.members[0], field, None):.2f}, right "
        f"{report['first']} before" + ("" if report["right"] is None else f" and {report['right']} after")
        for field, report in learned.report.items()
    ]
    given = [field for field in cascade.fields if field not in learned.report]
    rest = f"; threshold {cascade.threshold:g}, as given, for {', '.join(given)}" if given else ""
    yield (
        f"{name}: the thresholds for {_unseen(documents, learned.fold_of)} of {len(documents)} labelled documents were "
        f"learned on other documents (out of fold). Over all data sets: {'; '.join(said)}{rest}."
    )


def _unseen(documents: Collection[str], fold_of: Mapping[str, int]) -> int:
    return len(set(documents) & fold_of.keys())
