"""How values of each kind are compared, at three levels.

    kind        strict                normalised (the headline)        lenient
    money       the same number       the same cent                    at most 0.05 or 1 % off
    quantity    the same number       the same to three decimals       at most 1 % off
    date        the same day          the same day                     day and month exchanged
    name        as written            the same letters and digits      ANLS of at least 0.8
    address     as written            the same letters and digits      ANLS of at least 0.8
    text        as written            the same letters and digits      ANLS of at least 0.8
    identifier  as written            the same letters and digits      one edit, or the same digits
    tax_id      as written            spellings of the same number     one edit, or the same digits
    category    as written            the same but for case            the same but for case
    boolean     the same              the same                         the same

A value that is correct at one level is correct at the next: strict, normalised, lenient. docs/evaluation.md explains each
rule; `COMPARATORS` is this table as code, and `Tolerance` holds the numbers of its last column.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Literal

from ocr_pipeline.values.names import normalise_name
from ocr_pipeline.values.tax_ids import same_tax_id

Level = Literal["strict", "normalised", "lenient"]

FieldValue = Decimal | date | str | bool
"""A value as documents hold it: Decimal for money and quantities, date for dates, bool, and str for every other kind."""

ANLS_CUT = 0.5
"""A similarity of at most this counts as 0: the threshold of ANLS in Biten et al., Scene Text Visual Question Answering
(ICCV 2019)."""

ANLS_MATCH = 0.8
"""Similarity from which a name counts as recognised: in the column `anls_match`, and by default at the lenient level."""

MIN_IDENTIFIER_LENGTH = 4
"""Letters and digits, or digits alone. In a shorter identifier an edit is not a typo: `12` and `13` are two numbers."""

ONE_CENT, FIVE_CENTS, _THOUSANDTH = Decimal("0.01"), Decimal("0.05"), Decimal("0.001")


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far off a value may be and still be correct at the lenient level. Each number applies to the kinds it names."""

    within: Decimal = FIVE_CENTS
    """Money, quantity: off by at most this much; 0.05 is how cash totals are rounded."""
    within_percent: Decimal = Decimal(1)
    """Money, quantity: or by at most this share of the truth, in percent."""
    similarity: float = ANLS_MATCH
    """Name, address, text: an ANLS of at least this."""
    edits: int = 1
    """Identifier, tax id: at most this many characters inserted, deleted or replaced."""
    days: int = 0
    """Date: off by at most this many days."""


MONEY_TOLERANCE = Tolerance()
QUANTITY_TOLERANCE = Tolerance(within=Decimal(0))
"""Counts are not rounded like cash."""


def default_tolerance(kind: str) -> Tolerance:
    """The tolerance of a kind without settings."""
    return QUANTITY_TOLERANCE if kind == "quantity" else MONEY_TOLERANCE


def anls(truth: str, prediction: str) -> float:
    """Similarity of two names, 0..1: 1 - Levenshtein distance / length of the longer one, or 0 up to `ANLS_CUT`.

    Compared after `normalise_name`. Source: Biten et al., Scene Text Visual Question Answering, ICCV 2019. Symmetric.
    """
    similarity = _similarity(letters(truth), letters(prediction))
    return similarity if similarity > ANLS_CUT else 0.0


