"""The thresholds of a cascade: learned from the confidences of its members on labelled documents.

A value is accepted at the lowest confidence above which at most `max_error` of the values is wrong. Where the next member
has answered enough labelled documents, the threshold is lowered as long as its answers make nothing better: asking someone
who knows less costs money and values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ocr_pipeline.evaluation.statistics.calibration import risk_threshold
from ocr_pipeline.extraction.cascade.thresholds import ALWAYS, NEVER, FieldReport, Thresholds, confidence_of
from ocr_pipeline.extraction.ensemble.votes import key_of
from ocr_pipeline.schemas import Extraction, Label
from ocr_pipeline.training.examples import LEFT_OUT, families, folds_of, truth_keys, vendor_of
from ocr_pipeline.training.votes import MIN_DOCUMENTS, Voted

VERSION = 1


@dataclass(frozen=True)
class Judged:
    """A value of a member on a labelled document: its confidence, whether it is right, and whether the field would be right
    with the next member's answer in its place (None: not known)."""

    confidence: float
    right: bool
    next_right: bool | None


def learn_thresholds(
    documents: Sequence[Voted], members: Sequence[str], fields: Sequence[str], training: str, max_error: float
) -> Thresholds:
    """Learn thresholds for all members but the last, per field with enough labels. Folds keep vendors and copies together."""
    folds = folds_of(families([(vendor_of(document.label, document.group), document.group) for document in documents]))
    by_member: dict[str, dict[str, tuple[float, ...]]] = {}
    report: dict[str, FieldReport] = {}
    for member, following in pairwise(members):
        for field in fields:
            judged = {
                index: judged_value
                for index, document in enumerate(documents)
                if (judged_value := judge(document, field, member, following)) is not None
            }
            if len(judged) < MIN_DOCUMENTS:
                continue
            thresholds = tuple(
                fit([value for index, value in judged.items() if folds[index] != without], max_error)
                for without in LEFT_OUT
            )
            by_member.setdefault(member, {})[field] = thresholds
            if member == members[0]:
                report[field] = _report(judged, folds, thresholds)
    return Thresholds(
        members=tuple(members),
        training=training,
        documents=len(documents),
        fold_of={document.document_id: fold for document, fold in zip(documents, folds, strict=True)},
        by_member=by_member,
        report=report,
    )


def judge(document: Voted, field: str, member: str, following: str) -> Judged | None:
    """None if the field is not labelled, or the member has no result."""
    extraction, answer = document.extractions.get(member), document.extractions.get(following)
    if extraction is None or field not in document.label.labelled_fields:
        return None
    return Judged(
        confidence_of(extraction, field),
        is_right(document.label, field, extraction),
        None if answer is None else is_right(document.label, field, _replaced(extraction, answer, field)),
    )


def fit(judged: Sequence[Judged], max_error: float) -> float:
    """The confidence below which the next member is asked; 0 never, `ALWAYS` always."""
    accepting = risk_threshold([value.confidence for value in judged], [value.right for value in judged], max_error)
    threshold = ALWAYS if accepting is None else accepting
    answered = [value for value in judged if value.next_right is not None]
    return min(threshold, _best(answered)) if len(answered) >= MIN_DOCUMENTS // 2 else threshold


def _best(answered: Sequence[Judged]) -> float:
    """The lowest threshold with the most right values, if everything below it comes from the next member."""
    gain, best, most = 0, NEVER, 0
    ordered = sorted(answered, key=lambda value: value.confidence)
    for position, value in enumerate(ordered):
        gain += int(bool(value.next_right)) - int(value.right)
        above = ordered[position + 1].confidence if position + 1 < len(ordered) else ALWAYS
        if above > value.confidence and gain > most:
            best, most = above, gain
    return best


def _replaced(extraction: Extraction, answer: Extraction, field: str) -> Extraction:
    """The answer in place of the value; an empty answer replaces nothing."""
    return extraction if getattr(answer.invoice, field) is None else answer


def is_right(label: Label, field: str, extraction: Extraction) -> bool:
    """Whether the value is the labelled one or an accepted alternative, or rightly empty."""
    value, truth = getattr(extraction.invoice, field), truth_keys(label, field)
    return not truth if value is None else key_of(field, value) in truth


def _report(judged: Mapping[int, Judged], folds: Sequence[int], thresholds: Sequence[float]) -> FieldReport:
    below = {index: value.confidence < thresholds[folds[index]] for index, value in judged.items()}
    chosen = [value.next_right if below[index] else value.right for index, value in judged.items()]
    return {
        "documents": len(judged),
        "first": sum(value.right for value in judged.values()),
        "right": None if None in chosen else sum(bool(right) for right in chosen),
        "below": sum(below.values()),
    }
