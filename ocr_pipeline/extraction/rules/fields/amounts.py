"""Candidates for the amounts of the whole document: one per value, with features from all its places."""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields import corrections, doubts, sums
from ocr_pipeline.extraction.rules.fields.arithmetic import Relations, relations
from ocr_pipeline.extraction.rules.fields.corrections import Slip
from ocr_pipeline.extraction.rules.fields.labelled_amounts import (
    TOTALS,
    LabelledAmount,
    says_only_total,
    tax_rates,
)
from ocr_pipeline.extraction.rules.fields.sums import Computed
from ocr_pipeline.extraction.rules.reading import Reading

PARTS: tuple[sums.Part, ...] = ("net", "tax", "total")


def candidates(
    reading: Reading, amounts: Sequence[LabelledAmount], item_amounts: Sequence[Decimal] = ()
) -> list[Candidate[Decimal]]:
    """One candidate per distinct value, then the other readings of ambiguous amounts, and the values that arithmetic
    demands in place of a misread one."""
    by_value: dict[Decimal, list[LabelledAmount]] = defaultdict(list)
    for amount in amounts:
        by_value[amount.value].append(amount)
    rates = tax_rates(reading)
    proven = sums.find(amounts, reading, rates)
    of_sums = {f"{part}_of_sum": frozenset(entry.part(part) for entry in proven) for part in PARTS}
    of_sums["total_of_sum"] |= _in_coins(of_sums["total_of_sum"], by_value.keys(), cash_step(reading))
    page = _Page(
        reading=reading,
        relations={**relations(amounts, rates, cash_step(reading), item_amounts), **of_sums},
        largest=max(map(abs, by_value), default=Decimal(0)) or Decimal(1),
        last_total=max((amount.number.row for amount in amounts if amount.says(*TOTALS)), default=None),
        has_cents=any(amount.number.decimals == 2 for amount in amounts),
        all_totals_zero=not any(amount.value for amount in amounts if amount.says(*TOTALS, "subtotal", "due")),
        negative=_is_negative(amounts),
        has_change=any(amount.value and amount.says("change") for amount in amounts),
        has_total=any(says_only_total(amount.labels.left) or amount.says("due", *TOTALS) for amount in amounts),
    )
    printed = [_candidate(v, places, page) for v, all_places in by_value.items() for places in _roles(v, all_places)]
    others = [_other(value, places, page) for value, places in doubts.other_readings(amounts).items()]
    corrected = [
        _candidate(value, [slip.place], page, slip)
        for value, slip in corrections.find(amounts, printed, page.relations)
    ]
    computed = [_candidate(entry.value, [entry.place], page, entry) for entry in sums.computed(proven, amounts)]
    return [*printed, *others, *corrected, *computed]


def _roles(value: Decimal, places: Sequence[LabelledAmount]) -> Iterable[Sequence[LabelledAmount]]:
    """The places of a value; those of a zero apart: no tax, no discount and a total of 0 are not one amount."""
    if value:
        return [places]
    by_role: dict[tuple[bool, bool], list[LabelledAmount]] = defaultdict(list)
    for place in places:
        by_role[place.says("tax"), place.says(*TOTALS, "subtotal", "net", "due")].append(place)
    return by_role.values()


def _in_coins(totals: Iterable[Decimal], printed: Set[Decimal], step: Decimal | None) -> frozenset[Decimal]:
    """The printed amounts that totals are rounded to if they are paid in cash."""
    if step is None:
        return frozenset()
    return frozenset(printed & {(total / step).quantize(Decimal(1), ROUND_HALF_UP) * step for total in totals})


def _is_negative(amounts: Sequence[LabelledAmount]) -> bool:
    """Whether the labelled totals of the page are negative."""
    totals = [amount.value for amount in amounts if says_only_total(amount.labels.left)]
    return any(value < 0 for value in totals) and not any(value > 0 for value in totals)


