"""How probable the rules' values are, from the first document on: a calibration that ships with the package.

`calibration.json` holds a logistic regression for each field, made by `benchmarks/make_calibration.py` from receipts and
invoices of many countries; it is fitted so that it holds in countries that it has not seen. The evidence: the lead over
other values, the chosen candidate's features (labels, arithmetic, shape, place), the engine's confidence in its words, how
the number is printed, and what is known about the whole page.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from ocr_pipeline.extraction.rules.candidates import Choice
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.schemas import Word

_MAX_LEAD, _MAX_SCORE = 6.0, 10.0
_CENTS = re.compile(r"[.,]\s?(\d{2}|[-–—]{1,2})(?!\d)")
_ONE_GROUP = re.compile(r"(?<![\d.,'’])\d{1,3}[.,]\d{3}(?![\d.,'’])")
_SPACED = re.compile(r"\d \d")
_AMOUNTS = ("net_amount", "total_tax_amount", "total_amount")
_ROUNDING = Decimal("0.05")


@dataclass(frozen=True)
class FieldCalibration:
    """A logistic regression: the weight of each feature, and the bias. `most`: the highest probability that it gives, which
    the number of documents it was checked on allows; below 1."""

    bias: float
    weights: Mapping[str, float]
    most: float = 0.99

    def probability(self, features: Mapping[str, float]) -> float:
        total = self.bias + sum(self.weights.get(name, 0.0) * held for name, held in features.items())
        return min(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), self.most)


def calibrated(choices: Mapping[str, Choice[Any]], reading: Reading, words: Sequence[Word]) -> dict[str, Choice[Any]]:
    """The same choices with the probability that each is right; choices that bring one keep it."""
    curves = shipped()
    evidence = features_of(choices, reading, words)
    result = dict(choices)
    for name, features in evidence.items():
        if choices[name].sure is None and name in curves:
            result[name] = replace(choices[name], sure=curves[name].probability(features))
    return result


@cache
def shipped() -> dict[str, FieldCalibration]:
    """The calibration of the package, by field."""
    fields = json.loads(_content())["fields"]
    return {name: FieldCalibration(entry["bias"], entry["weights"], entry["most"]) for name, entry in fields.items()}


@cache
def digest() -> str:
    """SHA-256 of the calibration: another one changes confidences."""
    return sha256(_content().encode()).hexdigest()


@cache
def _content() -> str:
    return files("ocr_pipeline.extraction.rules").joinpath("calibration.json").read_text("utf-8")


def features_of(
    choices: Mapping[str, Choice[Any]], reading: Reading, words: Sequence[Word]
) -> dict[str, dict[str, float]]:
    """The evidence about each chosen value, by field; features that are 0 are left out."""
    chosen = {name: choice for name, choice in choices.items() if choice.chosen is not None}
    page = _page_features(reading, words) | _sums(chosen)
    found = {}
    for name, choice in chosen.items():
        features = page | _lead(choice) | _ocr(choice, words)
        if isinstance(choice.chosen.value if choice.chosen else None, Decimal):
            features |= _amount(choice, reading)
        found[name] = {key: held for key, held in features.items() if held}
    return found


def _page_features(reading: Reading, words: Sequence[Word]) -> dict[str, float]:
    """What is known about the whole page."""
    letters = [letter for word in words for letter in word.text if letter.isalpha()]
    other = sum(letter > "\u024f" and not "\u1e00" <= letter <= "\u1eff" for letter in letters)
    confidences = [word.confidence for word in words if word.confidence is not None]
    labels = sum(bool(reading.keywords.classes(row.index)) for row in reading.rows)
    return {
        "page_ocr": sum(confidences) / len(confidences) if confidences else 1.0,
        "page_text_layer": float(not confidences),
        "page_other_script": other / max(len(letters), 1),
        "page_labels": math.log1p(labels),
        "page_words": math.log1p(len(words)),
        "page_country": float(reading.region is not None),
    }


def _sums(choices: Mapping[str, Choice[Any]]) -> dict[str, float]:
    """Whether net and tax add up to the total; whether two of the three are known."""
    found = {name: choice.chosen.value for name in _AMOUNTS if (choice := choices.get(name)) and choice.chosen}
    if len(found) < len(_AMOUNTS):
        return {"two_amounts": float(len(found) == len(_AMOUNTS) - 1)}
    net, tax, total = (found[name] for name in _AMOUNTS)
    holds = abs(net + tax - total) <= _ROUNDING
    return {"sums_hold": float(holds and bool(tax)), "sums_fail": float(not holds)}


def _lead(choice: Choice[Any]) -> dict[str, float]:
    """How far ahead the chosen value is, and its own features."""
    assert choice.chosen is not None
    top = choice.chosen
    rivals = {str(entry.value): entry.score for entry in reversed(choice.ranked) if entry.value != top.value}
    lead = top.score - max(rivals.values()) if rivals else _MAX_LEAD
    features = {
        "lead": max(-_MAX_LEAD, min(lead, _MAX_LEAD)),
        "score": max(-_MAX_SCORE, min(top.score, _MAX_SCORE)),
        "small_lead": float(lead < 0.5),
        "alone": float(not rivals),
        "rivals": math.log1p(len(rivals)),
        "places": math.log1p(sum(entry.value == top.value for entry in choice.ranked) - 1),
        "corrected_value": float(top.candidate.correction is not None),
        "letters": min(len(top.candidate.span.text), 60) / 60,
    }
    own = top.candidate.features
    return features | {f"c_{name}": max(-3.0, min(held, 3.0)) for name, held in own.items()}


def _ocr(choice: Choice[Any], words: Sequence[Word]) -> dict[str, float]:
    """The engine's confidence in the words of the value; 1 where it gives none."""
    assert choice.chosen is not None
    indices = choice.chosen.candidate.span.words
    confidences = [words[index].confidence for index in indices if words[index].confidence is not None]
    known = [confidence for confidence in confidences if confidence is not None] or [1.0]
    return {"ocr_mean": sum(known) / len(known), "ocr_lowest": min(known)}


def _amount(choice: Choice[Any], reading: Reading) -> dict[str, float]:
    """How an amount is printed, and whether it may be another power of ten."""
    assert choice.chosen is not None
    value, text = choice.chosen.value, choice.chosen.candidate.span.text
    scaled = {abs(value) * 1000, abs(value) / 1000, abs(value) * 100, abs(value) / 100} if value else set()
    either = any(
        abs(entry.value) in scaled and set(entry.candidate.span.words) & set(choice.chosen.candidate.span.words)
        for entry in choice.ranked
    )
    money = [number for number in reading.numbers if number.is_money]
    return {
        "cents": float(bool(_CENTS.search(text))),
        "one_group": float(bool(_ONE_GROUP.search(text)) and not _CENTS.search(text)),
        "spaced": float(bool(_SPACED.search(text))),
        "either_scale": float(either),
        "sign_differs": float(any(entry.value == -value for entry in choice.ranked) and value != 0),
        "page_cents": sum(number.decimals == 2 for number in money) / max(len(money), 1),
        "page_amounts": math.log1p(len(money)),
        "below_one": float(abs(value) < 1),
    }
