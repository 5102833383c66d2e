"""One field: its rankers, cross-validated by document and by vendor, and the report about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.learned.model import By, FieldModel, FieldReport, Split
from ocr_pipeline.training.curves import acceptance, by_region, calibration, learning_curve
from ocr_pipeline.training.examples import LEFT_OUT, FieldTask
from ocr_pipeline.training.rankers import grow_lexicon, out_of_fold, train

_SHOWN_FEATURES = 12


@dataclass(frozen=True)
class _CrossValidation:
    """A split, and how it does on each document out of fold: `right` for documents with a candidate, `good` for documents
    labelled with a value (silence counts as wrong), `sure` the confidence of each value."""

    split: Split
    right: Mapping[int, bool]
    good: Mapping[int, bool]
    sure: Mapping[int, float]


def learn_field(task: FieldTask, folds: Mapping[By, Sequence[int]]) -> tuple[FieldModel, dict[str, bool]]:
    """The model of a field, and by document whether it is right out of fold."""
    validated: dict[By, _CrossValidation] = {"document": _cross_validate(task, folds["document"])}
    if task.can_learn(folds["vendor"]):
        validated["vendor"] = _cross_validate(task, folds["vendor"])
    by_document, by_vendor = validated["document"], validated.get("vendor")
    whole = train(list(task.queries.values()))
    labelled = [index for index in task.queries if task.truths[index]]
    report: FieldReport = {
        "documents": len(task.queries),
        "possible": _share([any(value.key in task.truths[i] for value in task.values(i)) for i in labelled]),
        "rules": _share([task.chosen(i) in task.truths[i] for i in labelled]),
        "by_vendor": _share(list(by_vendor.good.values())) if by_vendor else None,
        "by_document": _share(list(by_document.good.values())),
        "importance": dict(list(whole.importance().items())[:_SHOWN_FEATURES]),
        "curve": learning_curve(task, folds["document"]),
        "calibration": calibration(by_document.sure, by_document.right),
        "accepted": acceptance(by_document.sure, by_document.right, folds["document"], len(labelled)),
    }
    model = FieldModel(
        names=whole.names,
        whole=whole.models,
        documents=whole.documents,
        splits={by: result.split for by, result in validated.items()},
        report=report,
    )
    return model, {task.samples[index].example.document_id: flag for index, flag in by_document.good.items()}


def _cross_validate(task: FieldTask, folds: Sequence[int]) -> _CrossValidation:
    """Learn without each fold, and judge the result on that fold."""
    lexicons = [grow_lexicon(task.field, task.samples, folds, without) for without in LEFT_OUT]
    chosen = out_of_fold(task, folds, lexicons)
    right = {
        index: chosen.keys[index] in task.truths[index] for index in task.queries if chosen.keys[index] is not None
    }
    thresholds, curves = by_region(task, folds, chosen.scores, right)
    split = Split(
        folds=tuple(ranker.models for ranker in chosen.rankers),
        names=tuple(ranker.names for ranker in chosen.rankers),
        documents=tuple(ranker.documents for ranker in chosen.rankers),
        thresholds=thresholds,
        curves=curves,
        lexicons=tuple(lexicons),
    )

    def is_given(index: int) -> bool:
        threshold = split.threshold(folds[index], task.samples[index].region)
        return task.chosen(index) is not None if threshold is None else chosen.scores[index] >= threshold

    return _CrossValidation(
        split,
        right,
        good={
            index: is_given(index) and chosen.keys[index] in task.truths[index]
            for index in task.queries
            if task.truths[index]
        },
        sure={
            index: split.confidence(chosen.scores[index], folds[index], task.samples[index].region) for index in right
        },
    )


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
