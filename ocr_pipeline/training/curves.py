"""Thresholds, calibration curves and learning curves of one field, all from choices made out of fold."""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from ocr_pipeline.evaluation.statistics.calibration import equal_bins, isotonic, risk_threshold
from ocr_pipeline.evaluation.statistics.counts import Counts
from ocr_pipeline.extraction.learned.model import Acceptance, CalibrationBin, Curve, CurvePoint
from ocr_pipeline.training.examples import FOLDS, LEFT_OUT, FieldTask
from ocr_pipeline.training.rankers import best_value, known_of, train_and_score

MIN_LABELS_FOR_SILENCE = 100
"""Labelled values of a country needed before labels decide where no value is given; with fewer, the rules do. With a
threshold chosen on 20 labels, 96.0 % of the totals were right where the rules reach 98.3; with one from Malaysian receipts,
three of 29 German invoices lost their date (benchmarks/learned_accuracy.py)."""
LEARNING_CURVE, LEARNING_CURVE_FOLDS = (20, 50, 100, 200), 2
"""Numbers of labels on the learning curve, and folds that it is judged on."""
RISK, BINS = 0.01, 5

_GIVEN = {
    "correct": Counts(correct=1, missing=-1),
    "wrong": Counts(wrong=1, missing=-1),
    "spurious": Counts(spurious=1),
}
"""What giving a value changes."""

Thresholds = dict[str, tuple[float | None, ...]]
Curves = dict[str, tuple[Curve, ...]]


def by_region(
    task: FieldTask, folds: Sequence[int], scores: Mapping[int, float], right: Mapping[int, bool]
) -> tuple[Thresholds, Curves]:
    """Thresholds by country with enough labels, and curves by country and for all documents (""), one per fold left out:
    a document is judged by nothing that has seen its label."""
    thresholds: Thresholds = {}
    curves: Curves = {}
    counts = Counter(task.samples[index].region for index in task.queries)
    for region in ("", *(name for name, count in counts.items() if name and count >= MIN_LABELS_FOR_SILENCE)):
        of_region = [index for index in task.queries if region in ("", task.samples[index].region)]
        pairs = [
            _threshold_and_curve(task, scores, right, [index for index in of_region if folds[index] != without])
            for without in LEFT_OUT
        ]
        curves[region] = tuple(curve for _, curve in pairs)
        if region:
            thresholds[region] = tuple(threshold for threshold, _ in pairs)
    return thresholds, curves


def _threshold_and_curve(
    task: FieldTask, scores: Mapping[int, float], right: Mapping[int, bool], indices: Sequence[int]
) -> tuple[float | None, Curve]:
    known = {index: right[index] for index in indices if index in right}
    labelled = {index for index in indices if task.truths[index]}
    curve = isotonic([scores[index] for index in known], list(known.values()))
    return _threshold(scores, known, labelled), curve


def _threshold(scores: Mapping[int, float], right: Mapping[int, bool], labelled: Collection[int]) -> float | None:
    """The lowest score at which giving a value keeps F1 within two values of its maximum: with few documents a better F1
    is luck, and silence has its price. None if there are too few values to tell. `labelled`: documents with a value."""
    if len(labelled) < MIN_LABELS_FOR_SILENCE or not right:
        return None
    order = sorted(right, key=lambda index: -scores[index])
    counts, f1 = Counts(missing=len(labelled)), []
    for index in order:
        counts += _GIVEN["correct" if right[index] else "wrong" if index in labelled else "spurious"]
        f1.append(counts.f1 or 0.0)
    enough = max(f1) - 2 / max(len(labelled), 1)
    return min(scores[index] for index, reached in zip(order, f1, strict=True) if reached >= enough)


def learning_curve(task: FieldTask, folds: Sequence[int]) -> list[CurvePoint]:
    """What fewer labels would achieve: right values by number of labels, on folds that were not learned from."""
    points: list[CurvePoint] = []
    for size in LEARNING_CURVE:
        right = n = 0
        for fold in range(LEARNING_CURVE_FOLDS):
            others = [index for index in task.queries if folds[index] != fold]
            if len(others) < size:
                return points
            drawn = random.Random(fold).sample(others, size)  # noqa: S311 - which labels, not a secret
            if not any(task.queries[index].right is not None for index in drawn):
                continue
            known = known_of(task, drawn)
            judged = [index for index in task.queries if folds[index] == fold and task.truths[index]]
            ranker, scores = train_and_score(task, known, drawn, judged)
            n += len(judged)
            for index, own in scores.items():
                _, key = best_value(ranker, task, index, own, known)
                right += task.chosen(index) is not None and key in task.truths[index]
        points.append({"labels": size, "right": right, "n": n})
    return points


def calibration(sure: Mapping[int, float], right: Mapping[int, bool]) -> list[CalibrationBin]:
    """Bins of equal size: mean confidence and the number of right values."""
    known = list(sure)
    bins = [[known[position] for position in part] for part in equal_bins(list(sure.values()), BINS)]
    return [
        {
            "confidence": sum(sure[index] for index in part) / len(part),
            "right": sum(right[index] for index in part),
            "n": len(part),
        }
        for part in bins
    ]


def acceptance(
    sure: Mapping[int, float], right: Mapping[int, bool], folds: Sequence[int], labelled_values: int
) -> Acceptance:
    """What could be accepted without review: values above the confidence at which at most `RISK` of the values in the
    other folds were wrong, and how many of them are wrong."""
    accepted: list[bool] = []
    for fold in range(FOLDS):
        others = [index for index in right if folds[index] != fold]
        threshold = risk_threshold([sure[i] for i in others], [right[i] for i in others], RISK, split_ties=True)
        if threshold is not None:
            accepted += [right[index] for index in right if folds[index] == fold and sure[index] >= threshold]
    return {"n": labelled_values, "accepted": len(accepted), "wrong": accepted.count(False)}
