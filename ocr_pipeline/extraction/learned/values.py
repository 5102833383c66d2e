"""The distinct values of a field with their features: what the ranker sees.

Candidates are those of the rules, so both share one candidate stage; `widened` adds some. A value printed in several places is
one row: each feature is the maximum over its places, because one place that is called total makes the value a total.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any

from ocr_pipeline.extraction.rules.candidates import Choice, Features, Ranked, rank
from ocr_pipeline.extraction.rules.fields import addresses
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.values.names import normalise_name

RULES = "rules_"
"""Prefix of features that are the rules' own judgement; half of the rankers do not see them."""


@dataclass(frozen=True)
class Value:
    """A distinct value of a field. `entry` is its best candidate by the rules."""

    key: str
    entry: Ranked[Any]
    features: Features


def values_of(choice: Choice[Any], reading: Reading) -> list[Value]:
    """The distinct values of a field, in the order of the rules."""
    groups: dict[str, list[Ranked[Any]]] = {}
    for entry in choice.ranked:
        groups.setdefault(value_key(entry.value), []).append(entry)
    if not groups:
        return []
    best = choice.ranked[0].score
    chosen = value_key(choice.chosen.value) if choice.chosen else None
    amounts = sorted({abs(entry.value) for entry in choice.ranked if isinstance(entry.value, Decimal)})
    days = [entry.value for entry in choice.ranked if isinstance(entry.value, date)]
    usual_year = median(day.year for day in days) if days else 0
    values = []
    for place_of, (key, places) in enumerate(groups.items()):
        features: dict[str, float] = dict(places[0].candidate.features)
        for place in places[1:]:
            for name, held in place.candidate.features.items():
                features[name] = max(held, features.get(name, held))
        features |= _place(places, reading)
        features |= {"places": float(len(places)), "values": float(len(groups))}
        features |= {
            f"{RULES}score": places[0].score,
            f"{RULES}gap": places[0].score - best,
            f"{RULES}rank": float(place_of),
        }
        features[f"{RULES}chosen"] = float(key == chosen)
        value = places[0].value
        if isinstance(value, Decimal):
            features |= _amount(value, amounts)
        elif isinstance(value, date):
            features |= {"day_above_12": float(value.day > 12), "year_gap": abs(value.year - usual_year)}
        else:
            features |= _text(str(value))
        values.append(Value(key, places[0], features))
    return values


def widened(field: str, choice: Choice[Any], reading: Reading, supplier: Choice[Any]) -> Choice[Any]:
    """The choice of the rules with candidates behind theirs that only a ranker can tell apart: runs of lines that may be the
    address. `supplier`: the rules' choice of the name."""
    if field != "supplier_address":
        return choice
    name = supplier.chosen.candidate.span if supplier.chosen else None
    return replace(choice, ranked=[*choice.ranked, *rank(addresses.runs(reading, name), {})])


def region_of(reading: Reading) -> str:
    """The country code that the document hints at; "" if it is unknown."""
    return reading.region.code if reading.region else ""


def value_key(value: Any) -> str:
    """Candidates with the same key are one value."""
    if isinstance(value, Decimal):
        return str(value.normalize())
    return value.isoformat() if isinstance(value, date) else normalise_name(str(value))


def _place(places: Sequence[Ranked[Any]], reading: Reading) -> dict[str, float]:
    spans = [place.candidate.span for place in places]
    height, text_height = reading.layout.height, reading.layout.text_height
    return {
        "y_first": min(span.y for span in spans) / height,
        "y_last": max(span.y for span in spans) / height,
        "print_size": max(span.height for span in spans) / text_height,
        "corrected_any": float(any(place.candidate.correction for place in places)),
    }


def _amount(value: Decimal, amounts: Sequence[Decimal]) -> dict[str, float]:
    """`amounts`: those of the document, in ascending order."""
    size, largest = abs(value), amounts[-1] or Decimal(1)
    return {
        "of_largest": float(size / largest),
        "larger_ones": float(len(amounts) - bisect_right(amounts, size)),
        "share_smaller": bisect_left(amounts, size) / len(amounts),
        "round": float(value == value.to_integral_value()),
        "whole_ten_cents": float((value * 10) % 1 == 0),
    }


def _text(text: str) -> dict[str, float]:
    words = text.split()
    return {
        "letters": float(sum(map(str.isalpha, text))),
        "digits": float(sum(map(str.isdigit, text))),
        "words": float(len(words)),
        "capitals": sum(map(str.isupper, text)) / max(len(text), 1),
    }
