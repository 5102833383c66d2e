"""One field: its rankers, cross-validated by document and by vendor, and the report about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.learned.model import By, FieldModel, FieldReport, Split
from ocr_pipeline.training.coverage import Covered
from ocr_pipeline.training.curves import acceptance, by_region, calibration, learning_curve
from ocr_pipeline.training.examples import FieldTask
from ocr_pipeline.training.rankers import OutOfFold, best_value, out_of_fold, rules_key, train

_SHOWN_FEATURES = 12
TRUSTS = (0.25, 0.5, 0.75, 1.0)
"""How far rankers may be trusted. The least that is enough is taken, so that rules that improve are not left behind."""
MIN_GAIN_KNOWN, MIN_GAIN_UNSEEN, MIN_GAIN_SHARE = 2, 3, 0.01
"""Right values more than the rules that it takes to trust rankers, on vendors with and without labels; on these at least this
share of the labels, too."""


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
    parts = {by: out_of_fold(task, of) for by, of in folds.items() if by == "document" or task.can_learn(of)}
    known = [index for index, (_, vendor) in covered["document"].items() if vendor and task.truths.get(index)]
    every = [index for index in task.queries if task.truths[index]]
    gain = max(MIN_GAIN_UNSEEN, MIN_GAIN_SHARE * len(every))
    trust = Trust(
        known=how_far(task, folds["document"], parts["document"], known, MIN_GAIN_KNOWN),
        unseen=how_far(task, folds["vendor"], parts["vendor"], every, gain) if "vendor" in parts else 0.0,
    )
    validated = {by: _cross_validate(task, folds[by], part, trust, covered[by]) for by, part in parts.items()}
    by_document, by_vendor = validated["document"], validated.get("vendor")
    whole = train(task, parts["document"].known[-1], list(task.queries))
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
        trust=trust.known,
        trust_unseen=trust.unseen,
        splits={by: result.split for by, result in validated.items()},
        report=report,
    )
    return model, {task.samples[index].example.document_id: flag for index, flag in by_document.good.items()}


@dataclass(frozen=True)
class Trust:
    """How far the rankers count (0..1) on vendors with labels and on others; at 0 the rules choose."""

    known: float
    unseen: float


def how_far(
    task: FieldTask,
    folds: Sequence[int],
    chosen: OutOfFold,
    indices: Sequence[int],
    min_gain: float,
) -> float:
    """How far to trust the rankers on documents like these, each judged without its fold: the least trust that is within one
    document of the best, if that is clearly better than the rules' own choice; else 0."""
    by_rules = sum(rules_key(task, index, chosen.known[folds[index]]) in task.truths[index] for index in indices)
    right = {
        trust: sum(_best(task, folds[index], chosen, index, trust)[1] in task.truths[index] for index in indices)
        for trust in TRUSTS
    }
    best = max(right.values())
    if best < by_rules + min_gain:
        return 0.0
    return min(trust for trust, count in right.items() if count >= best - 1)


def _best(task: FieldTask, fold: int, chosen: OutOfFold, index: int, trust: float) -> tuple[float, str | None]:
    """Score and key of the best value of a document of this fold."""
    return best_value(chosen.rankers[fold], task, index, chosen.own[index], chosen.known[fold], trust)


def _cross_validate(
    task: FieldTask, folds: Sequence[int], chosen: OutOfFold, trust: Trust, covered: Covered
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
        field=task.field,
        labelled=tuple(dict(known.labelled) for known in chosen.known),
    )

    def given(index: int) -> str | None:
        """The key of the value that the extractor gives for a document of this fold."""
        region_known, vendor_known = covered[index]
        own = trust.known if vendor_known else trust.unseen if region_known else 0.0
        if not own:
            return rules_key(task, index, chosen.known[folds[index]])
        fold = folds[index]
        score, key = chosen.scores[index], chosen.keys[index]
        if own < 1:
            score, key = _best(task, fold, chosen, index, own)
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
