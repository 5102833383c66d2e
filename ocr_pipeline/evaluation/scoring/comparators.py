"""One value against its label: the outcome at three levels, and the tolerant columns that stand beside it.

Nothing here knows documents or invoices, so that the cells of line items are compared with it as well.

    kind        strict                normalised (the headline)        lenient
    money       the same number       the same cent                    at most 0.05 or 1 % off
    quantity    the same number       the same to three decimals       at most 1 % off
    date        the same day          the same day                     day and month exchanged
    name        as written            the same letters and digits      ANLS of at least 0.8
    address     as written            the same letters and digits      ANLS of at least 0.8
    text        as written            the same letters and digits      ANLS of at least 0.8
    identifier  as written            the same letters and digits      one edit, or the same digits
    category    as written            the same but for case            the same but for case

A value that is correct at one level is correct at the next: strict, normalised, lenient. docs/evaluation.md says why each
rule is as it is; `COMPARATORS` is this table as code, and `Tolerance` holds the numbers of its last column.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Literal

from ocr_pipeline.schemas import FieldKind
from ocr_pipeline.values.dates import parse_date
from ocr_pipeline.values.names import normalise_name

Outcome = Literal["correct", "wrong", "spurious", "missing", "both_empty"]
"""`wrong`: both have a value and they differ. `spurious`: only the prediction has one. `missing`: only the label has
one. `both_empty` is counted and never enters a headline score: it would inflate it (awslabs/stickler #354)."""

Level = Literal["strict", "normalised", "lenient"]

PrintedReads = Literal["correct", "wrong", "unreadable"]

FieldValue = Decimal | date | str
"""A value as `Invoice` holds it: Decimal for money and quantities, date for dates, str for every other kind."""

ANLS_CUT = 0.5
"""A similarity of at most this counts as 0: the threshold of ANLS in Biten et al., Scene Text Visual Question Answering
(ICCV 2019)."""

ANLS_MATCH = 0.8
"""From here on a name counts as read: in the secondary column `anls_match`, and leniently where no setting says other."""

SHORTEST_IDENTIFIER = 4
"""Letters and digits, or digits alone. In a shorter one an edit is no slip of the pen: `12` and `13` are two numbers."""

_CENT, _FIVE_CENTS, _THOUSANDTH = Decimal("0.01"), Decimal("0.05"), Decimal("0.001")

_GRADES: dict[Level | Literal["never"], int] = {"strict": 3, "normalised": 2, "lenient": 1, "never": 0}
"""At how many levels a value is correct."""


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far off a value may be and still be leniently correct. Each number is of the kinds that it names."""

    within: Decimal = _FIVE_CENTS
    """Money, quantity: off by at most this much; 0.05 is how cash totals are rounded."""
    within_percent: Decimal = Decimal(1)
    """Money, quantity: or by at most this share of the truth, in percent."""
    similarity: float = ANLS_MATCH
    """Name, address, text: an ANLS of at least this."""
    edits: int = 1
    """Identifier: at most so many characters inserted, deleted or replaced."""
    days: int = 0
    """Date: off by at most so many days."""


MONEY_TOLERANCE = Tolerance()
QUANTITY_TOLERANCE = Tolerance(within=Decimal(0))
"""A count has no rounding of cash."""


def default_tolerance(kind: FieldKind) -> Tolerance:
    """The tolerance of a field that no setting speaks about."""
    return QUANTITY_TOLERANCE if kind == "quantity" else MONEY_TOLERANCE


@dataclass(frozen=True, kw_only=True)
class FieldScore:
    """The comparison of one field of one document.

    `truth` and `prediction` are None where empty; amounts with at least two decimals, dates in ISO 8601, text as given.
    `truth` is the accepted value that the prediction was held against: the label's own, or a closer alternative.

    The other columns are secondary. They are None for other kinds and where both sides are empty; a missing or spurious
    value fails them all.
    """

    field: str
    kind: FieldKind
    truth: str | None
    prediction: str | None
    outcome: Outcome
    """At the level `normalised`: the headline."""
    outcome_strict: Outcome
    outcome_lenient: Outcome
    within_0_01: bool | None = None
    """Money: off by at most 0.01."""
    within_0_05: bool | None = None
    """Money: off by at most 0.05, as when cash totals are rounded."""
    within_1_percent: bool | None = None
    """Money: off by at most 1 % of the truth."""
    anls: float | None = None
    """Names, addresses and text: see `anls`, 0..1."""
    anls_match: bool | None = None
    """Names, addresses and text: ANLS of at least 0.8."""
    printed: str | None = None
    """Dates: the text at the place that the backend read the value from, where it names one."""
    printed_reads: PrintedReads | None = None
    """Dates: what `printed` says by itself, held against `truth`. See `read_printed`."""


def compare_field(
    kind: FieldKind,
    truth: FieldValue | None,
    prediction: FieldValue | None,
    alternatives: Sequence[FieldValue] = (),
    *,
    field: str,
    tolerance: Tolerance | None = None,
    alternatives_from: Level | Literal["never"] = "strict",
) -> FieldScore:
    """Compare a predicted value with the label's, at all three levels in one pass.

    A text without any letter or digit (`""`, `-`) is empty. `alternatives` are further accepted values; the best one is
    used. Where `truth` is empty they say that the value is optional: giving one of them is correct, giving none is
    `both_empty`, giving another value is spurious. `alternatives_from` is the strictest level at which they count.
    `field` only names the result.

    Raises TypeError for a value that is not of its kind, such as the text of an amount.
    """
    comparator = COMPARATORS[kind]
    tolerance = tolerance or default_tolerance(kind)
    label = None if is_empty(kind, truth) else truth
    value = None if is_empty(kind, prediction) else prediction
    most = _GRADES[alternatives_from]
    candidates = [] if label is None else [(label, 3)]
    if most:
        candidates += [(accepted, most) for accepted in alternatives if not is_empty(kind, accepted)]

    held_against, grade = label, 0
    if value is not None and candidates:
        graded = [(min(_grade(comparator, accepted, value, tolerance), cap), accepted) for accepted, cap in candidates]
        if len(graded) > 1:
            graded.sort(key=lambda pair: (pair[0], comparator.closeness(pair[1], value)), reverse=True)
        grade, best = graded[0]
        if grade >= _GRADES["normalised"] or label is not None:
            held_against = best

    def outcome(level: Level) -> Outcome:
        return _outcome(label is not None, value is not None, correct=grade >= _GRADES[level])

    headline = outcome("normalised")
    is_money, is_name = kind == "money", kind in ("name", "address", "text")
    if headline == "both_empty":
        is_money = is_name = False
    off = within_1_percent = None
    similarity = 0.0
    if is_money and isinstance(held_against, Decimal) and isinstance(value, Decimal):
        off = abs(value - held_against)
        within_1_percent = off * 100 <= abs(held_against)
    elif is_name and isinstance(held_against, str) and isinstance(value, str):
        similarity = anls(held_against, value)
    return FieldScore(
        field=field,
        kind=kind,
        truth=None if held_against is None else canonical(held_against),
        prediction=None if value is None else canonical(value),
        outcome=headline,
        outcome_strict=outcome("strict"),
        outcome_lenient=outcome("lenient"),
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
    similarity = _similarity(letters(truth), letters(prediction))
    return similarity if similarity > ANLS_CUT else 0.0


def read_printed(text: str, truth: date | None, *, day_first: bool | None) -> PrintedReads:
    """What the printed text of a date says by itself: `correct` where it reads as `truth`, else `wrong`, or `unreadable`.

    `day_first` is the order of the data set; where it is None, both orders count. So a value that is wrong while its text
    reads as the truth was found and then misunderstood: day and month exchanged, a year misplaced.
    """
    orders = (True, False) if day_first is None else (day_first,)
    readings = {parse_date(text, day_first=order) for order in orders} - {None}
    if not readings:
        return "unreadable"
    return "correct" if truth in readings else "wrong"


def canonical(value: FieldValue) -> str:
    """The value as text, one spelling for equal amounts: `12.5` and `12.50` are `12.50`, `0.125` keeps its decimals."""
    if isinstance(value, Decimal):
        whole, _, fraction = f"{abs(value):f}".partition(".")
        sign = "-" if value < 0 else ""
        return f"{sign}{whole}.{fraction.rstrip('0').ljust(2, '0')}"
    return value.isoformat() if isinstance(value, date) else value.strip()


# ---- how each kind is compared ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparator:
    """One row of the table above. Values are equal at a level where the forms that it gives them are equal.

    Only values of one kind are ever given to it: `Any` stands for that kind's type, `value_type`.
    """

    value_type: type[Decimal] | type[date] | type[str]
    strict: Callable[[Any], object]
    normalised: Callable[[Any], object]
    lenient: Callable[[Any, Any, Tolerance], bool]
    """(truth, prediction): of two values that are not equal, whether they are near enough."""
    closeness: Callable[[Any, Any], Decimal | float]
    """Higher is closer: which of several accepted values a prediction is held against."""


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def _thousandths(value: Decimal) -> Decimal:
    return value.quantize(_THOUSANDTH, rounding=ROUND_HALF_UP)


def _near(truth: Decimal, prediction: Decimal, tolerance: Tolerance) -> bool:
    off = abs(truth - prediction)
    return off <= tolerance.within or off * 100 <= abs(truth) * tolerance.within_percent


def _difference(truth: Decimal, prediction: Decimal) -> Decimal:
    return -abs(truth - prediction)


def _itself(value: Decimal | date) -> Decimal | date:
    return value


def _days_or_order(truth: date, prediction: date, tolerance: Tolerance) -> bool:
    exchanged = (truth.year, truth.day, truth.month) == (prediction.year, prediction.month, prediction.day)
    return exchanged or abs((truth - prediction).days) <= tolerance.days


def _no_difference(truth: date, prediction: date) -> float:
    return -abs((truth - prediction).days)


def _as_written(value: str) -> str:
    return unicodedata.normalize("NFC", value).strip()


letters = lru_cache(2**16)(normalise_name)
"""`normalise_name`, remembered: a label is compared once per backend."""


def _similar(truth: str, prediction: str, tolerance: Tolerance) -> bool:
    return anls(truth, prediction) >= tolerance.similarity


def _letters_similarity(truth: str, prediction: str) -> float:
    return _similarity(letters(truth), letters(prediction))


def _few_edits(truth: str, prediction: str, tolerance: Tolerance) -> bool:
    from rapidfuzz.distance import Levenshtein

    first, second = letters(truth), letters(prediction)
    if min(len(first), len(second)) < SHORTEST_IDENTIFIER:
        return False
    digits, other_digits = ("".join(filter(str.isdecimal, text)) for text in (first, second))
    if digits == other_digits and len(digits) >= SHORTEST_IDENTIFIER:
        return True
    return Levenshtein.distance(first, second, score_cutoff=tolerance.edits) <= tolerance.edits


def _casefolded(value: str) -> str:
    return _as_written(value).casefold()


def _category_similarity(truth: str, prediction: str) -> float:
    return _similarity(_casefolded(truth), _casefolded(prediction))


def _never(truth: str, prediction: str, tolerance: Tolerance) -> bool:
    return False


def _similarity(first: str, second: str) -> float:
    from rapidfuzz.distance import Levenshtein  # needed only once something is scored

    return Levenshtein.normalized_similarity(first, second)


_PROSE = Comparator(str, _as_written, letters, _similar, _letters_similarity)

COMPARATORS: dict[FieldKind, Comparator] = {
    "money": Comparator(Decimal, _itself, _cents, _near, _difference),
    "quantity": Comparator(Decimal, _itself, _thousandths, _near, _difference),
    "date": Comparator(date, _itself, _itself, _days_or_order, _no_difference),
    "name": _PROSE,
    "address": _PROSE,
    "text": _PROSE,
    "identifier": Comparator(str, _as_written, letters, _few_edits, _letters_similarity),
    "category": Comparator(str, _as_written, _casefolded, _never, _category_similarity),
}


def _grade(comparator: Comparator, truth: FieldValue, prediction: FieldValue, tolerance: Tolerance) -> int:
    """At how many levels the two are the same: 3 from strict on, 0 at none."""
    if truth == prediction or comparator.strict(truth) == comparator.strict(prediction):
        return _GRADES["strict"]
    if comparator.normalised(truth) == comparator.normalised(prediction):
        return _GRADES["normalised"]
    return int(comparator.lenient(truth, prediction, tolerance))


def _outcome(has_truth: bool, has_prediction: bool, *, correct: bool) -> Outcome:
    if correct:
        return "correct"
    if has_truth:
        return "wrong" if has_prediction else "missing"
    return "spurious" if has_prediction else "both_empty"


def is_empty(kind: FieldKind, value: FieldValue | None) -> bool:
    """None, or a text without any letter or digit. Raises TypeError for a value that is not of its kind."""
    if value is None:
        return True
    expected = COMPARATORS[kind].value_type
    if not isinstance(value, expected):
        raise TypeError(f"a {kind} value must be a {expected.__name__}, not {type(value).__name__}")
    return isinstance(value, str) and not letters(value)