@dataclass(frozen=True)
class _Page:
    """What an amount is judged against. `last_total` is the last row that is labelled as a total.

    `all_totals_zero`: whatever is labelled as a total is 0, as on the receipt of goods that a voucher paid.
    `negative`: all labelled totals are negative. `has_total`: something is labelled as a total or as due.
    `has_change`: money was returned, so that what was given is not the total.
    """

    reading: Reading
    relations: Relations
    largest: Decimal
    last_total: int | None
    has_cents: bool
    all_totals_zero: bool
    negative: bool
    has_total: bool
    has_change: bool


def cash_step(reading: Reading) -> Decimal | None:
    """The smallest coin that totals are rounded to in the country of the document, if any."""
    return reading.region.cash_step if reading.region else None


def _candidate(
    value: Decimal, places: Sequence[LabelledAmount], page: _Page, made: Slip | Computed | None = None
) -> Candidate[Decimal]:
    """A value with its features; `made` says which misread amount it replaces, or what it was computed from."""
    features = {} if isinstance(made, Computed) else _label_features(places)
    features |= _place_features(page.reading, places)
    features |= {name: float(value in values) for name, values in page.relations.items()}
    features |= {
        "largest": float(abs(value) == page.largest),
        "share_of_largest": min(float(abs(value) / page.largest), 1.0),
        "zero": float(value == 0),
        "cash_with_change": float(
            page.has_change
            and value not in page.relations["cash_less_change"]
            and any(place.says("cash") for place in places)
        ),
        "subtotal_alone": float(not page.has_total and any(place.says("subtotal") for place in places)),
        "negative": float(value < 0),
        "negative_page": float(value < 0 and page.negative),
        "suggested": float(all(place.suggested for place in places)),
        "other_currency": float(all(place.other_currency for place in places)),
    }
    features |= _origin_features(made)
    features |= doubts.features(places, page_has_cents=page.has_cents)
    labelled = any(place.says(*TOTALS, "subtotal", "net", "tax") for place in places)
    features["zero_total"] = float(value == 0 and page.all_totals_zero and labelled)
    in_last_total = any(place.number.row == page.last_total for place in places)
    features["last_total"] = features.get("clean_total", 0.0) * in_last_total
    place = max(places, key=_clarity).number
    repair = doubts.SCALE_OPEN if features["open_scale"] else place.repair
    return Candidate(value, place.span, features, made.correction if made else repair)


def _origin_features(made: Slip | Computed | None) -> dict[str, float]:
    """How a value that is printed nowhere came about: a misread amount was replaced, or a sum computed."""
    slip, computed = (made if isinstance(made, kind) else None for kind in (Slip, Computed))
    return {
        "corrected": float(slip is not None and slip.role == "total"),
        "corrected_by_items": float(slip is not None and slip.correction == "sum of items"),
        "corrected_net": float(slip is not None and slip.role == "net"),
        "corrected_tax": float(slip is not None and slip.role == "tax"),
        "computed_net": float(computed is not None and computed.role == "net"),
        "computed_tax": float(computed is not None and computed.role == "tax"),
    }


def _other(value: Decimal, places: Sequence[LabelledAmount], page: _Page) -> Candidate[Decimal]:
    """The second reading of amounts whose scale is open."""
    other = _candidate(value, places, page)
    return replace(other, features={**other.features, "other_scale": 1.0})


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
        clean = says_only_total(place.labels.left)
        features["clean_total"] = max(features["clean_total"], clean)
        if place.labels.left.get("incl"):
            features["clean_total_incl"] = max(features["clean_total_incl"], clean)
    return dict(features)


def _place_features(reading: Reading, places: Sequence[LabelledAmount]) -> dict[str, float]:
    height = max(place.number.span.height for place in places) / reading.layout.text_height
    return {
        "large_print": min(max(height - 1.2, 0.0), 1.0),
        "times_printed": min(len(places) - 1, 3) / 3,
        "low_on_page": max(place.number.span.y for place in places) / reading.layout.height,
        "repaired": float(all(place.number.repair for place in places)),
    }
