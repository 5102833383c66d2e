"""One predicted value against its label: the outcome at three levels, and the tolerant columns beside it.

This module does not know documents or invoices: the cells of line items are compared with it as well.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from ocr_pipeline.evaluation.scoring.comparators import (
    ANLS_MATCH,
    COMPARATORS,
    FIVE_CENTS,
    ONE_CENT,
    FieldValue,
    Level,
    Tolerance,
    anls,
    canonical,
    default_tolerance,
    grade,
    is_empty,
)
from ocr_pipeline.evaluation.scoring.registry import Metric
from ocr_pipeline.evaluation.statistics.counts import Outcome, PrintedReads
from ocr_pipeline.values.dates import parse_date

_LEVELS: dict[Level | Literal["never"], int] = {"strict": 3, "normalised": 2, "lenient": 1, "never": 0}
"""Grade from which a value is correct at a level."""

_PROSE = ("name", "address", "text")
"""Kinds that are also compared by their similarity."""


class FieldScore(NamedTuple):
    """The comparison of one field of one document; a tuple, because hundreds of thousands are made at once.

    `truth` and `prediction` are None if empty; amounts have at least two decimals, dates are ISO 8601, text is unchanged.
    `truth` is the accepted value that the prediction was compared with: the label's own, or a closer alternative.
    `printed`: the text that a date was taken from, or a given value that cannot be read.

    The other columns are secondary. They are None for other kinds and if both sides are empty; a missing or spurious value
    fails them all.
    """

    field: str
    kind: str
    truth: str | None
    prediction: str | None
    outcome: Outcome
    outcome_strict: Outcome
    outcome_lenient: Outcome
    within_0_01: bool | None = None
    within_0_05: bool | None = None
    within_1_percent: bool | None = None
    anls: float | None = None
    anls_match: bool | None = None
    printed: str | None = None
    printed_reads: PrintedReads | None = None
    metrics: Mapping[str, float] | None = None


class _Match(NamedTuple):
    """The accepted value that a prediction is compared with, and at how many levels the two are equal."""

    truth: FieldValue | None
    grade: int


def compare_field(
    kind: str,
    truth: FieldValue | None,
    prediction: FieldValue | None,
    alternatives: Sequence[FieldValue] = (),
    *,
    field: str,
    tolerance: Tolerance | None = None,
    alternatives_from: Level | Literal["never"] = "strict",
    metrics: Mapping[str, Metric] | None = None,
    unreadable: str | None = None,
) -> FieldScore:
    """Compare a predicted value with the label's, at all three levels in one pass.

    Text without any letter or digit (`""`, `-`) is empty. `alternatives` are further accepted values; the best one is used.
    If `truth` is empty they make the value optional: predicting one of them is correct, predicting none is `both_empty`,
    predicting another value is spurious. `alternatives_from` is the strictest level at which they count. `field` only names
    the result. `unreadable`: the text of a given value that is not of this kind. It counts as a value that equals none: wrong
    or spurious, never missing.

    Raises:
        TypeError: a value is not of its kind, such as the text of an amount.
    """
    label = None if is_empty(kind, truth) else truth
    if label is not None and unreadable is None and _is_same(label, prediction):
        return _equal(kind, label, field, metrics)
    value = None if is_empty(kind, prediction) else prediction
    tolerance = tolerance or default_tolerance(kind)
    match = _best_match(kind, label, value, alternatives, tolerance, _LEVELS[alternatives_from])
    has_label, has_value = label is not None, value is not None or unreadable is not None
    headline = _outcome(has_label, has_value, correct=match.grade >= _LEVELS["normalised"])
    has_any = headline != "both_empty"
    within = _within(match.truth, value) if has_any and kind == "money" else (None, None, None)
    similarity = _similarity(match.truth, value) if has_any and kind in _PROSE else None
    prediction_text = None if value is None else canonical(value)
    return FieldScore(
        field=field,
        kind=kind,
        truth=prediction_text if match.truth == value else canonical(match.truth) if match.truth is not None else None,
        prediction=prediction_text,
        outcome=headline,
        outcome_strict=_outcome(has_label, has_value, correct=match.grade >= _LEVELS["strict"]),
        outcome_lenient=_outcome(has_label, has_value, correct=match.grade >= _LEVELS["lenient"]),
        within_0_01=within[0],
        within_0_05=within[1],
        within_1_percent=within[2],
        anls=similarity,
        anls_match=None if similarity is None else similarity >= ANLS_MATCH,
        printed=unreadable,
        printed_reads="unreadable" if unreadable is not None and kind == "date" else None,
        metrics=_measure(metrics, match.truth, value) if metrics and has_any else None,
    )


def _is_same(label: FieldValue, prediction: FieldValue | None) -> bool:
    return type(label) is type(prediction) and label == prediction


def _equal(kind: str, value: FieldValue, field: str, metrics: Mapping[str, Metric] | None) -> FieldScore:
    """The score of a value that is the label's own: most are, and nothing has to be compared for it."""
    text = canonical(value)
    within = True if kind == "money" else None
    is_prose = kind in _PROSE
    return FieldScore(
        field=field,
        kind=kind,
        truth=text,
        prediction=text,
        outcome="correct",
        outcome_strict="correct",
        outcome_lenient="correct",
        within_0_01=within,
        within_0_05=within,
        within_1_percent=within,
        anls=1.0 if is_prose else None,
        anls_match=True if is_prose else None,
        metrics=_measure(metrics, value, value) if metrics else None,
    )


