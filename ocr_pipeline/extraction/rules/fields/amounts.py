"""Candidates for the amounts of the whole document: one per printed value, with facts from all its places."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields.arithmetic import Relations, relations
from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount, tax_rates
from ocr_pipeline.extraction.rules.reading import Reading

_CENT = Decimal("0.01")
_NO_TOTAL = (
    "excl", "tax", "change", "rounding", "discount", "saving", "subtotal", "prepaid", "service_charge", "surcharge",
    "net", "quantity", "tax_summary", "cash", "carried",
)  # fmt: skip
"""Words that make a total in the same label into something smaller."""
_DEMANDS = {"cash_less_change": "cash - change", "net_plus_tax": "net + tax", "sum_of_totals": "sum of totals"}
"""Relations that can prove a printed total wrong, and how a correction by them is called."""
_SUPPORTS = ("cash_less_change", "net_plus_tax", "sum_of_column", "times_printed")
"""Facts that protect a printed total from correction."""


def candidates(reading: Reading, amounts: Sequence[LabelledAmount]) -> list[Candidate[Decimal]]:
    """One candidate per distinct value, then values that arithmetic demands in place of a misread total."""
    by_value: dict[Decimal, list[LabelledAmount]] = defaultdict(list)
    for amount in amounts:
        by_value[amount.value].append(amount)
    found_relations = relations(amounts, tax_rates(reading), reading.region.cash_step if reading.region else None)
    totals = [amount.number.row for amount in amounts if amount.says("total", "grand_total", "net_total")]
    largest = max(map(abs, by_value), default=Decimal(0)) or Decimal(1)
    found = []
    for value, places in by_value.items():
        features = _label_features(places) | _place_features(reading, places)
        features |= {name: float(value in values) for name, values in found_relations.items()}
        features |= {
            "largest": float(abs(value) == largest),
            "share_of_largest": float(abs(value) / largest),
            "zero": float(value == 0),
            "negative": float(value < 0),
        }
        in_last_total = bool(totals) and any(place.number.row == totals[-1] for place in places)
        features["last_total"] = features.get("clean_total", 0.0) * in_last_total
        place = max(places, key=_clarity).number
        found.append(Candidate(value, place.span, features, place.repair))
    return [*found, *_corrections(found, found_relations)]


def _clarity(place: LabelledAmount) -> int:
    """Which of several places of a value is the one to point at."""
    return 3 * place.says("grand_total", "due") + 2 * place.says("total") - place.says("cash", "card", "change")


def _label_features(places: Sequence[LabelledAmount]) -> dict[str, float]:
    """The strongest label of each class over all places: `left_total`, `above_tax`."""
    features: dict[str, float] = defaultdict(float)
    for place in places:
        sides = {"left": place.labels.left, "above": place.labels.above}
        for side, labels in sides.items():
            for name, strength in labels.items():
                features[f"{side}_{name}"] = max(features[f"{side}_{name}"], strength)
        for name, strength in _clean_total(place.labels.left):
            features[name] = max(features[name], strength)
    return dict(features)


def _clean_total(left: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Facts about a label that says total and nothing that would make it smaller."""
    total = max(left.get(name, 0.0) for name in ("grand_total", "total", "net_total"))
    if total and not any(left.get(name, 0.0) >= 0.5 for name in _NO_TOTAL):
        yield "clean_total", total
        if left.get("incl", 0.0):
            yield "clean_total_incl", total


def _place_features(reading: Reading, places: Sequence[LabelledAmount]) -> dict[str, float]:
    height = max(place.number.span.height for place in places) / reading.layout.text_height
    return {
        "large_print": min(max(height - 1.2, 0.0), 1.0),
        "times_printed": min(len(places) - 1, 3) / 3,
        "low_on_page": max(place.number.span.y for place in places) / reading.layout.height,
        "repaired": float(all(place.number.repair for place in places)),
    }


def _corrections(found: Sequence[Candidate[Decimal]], known: Relations) -> Iterator[Candidate[Decimal]]:
    """Values that arithmetic demands and that differ from a printed total in one character."""
    printed = {candidate.value for candidate in found}
    totals = [entry for entry in found if entry.features.get("clean_total", 0.0) > 0.5]
    doubtful = [entry for entry in totals if not any(entry.features[name] for name in _SUPPORTS)]
    for name, correction in _DEMANDS.items():
        for value in sorted(value for value in known[name] - printed if value > 0):
            for candidate in doubtful:
                if one_digit_apart(value, candidate.value):
                    features = {**candidate.features, name: 1.0, "negative": 0.0, "corrected": 1.0}
                    yield Candidate(value, candidate.span, features, correction)


def one_digit_apart(one: Decimal, other: Decimal) -> bool:
    """Whether one misread, lost or invented digit, or a minus that is dirt, makes one amount into the other."""
    short, long = sorted((str(one.quantize(_CENT)), str(other.quantize(_CENT))), key=len)
    if len(short) == len(long):
        return sum(a != b for a, b in zip(short, long, strict=True)) == 1
    return len(long) - len(short) == 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
