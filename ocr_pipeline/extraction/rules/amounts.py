"""Candidates for the amounts of the whole document: one per printed value, with facts from all its places."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.numbers import Number
from ocr_pipeline.extraction.rules.reading import Labels, Reading

_CENT = Decimal("0.01")
_LARGEST_ROUNDING = Decimal("0.10")
_HIGHEST_TAX_RATE = 30


@dataclass(frozen=True)
class LabelledAmount:
    """An amount of money on the page and what the keywords around it say about it."""

    number: Number
    labels: Labels

    @property
    def value(self) -> Decimal:
        return self.number.value

    def says(self, *classes: str) -> bool:
        """Whether a keyword of one of the classes stands clearly beside the amount."""
        return any(self.labels.left.get(name, 0) >= 0.5 for name in classes)


def labelled(reading: Reading) -> list[LabelledAmount]:
    """Every amount of money of a document with its labels."""
    return [
        LabelledAmount(number, _settled(reading.labels(number.row, number.first, number.span), number.value))
        for number in reading.numbers
        if number.is_money
    ]


def _settled(labels: Labels, value: Decimal) -> Labels:
    """Labels without the words that only explain another word.

    In `Total incl. GST` the row is about the total, in `GST included in total` about the tax. An amount behind
    `Rounding` that is no small change is the rounded total.
    """
    left = dict(labels.left)
    if left.keys() & {"incl", "excl"}:
        for name in ("total", "grand_total", "incl") if "tax" in labels.first else ("tax",):
            left.pop(name, None)
    if "rounding" in left and abs(value) > _LARGEST_ROUNDING:
        left["grand_total"] = left.pop("rounding")
    return Labels(left, labels.above, labels.first)


def candidates(reading: Reading, amounts: list[LabelledAmount]) -> list[Candidate[Decimal]]:
    """One candidate per distinct printed value, then values that arithmetic says were misread by one digit."""
    rates = {number.value for number in reading.numbers if number.percent and 0 < number.value <= _HIGHEST_TAX_RATE}
    by_value: dict[Decimal, list[LabelledAmount]] = defaultdict(list)
    for amount in amounts:
        by_value[amount.value].append(amount)
    arithmetic = Arithmetic(amounts, rates)
    largest = max((abs(value) for value in by_value), default=Decimal(0))
    found = [
        Candidate(value, _best_place(places).number.span, _features(reading, value, places, arithmetic, largest))
        for value, places in by_value.items()
    ]
    return found + _corrections(found, arithmetic)


def _best_place(places: list[LabelledAmount]) -> LabelledAmount:
    return max(
        places,
        key=lambda place: (
            3 * place.says("grand_total", "due") + 2 * place.says("total") - place.says("cash", "card", "change")
        ),
    )


def _features(
    reading: Reading, value: Decimal, places: list[LabelledAmount], arithmetic: "Arithmetic", largest: Decimal
) -> dict[str, float]:
    features: dict[str, float] = defaultdict(float)
    for place in places:
        for side, labels in (("left", place.labels.left), ("above", place.labels.above)):
            for name, strength in labels.items():
                features[f"{side}_{name}"] = max(features[f"{side}_{name}"], strength)
        for name, strength in _combined(place.labels.left):
            features[name] = max(features[name], strength)
    height = max(place.number.span.height for place in places) / reading.layout.text_height
    features["large_print"] = min(max(height - 1.2, 0.0), 1.0)
    features["times_printed"] = min(len(places) - 1, 3) / 3
    features["low_on_page"] = max(place.number.span.y for place in places) / reading.layout.height
    features["largest"] = float(abs(value) == largest)
    features["share_of_largest"] = float(abs(value) / largest) if largest else 0.0
    features["zero"] = float(value == 0)
    features["negative"] = float(value < 0)
    features["repaired"] = float(all(place.number.repaired for place in places))
    features["only_unlabelled"] = float(not any(place.labels.left for place in places))
    for name, results in arithmetic.results.items():
        features[name] = float(value in results)
    return dict(features)


_NOT_A_TOTAL = (
    "excl", "tax", "change", "rounding", "discount", "saving", "subtotal", "prepaid", "service_charge", "surcharge",
    "net", "quantity", "tax_summary", "cash", "card",
)  # fmt: skip


def _combined(left: dict[str, float]) -> Iterable[tuple[str, float]]:
    """Facts about the label as a whole: a total that nothing else in the row makes into something smaller."""
    total = max(left.get("grand_total", 0.0), left.get("total", 0.0))
    if total and not any(left.get(name, 0.0) >= 0.5 for name in _NOT_A_TOTAL):
        yield "clean_total", total
        if left.get("incl", 0.0):
            yield "clean_total_incl", total


class Arithmetic:
    """Sums over labelled amounts. `results` holds, for each relation, the values that it says the total should have."""

    def __init__(self, amounts: list[LabelledAmount], rates: set[Decimal]) -> None:
        self.amounts = amounts
        self.rates = rates
        self.results: dict[str, set[Decimal]] = {
            "cash_less_change": self._cash_less_change(),
            "net_plus_tax": self._net_plus_tax(),
            "after_rounding": self._after_rounding(),
            "sum_of_totals": self._sum_of_totals(),
            "tax_of_other": self._tax_of_other(),
            "sum_of_column": self._sum_of_column(),
        }

    def _values(self, *classes: str) -> set[Decimal]:
        return {amount.value for amount in self.amounts if amount.says(*classes)}

    def _cash_less_change(self) -> set[Decimal]:
        changes = {abs(value) for value in self._values("change")}
        return {
            abs(cash) - change for cash in self._values("cash", "card") for change in changes if abs(cash) >= change
        }

    def _net_plus_tax(self) -> set[Decimal]:
        taxes = {amount.value for amount in self.amounts if amount.says("tax") and not amount.says("total_sales")}
        nets = self._values("subtotal", "net", "excl")
        services = self._values("service_charge", "surcharge") | {Decimal(0)}
        roundings = self._values("rounding") | {Decimal(0)}
        return {
            net + tax + service + rounding
            for net in nets
            for tax in taxes
            for service in services
            for rounding in roundings
            if tax < net
        }

    def _after_rounding(self) -> set[Decimal]:
        """Values below a rounding that differ by it from a total above it."""
        results: set[Decimal] = set()
        for position, rounding in enumerate(self.amounts):
            if not rounding.says("rounding") or not 0 < abs(rounding.value) <= _LARGEST_ROUNDING:
                continue
            above = {a.value for a in self.amounts[:position] if a.says("total", "grand_total", "subtotal", "incl")}
            below = {amount.value for amount in self.amounts[position + 1 :]}
            results |= below & {total + sign * rounding.value for total in above for sign in (1, -1)}
        return results

    def _sum_of_totals(self) -> set[Decimal]:
        """Sums of two totals printed one after the other: the standard-rated and the zero-rated goods."""
        totals = [amount.value for amount in self.amounts if amount.says("total") and not amount.says("tax")]
        return {one + other for one, other in zip(totals, totals[1:], strict=False)}

    def _tax_of_other(self) -> set[Decimal]:
        """Values that are the tax contained in, or due on, a larger printed amount at a printed rate."""
        larger = {amount.value for amount in self.amounts if amount.value > 1}
        results = set()
        for rate in self.rates:
            for value in larger:
                results |= {(value * rate / 100).quantize(_CENT), (value * rate / (100 + rate)).quantize(_CENT)}
        return results

    def _sum_of_column(self) -> set[Decimal]:
        """Sums of the amounts above each amount in its column, as far up as the sum fits."""
        results: set[Decimal] = set()
        for index, amount in enumerate(self.amounts):
            target = amount.value
            if target <= 0:
                continue
            running, terms = Decimal(0), 0
            for other in reversed(self.amounts[:index]):
                if abs(other.number.span.x1 - amount.number.span.x1) > 0.035 or other.value == target:
                    continue
                running += other.value
                terms += 1
                if running == target and terms >= 2:
                    results.add(target)
                if abs(running) > target:
                    break
        return results


def _corrections(found: list[Candidate[Decimal]], arithmetic: Arithmetic) -> list[Candidate[Decimal]]:
    """Printed totals that differ in one digit from what arithmetic demands, with the demanded value."""
    printed = {candidate.value for candidate in found}
    corrections = []
    for name, reason in (("cash_less_change", "cash - change"), ("net_plus_tax", "net + tax")):
        for value in arithmetic.results[name] - printed:
            for candidate in found:
                is_total = candidate.features.get("clean_total", 0) > 0.5
                if is_total and value > 0 and _one_digit_apart(value, candidate.value) and not _supported(candidate):
                    features = {**candidate.features, name: 1.0, "corrected": 1.0}
                    corrections.append(Candidate(value, candidate.span, features, correction=reason))
    return corrections


def _supported(candidate: Candidate[Decimal]) -> bool:
    return candidate.features["times_printed"] > 0 or any(
        candidate.features.get(name) for name in ("cash_less_change", "net_plus_tax", "sum_of_column")
    )


def _one_digit_apart(one: Decimal, other: Decimal) -> bool:
    a, b = str(one.quantize(_CENT)), str(other.quantize(_CENT))
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    short, long = sorted((a, b), key=len)
    return len(long) - len(short) == 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
