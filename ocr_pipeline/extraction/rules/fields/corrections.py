"""Values that arithmetic demands in place of a misread amount. They are printed nowhere."""

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields.arithmetic import Relations
from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount, says_only_total

Role = Literal["total", "net", "tax"]

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Slip:
    """A misread amount: where it is, its role, and the arithmetic that settles it, `net + tax`."""

    place: LabelledAmount
    role: Role
    correction: str


@dataclass(frozen=True)
class _Demand:
    """A relation that can prove a printed amount of a role wrong, and how a correction by it is called.

    `lookalike`: the relation is weak (an item may be missing), so only a digit that looks like the other is a slip.
    """

    relation: str
    role: Role
    correction: str
    lookalike: bool = False


_DEMANDS = (
    _Demand("cash_less_change", "total", "cash - change"),
    _Demand("net_plus_its_tax", "total", "net + tax"),
    _Demand("sum_of_totals", "total", "sum of totals"),
    _Demand("sum_of_items", "total", "sum of items", lookalike=True),
    _Demand("total_less_tax", "net", "total - tax"),
    _Demand("total_less_net", "tax", "total - net"),
)
_SUPPORTS = ("cash_less_change", "net_plus_tax", "sum_of_column", "sum_of_items", "times_printed")
"""Features that protect a printed total from correction."""
_LOOKALIKES = frozenset(map(frozenset, ("38", "08", "06", "56", "68", "89", "17", "35", "58", "27")))


def find(
    amounts: Sequence[LabelledAmount], printed: Sequence[Candidate[Decimal]], relations: Relations
) -> Iterator[tuple[Decimal, Slip]]:
    """Demanded values and what each one replaces: an amount that differs from it by one slip of the OCR.

    `printed` are the values of `amounts` with their features. A value that is printed is never demanded, and a printed
    total that some relation supports is never replaced.
    """
    supported = {entry.value for entry in printed if any(entry.features.get(name) for name in _SUPPORTS)}
    values = {entry.value for entry in printed}
    places = {role: _Places(amounts, role, supported) for role in get_args(Role)}
    for demand in _DEMANDS:
        for value in sorted(value for value in relations[demand.relation] - values if value > 0):
            for place in places[demand.role].near(value):
                if is_slip(place.value, value, demand.lookalike):
                    yield value, Slip(place, demand.role, demand.correction)


class _Places:
    """The amounts of a role that may be wrong, found by their digits: a document can have thousands of them."""

    def __init__(self, amounts: Sequence[LabelledAmount], role: Role, supported: Set[Decimal]) -> None:
        self._places = [
            place for place in amounts if _has_role(place, role) and not (role == "total" and place.value in supported)
        ]
        self._by_digits: dict[str, list[int]] = defaultdict(list)
        for number, place in enumerate(self._places):
            for digits in _neighbours(_digits(place.value), place.value):
                self._by_digits[digits].append(number)

    def near(self, value: Decimal) -> list[LabelledAmount]:
        """In reading order: all that one slip makes of the value, and some more."""
        wanted = _neighbours(_digits(value.quantize(_CENT)), value)
        numbers = {number for digits in wanted for number in self._by_digits.get(digits, ())}
        return [self._places[number] for number in sorted(numbers)]


def _neighbours(written: str, value: Decimal) -> set[str]:
    """The digits of an amount, with any one of them missing or unknown: what differs by one digit shares one of these."""
    forms = {written, str(abs(int(value)))} if value == value.to_integral() else {written}
    return forms | {
        digits[:at] + instead + digits[at + 1 :]
        for digits in forms
        for at in range(len(digits))
        for instead in ("", "?")
    }


def _has_role(place: LabelledAmount, role: Role) -> bool:
    if role == "total":
        return says_only_total(place.labels.left) > 0.5
    return place.says("tax") if role == "tax" else place.says("net", "net_total", "subtotal", "excl")


def is_slip(printed: Decimal, demanded: Decimal, lookalike: bool = False) -> bool:
    """Whether one misread, lost or invented digit, a lost decimal mark or dirt read as a minus, explains the difference.

    `lookalike`: only a digit read as one that looks like it.
    """
    if _is_slip(_digits(printed), _digits(demanded.quantize(_CENT)), lookalike=lookalike):
        return True
    whole = printed == printed.to_integral() and demanded == demanded.to_integral()
    return whole and _is_slip(str(int(printed)), str(int(demanded)), lookalike=lookalike)


def _is_slip(read: str, meant: str, *, lookalike: bool) -> bool:
    if len(read) == len(meant):
        wrong = [frozenset(pair) for pair in zip(read, meant, strict=True) if pair[0] != pair[1]]
        return not wrong or (len(wrong) == 1 and (not lookalike or wrong[0] in _LOOKALIKES))
    short, long = sorted((read, meant), key=len)
    lost = len(long) - len(short) == 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
    return lost and not lookalike


def _digits(amount: Decimal) -> str:
    return "".join(c for c in str(amount) if c.isdigit())
