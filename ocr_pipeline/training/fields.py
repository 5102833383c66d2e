"""One field: its rankers, cross-validated by document and by vendor, and the report about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.learned.model import By, FieldModel, FieldReport, Split
from ocr_pipeline.extraction.learned.ranker import Ranker
from ocr_pipeline.training.coverage import Covered
from ocr_pipeline.training.curves import acceptance, by_region, calibration, learning_curve
from ocr_pipeline.training.examples import LEFT_OUT, FieldTask
from ocr_pipeline.training.rankers import OutOfFold, best_value, grow_lexicon, out_of_fold, train

_SHOWN_FEATURES = 12
TRUSTS = (0.25, 0.5, 0.75, 1.0)
"""How far rankers may be trusted on vendors without a label."""
MIN_GAIN, MIN_GAIN_SHARE = 3, 0.01
"""Right values more than the rules, as a number and as a share of the labels, that it takes to trust rankers there."""


@dataclass(frozen=True)
class _CrossValidation:
    """A split, and how it does on each document out of fold: `right` for documents with a candidate, `good` for documents
    labelled with a value (silence counts as wrong), `sure` the confidence of each value."""

    split: Split
    right: Mapping[int, bool]
    good: Mapping[int, bool]
    sure: Mapping[int, float]


def learn_field(
    task: FieldTask, folds: Mapping[By, Sequence[int]], covered: Mapping[By, Covered]
) -> tuple[FieldModel, dict[str, bool]]:
    """The model of a field, and by document whether it is right out of fold."""
    validated: dict[By, _CrossValidation] = {}
    trust = 0.0
    if task.can_learn(folds["vendor"]):
        lexicons = _lexicons(task, folds["vendor"])
        chosen = out_of_fold(task, folds["vendor"], lexicons)
        trust = trust_unseen(task, folds["vendor"], chosen.rankers, lexicons)
        validated["vendor"] = _cross_validate(task, folds["vendor"], chosen, lexicons, trust, covered["vendor"])
    lexicons = _lexicons(task, folds["document"])
    chosen = out_of_fold(task, folds["document"], lexicons)
    validated["document"] = _cross_validate(task, folds["document"], chosen, lexicons, trust, covered["document"])
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
        trust_unseen=trust,
        splits={by: result.split for by, result in validated.items()},
        report=report,
    )
    return model, {task.samples[index].example.document_id: flag for index, flag in by_document.good.items()}


def _lexicons(task: FieldTask, folds: Sequence[int]) -> list[dict[str, str]]:
    return [grow_lexicon(task.field, task.samples, folds, without) for without in LEFT_OUT]


def trust_unseen(
    task: FieldTask, folds: Sequence[int], rankers: Sequence[Ranker], lexicons: Sequence[Mapping[str, str]]
) -> float:
    """How far to trust the rankers on vendors without a label: the least trust that is within one document of the best, and
    clearly better than the rules' own choice, judged on folds of vendors; 0: the rules choose."""
    labelled = [index for index in task.queries if task.truths[index]]
    by_rules = sum(task.chosen(index) in task.truths[index] for index in labelled)
    right = {
        trust: sum(
            best_value(rankers[folds[index]], task.field, task.values(index), lexicons[folds[index]], trust)[1]
            in task.truths[index]
            for index in labelled
        )
        for trust in TRUSTS
    }
    best = max(right.values())
    if best < by_rules + max(MIN_GAIN, MIN_GAIN_SHARE * len(labelled)):
        return 0.0
    return min(trust for trust, count in right.items() if count >= best - 1)


def _cross_validate(
    task: FieldTask,
    folds: Sequence[int],
    chosen: OutOfFold,
    lexicons: Sequence[Mapping[str, str]],
    trust: float,
    covered: Covered,
) -> _CrossValidation:
    """Judge on each fold what was learned without it, with the rules where the model leaves the document to them."""
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
        lexicons=tuple(dict(lexicon) for lexicon in lexicons),
    )

    def given(index: int) -> str | None:
        """The key of the value that the extractor gives for a document of this fold."""
        region_known, vendor_known = covered[index]
        own = 1.0 if vendor_known else trust if region_known else 0.0
        if not own:
            return task.chosen(index)
        fold = folds[index]
        score, key = chosen.scores[index], chosen.keys[index]
        if own < 1:
            score, key = best_value(chosen.rankers[fold], task.field, task.values(index), lexicons[fold], own)
        threshold = split.threshold(fold, task.samples[index].region)
        silent = task.chosen(index) is None if threshold is None else score < threshold
        return None if silent else key

    return _CrossValidation(
        split,
        right,
        good={index: given(index) in task.truths[index] for index in task.queries if task.truths[index]},
        sure={
            index: split.confidence(chosen.scores[index], folds[index], task.samples[index].region) for index in right
        },
    )


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
