"""One value against its label: the outcome, and the tolerant columns that stand beside it.

Nothing here knows documents or invoices, so that the cells of line items can be compared with it as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from ocr_pipeline.evaluation.normalise import normalise_identifier, normalise_name
from ocr_pipeline.schemas import FieldKind

Outcome = Literal["correct", "wrong", "invented", "missed", "both_empty"]
"""`wrong`: both have a value and they differ. `invented`: only the prediction has one. `missed`: only the label has
one. `both_empty` is counted and never enters a headline score: it would inflate it (awslabs/stickler #354)."""

FieldValue = Decimal | date | str
"""A value as `Invoice` holds it: Decimal for money, date for dates, str for every other kind."""

ANLS_CUT = 0.5
"""A similarity of at most this counts as 0: the threshold of ANLS in Biten et al., Scene Text Visual Question Answering
(ICCV 2019)."""

ANLS_MATCH = 0.8
"""From here on a name counts as read, in the secondary column `anls_match`."""

_CENT = Decimal("0.01")
_FIVE_CENTS = Decimal("0.05")


@dataclass(frozen=True, kw_only=True)
class FieldScore:
    """The comparison of one field of one document.

    `truth` and `prediction` are None where empty; amounts with at least two decimals, dates in ISO 8601, text as given.
    `truth` is the accepted value that the prediction was held against: the label's own, or a closer alternative.

    The other columns are secondary. They are None for other kinds and where both sides are empty; a missed or invented
    value fails them all.
    """

    field: str
    kind: FieldKind
    truth: str | None
    prediction: str | None
    outcome: Outcome
    within_0_01: bool | None = None
    """Money: off by at most 0.01."""
    within_0_05: bool | None = None
    """Money: off by at most 0.05, as when cash totals are rounded."""
    within_1_percent: bool | None = None
    """Money: off by at most 1 % of the truth."""
    anls: float | None = None
    """Names and addresses: see `anls`, 0..1."""
    anls_match: bool | None = None
    """Names and addresses: ANLS of at least 0.8."""


def compare_field(
    kind: FieldKind,
    truth: FieldValue | None,
    prediction: FieldValue | None,
    alternatives: Sequence[FieldValue] = (),
    *,
    field: str,
) -> FieldScore:
    """Compare a predicted value with the label's.

    Equal means: money to the cent (rounded half up), dates the same day, names and addresses the same after
    `normalise_name`, identifiers after `normalise_identifier`, categories after casefolding.

    A text without any letter or digit (`""`, `-`) is empty. `alternatives` are further accepted values; the best one is
    used. Where `truth` is empty they say that the value is optional: giving one of them is correct, giving none is
    `both_empty`, giving another value is invented. `field` only names the result.

    Raises TypeError for a value that is not of its kind, such as the text of an amount.
    """
    label = None if _is_empty(kind, truth) else truth
    value = None if _is_empty(kind, prediction) else prediction
    candidates = [
        accepted for accepted in (label, *alternatives) if accepted is not None and not _is_empty(kind, accepted)
    ]

    held_against = label
    correct = False
    if value is not None and candidates:
        best = max(candidates, key=lambda accepted: (_equal(kind, accepted, value), _closeness(kind, accepted, value)))
        correct = _equal(kind, best, value)
        if correct or label is not None:
            held_against = best

    outcome = _outcome(has_truth=held_against is not None, has_prediction=value is not None, correct=correct)
    is_money, is_name = kind == "money", kind in ("name", "address")
    if outcome == "both_empty":
        is_money = is_name = False
    off = within_1_percent = None
    similarity = 0.0
    if isinstance(held_against, Decimal) and isinstance(value, Decimal):
        off = abs(value - held_against)
        within_1_percent = off * 100 <= abs(held_against)
    elif is_name and isinstance(held_against, str) and isinstance(value, str):
        similarity = anls(held_against, value)
    return FieldScore(
        field=field,
        kind=kind,
        truth=None if held_against is None else canonical(held_against),
        prediction=None if value is None else canonical(value),
        outcome=outcome,
        within_0_01=(off is not None and off <= _CENT) if is_money else None,
        within_0_05=(off is not None and off <= _FIVE_CENTS) if is_money else None,
        within_1_percent=bool(within_1_percent) if is_money else None,
        anls=similarity if is_name else None,
        anls_match=similarity >= ANLS_MATCH if is_name else None,
    )


def anls(truth: str, prediction: str) -> float:
    """Similarity of two names, 0..1: 1 - Levenshtein distance / length of the longer one, and 0 up to `ANLS_CUT`.

    Compared after `normalise_name`. Source: Biten et al., Scene Text Visual Question Answering, ICCV 2019. Symmetric.
    """
    similarity = _similarity(normalise_name(truth), normalise_name(prediction))
    return similarity if similarity > ANLS_CUT else 0.0


def canonical(value: FieldValue) -> str:
    """The value as text, one spelling for equal amounts: `12.5` and `12.50` are `12.50`, `0.125` keeps its decimals."""
    if isinstance(value, Decimal):
        whole, _, fraction = f"{abs(value):f}".partition(".")
        sign = "-" if value < 0 else ""
        return f"{sign}{whole}.{fraction.rstrip('0').ljust(2, '0')}"
    return value.isoformat() if isinstance(value, date) else value.strip()


def _outcome(*, has_truth: bool, has_prediction: bool, correct: bool) -> Outcome:
    if has_truth and has_prediction:
        return "correct" if correct else "wrong"
    if has_truth:
        return "missed"
    return "invented" if has_prediction else "both_empty"


def _is_empty(kind: FieldKind, value: FieldValue | None) -> bool:
    if value is None:
        return True
    expected = Decimal if kind == "money" else date if kind == "date" else str
    if not isinstance(value, expected):
        raise TypeError(f"a {kind} value must be a {expected.__name__}, not {type(value).__name__}")
    return isinstance(value, str) and not normalise_identifier(value)


def _comparable(kind: FieldKind, value: FieldValue) -> Decimal | date | str:
    if isinstance(value, Decimal):
        return value.quantize(_CENT, rounding=ROUND_HALF_UP)
    if isinstance(value, date):
        return value
    if kind == "identifier":
        return normalise_identifier(value)
    return value.strip().casefold() if kind == "category" else normalise_name(value)


def _equal(kind: FieldKind, truth: FieldValue, prediction: FieldValue) -> bool:
    return _comparable(kind, truth) == _comparable(kind, prediction)


def _closeness(kind: FieldKind, truth: FieldValue, prediction: FieldValue) -> Decimal | float:
    """Higher is closer. Only values of one kind are ever compared with each other."""
    if isinstance(truth, Decimal) and isinstance(prediction, Decimal):
        return -abs(truth - prediction)
    if isinstance(truth, str) and isinstance(prediction, str):
        return _similarity(str(_comparable(kind, truth)), str(_comparable(kind, prediction)))
    return 0.0


def _similarity(first: str, second: str) -> float:
    from rapidfuzz.distance import Levenshtein  # needed only once something is scored

    return Levenshtein.normalized_similarity(first, second)