def canonical(value: FieldValue) -> str:
    """Return the value as text, with one spelling for equal amounts: `12.5` and `12.50` give `12.50`, `0.125` is kept."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Decimal):
        whole, _, fraction = f"{abs(value):f}".partition(".")
        sign = "-" if value < 0 else ""
        return f"{sign}{whole}.{fraction.rstrip('0').ljust(2, '0')}"
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat()


@dataclass(frozen=True)
class Comparator:
    """One row of the table above. Two values are equal at a level if this gives them equal forms.

    It only ever gets values of one kind: `Any` stands for that kind's type, `value_type`.
    """

    value_type: type[Decimal] | type[date] | type[str] | type[bool]
    strict: Callable[[Any], object]
    normalised: Callable[[Any], object]
    lenient: Callable[[Any, Any, Tolerance], bool]
    """(truth, prediction, tolerance): whether two unequal values are close enough."""
    closeness: Callable[[Any, Any], Decimal | float]
    """Higher is closer: chooses which of several accepted values a prediction is compared with."""
    equal: Callable[[Any, Any], bool] | None = None
    """Equality at the normalised level that no form of one value can tell; None if `normalised` tells it."""


letters = lru_cache(2**16)(normalise_name)
"""`normalise_name`, cached: a label is compared once per backend."""


def _rounded(step: Decimal) -> Callable[[Decimal], Decimal]:
    return lambda value: value.quantize(step, rounding=ROUND_HALF_UP)


def _near(truth: Decimal, prediction: Decimal, tolerance: Tolerance) -> bool:
    off = abs(truth - prediction)
    return off <= tolerance.within or off * 100 <= abs(truth) * tolerance.within_percent


def _days_or_order(truth: date, prediction: date, tolerance: Tolerance) -> bool:
    exchanged = (truth.year, truth.day, truth.month) == (prediction.year, prediction.month, prediction.day)
    return exchanged or abs((truth - prediction).days) <= tolerance.days


def _as_written(value: str) -> str:
    return unicodedata.normalize("NFC", value).strip()


def _casefolded(value: str) -> str:
    return _as_written(value).casefold()


def _few_edits(truth: str, prediction: str, tolerance: Tolerance) -> bool:
    from rapidfuzz.distance import Levenshtein

    first, second = letters(truth), letters(prediction)
    if min(len(first), len(second)) < MIN_IDENTIFIER_LENGTH:
        return False
    digits, other_digits = ("".join(filter(str.isdecimal, text)) for text in (first, second))
    if digits == other_digits and len(digits) >= MIN_IDENTIFIER_LENGTH:
        return True
    return Levenshtein.distance(first, second, score_cutoff=tolerance.edits) <= tolerance.edits


def _similarity_of(form: Callable[[str], str]) -> Callable[[str, str], float]:
    return lambda truth, prediction: _similarity(form(truth), form(prediction))


def _similarity(first: str, second: str) -> float:
    from rapidfuzz.distance import Levenshtein  # needed only once something is scored

    return Levenshtein.normalized_similarity(first, second)


_PROSE = Comparator(
    str,
    strict=_as_written,
    normalised=letters,
    lenient=lambda truth, prediction, tolerance: anls(truth, prediction) >= tolerance.similarity,
    closeness=_similarity_of(letters),
)


def _number(step: Decimal) -> Comparator:
    return Comparator(
        Decimal,
        strict=lambda value: value,
        normalised=_rounded(step),
        lenient=_near,
        closeness=lambda truth, prediction: -abs(truth - prediction),
    )


COMPARATORS: dict[str, Comparator] = {
    "money": _number(ONE_CENT),
    "quantity": _number(_THOUSANDTH),
    "date": Comparator(
        date,
        strict=lambda value: value,
        normalised=lambda value: value,
        lenient=_days_or_order,
        closeness=lambda truth, prediction: -abs((truth - prediction).days),
    ),
    "name": _PROSE,
    "address": _PROSE,
    "text": _PROSE,
    "identifier": Comparator(str, _as_written, letters, _few_edits, _similarity_of(letters)),
    "tax_id": Comparator(str, _as_written, letters, _few_edits, _similarity_of(letters), equal=same_tax_id),
    "boolean": Comparator(
        bool,
        strict=lambda value: value,
        normalised=lambda value: value,
        lenient=lambda *_: False,
        closeness=lambda truth, prediction: float(truth == prediction),
    ),
    "category": Comparator(str, _as_written, _casefolded, lambda *_: False, _similarity_of(_casefolded)),
}


def grade(comparator: Comparator, truth: FieldValue, prediction: FieldValue, tolerance: Tolerance) -> int:
    """Count the levels at which two values are equal: 3 from strict on, 2 from normalised on, 1 only leniently, 0 never."""
    if truth == prediction or comparator.strict(truth) == comparator.strict(prediction):
        return 3
    if comparator.normalised(truth) == comparator.normalised(prediction):
        return 2
    if comparator.equal is not None and comparator.equal(truth, prediction):
        return 2
    return int(comparator.lenient(truth, prediction, tolerance))


def is_empty(kind: str, value: FieldValue | None) -> bool:
    """Whether a value is None or text without any letter or digit. Raises TypeError for a value that is not of its kind."""
    if value is None:
        return True
    expected = COMPARATORS[kind].value_type
    if not isinstance(value, expected):
        raise TypeError(f"a {kind} value must be a {expected.__name__}, not {type(value).__name__}")
    return isinstance(value, str) and not letters(value)