def _best_match(
    kind: str,
    label: FieldValue | None,
    value: FieldValue | None,
    alternatives: Sequence[FieldValue],
    tolerance: Tolerance,
    max_grade: int,
) -> _Match:
    """The accepted value that is closest to the prediction. `max_grade`: of alternatives."""
    if value is not None and value == label:
        return _Match(label, _LEVELS["strict"])
    accepted = [] if label is None else [(label, _LEVELS["strict"])]
    if max_grade:
        accepted += [(alternative, max_grade) for alternative in alternatives if not is_empty(kind, alternative)]
    if value is None or not accepted:
        return _Match(label, 0)
    comparator = COMPARATORS[kind]
    graded = [_Match(truth, min(grade(comparator, truth, value, tolerance), cap)) for truth, cap in accepted]
    if len(graded) > 1:
        graded.sort(key=lambda match: (match.grade, comparator.closeness(match.truth, value)), reverse=True)
    best = graded[0]
    return best if best.grade >= _LEVELS["normalised"] or label is not None else _Match(label, best.grade)


def _outcome(has_truth: bool, has_prediction: bool, *, correct: bool) -> Outcome:
    if correct:
        return "correct"
    if has_truth:
        return "wrong" if has_prediction else "missing"
    return "spurious" if has_prediction else "both_empty"


def _within(truth: FieldValue | None, value: FieldValue | None) -> tuple[bool, bool, bool]:
    """Whether an amount is off by at most 0.01, 0.05, and 1 % of the truth."""
    if not (isinstance(truth, Decimal) and isinstance(value, Decimal)):
        return False, False, False
    off = abs(value - truth)
    return off <= ONE_CENT, off <= FIVE_CENTS, off * 100 <= abs(truth)


def _measure(metrics: Mapping[str, Metric], truth: FieldValue | None, value: FieldValue | None) -> dict[str, float]:
    if truth is None or value is None:
        return dict.fromkeys(metrics, 0.0)
    return {name: float(metric(truth, value)) for name, metric in metrics.items()}


def _similarity(truth: FieldValue | None, value: FieldValue | None) -> float:
    if not (isinstance(truth, str) and isinstance(value, str)):
        return 0.0
    return 1.0 if truth == value else anls(truth, value)


def read_printed(text: str, truth: date | None, *, day_first: bool | None) -> PrintedReads:
    """Compare the printed text of a date with `truth`: `correct`, `wrong`, or `unreadable` if it is no date by itself.

    `day_first` is the order of the data set; if it is None, both orders count. A wrong value whose printed text reads as
    the truth was found and then misinterpreted: day and month exchanged, or a year misplaced.
    """
    orders = (True, False) if day_first is None else (day_first,)
    readings = {parse_date(text, day_first=order) for order in orders} - {None}
    if not readings:
        return "unreadable"
    return "correct" if truth in readings else "wrong"
