"""What the language and the script of a document say about its country."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.lexicon import clues
from ocr_pipeline.extraction.rules.lexicon.clues import Weights, token
from ocr_pipeline.extraction.rules.reading.layout import Layout

_ENGLISH = 0.8
"""English is written everywhere."""
_ENGLISH_TOO = ("MY", "AE", "QA", "LK", "BD", "TH")
"""Countries whose documents are often in English, though it is no official language."""
_LANGUAGE = 3.0
"""The weight of a language with all frequent words of the document."""
_ENOUGH_WORDS = 2.5
_MIN_LANGUAGE = 0.1
_SCRIPTS: tuple[tuple[re.Pattern[str], Weights], ...] = tuple(
    (re.compile(shape), weights)
    for shape, weights in (
        ("[\u0e00-\u0e7f]", {"TH": 5.0}),
        ("[\uac00-\ud7a3]", {"KR": 5.0}),
        ("[\u3040-\u30ff]", {"JP": 5.0}),
        ("[\u4e00-\u9fff]", {"CN": 2.5, "TW": 2.5, "HK": 2.5, "JP": 1.5, "MO": 1.5, "SG": 0.5}),
        ("[\u0900-\u097f]", {"IN": 3.0, "NP": 3.0}),
        ("[\u0980-\u09ff]", {"BD": 3.0, "IN": 1.5}),
        ("[\u0b80-\u0bff]", {"IN": 2.5, "LK": 2.0, "SG": 0.5}),
        ("[\u0590-\u05ff]", {"IL": 5.0}),
        ("[\u10a0-\u10ff]", {"GE": 5.0}),
        ("[\u0530-\u058f]", {"AM": 5.0}),
        ("[\u0370-\u03ff]{3}", {"GR": 3.5, "CY": 3.0}),
        (
            "[\u0600-\u06ff]{2}",
            dict.fromkeys(["AE", "SA", "EG", "KW", "QA", "BH", "OM", "JO", "LB", "IQ", "MA", "DZ", "TN", "LY"], 2.0),
        ),
        ("[іїєґ]", {"UA": 2.5}),
        ("[ыэ]", {"RU": 2.0, "BY": 1.5, "KZ": 1.5, "KG": 1.0}),
        ("[а-яё]{3}", {"RU": 2.0, "UA": 2.0, "BG": 2.0, "RS": 1.0, "BY": 2.0, "KZ": 1.5, "MK": 1.5}),
        ("[\u01a1\u01b0\u0111\u1ea0-\u1ef9]", {"VN": 2.5}),
        ("[őű]", {"HU": 2.0}),
        ("[řů]", {"CZ": 2.0}),
        ("[ğşı]", {"TR": 2.0}),
        ("[ąęłżź]", {"PL": 2.0, "LT": 0.25}),
        ("[țșă]", {"RO": 2.0, "MD": 1.5}),
        ("[āīūņļķģ]", {"LV": 2.5}),
        ("[ėįų]", {"LT": 2.5}),
    )
)


def spoken(layout: Layout) -> Iterator[tuple[str, Weights]]:
    """The first language of a document, and what all its languages say about countries.

    The share of a language is that of its frequent words; a word of several languages counts for each in part.
    """
    known = clues.load().languages
    said = {token(word.text) for row in layout.rows for word in row.words} & known.keys()
    weights: dict[str, float] = defaultdict(float)
    for word in sorted(said):
        for language in known[word]:
            weights[language] += 1 / len(known[word])
    total = sum(weights.values())
    if not total:
        return
    of_country: dict[str, float] = defaultdict(float)
    for language, weight in weights.items():
        most = _ENGLISH if language == "en" else _LANGUAGE
        score = most * weight * min(weight, _ENOUGH_WORDS) / (total * _ENOUGH_WORDS)
        if score > _MIN_LANGUAGE:
            for country in _countries_speaking().get(language, ()):
                of_country[country] += score
    yield max(weights, key=lambda language: weights[language]), dict(of_country)


@cache
def _countries_speaking() -> Mapping[str, tuple[str, ...]]:
    speaking: dict[str, list[str]] = defaultdict(list)
    for region in lexicon.load().regions.values():
        spoken = {"nb" if language in ("no", "nn") else language for language in region.languages}
        for language in sorted(spoken | ({"en"} if region.code in _ENGLISH_TOO else set())):
            speaking[language].append(region.code)
    return {language: tuple(countries) for language, countries in speaking.items()}


def scripts(layout: Layout) -> Iterator[tuple[str, Weights]]:
    """Letters that only some languages have, with what they say about countries."""
    text = "\n".join(row.text for row in layout.rows).casefold()
    if text.isascii():
        return
    for shape, weights in _SCRIPTS:
        found = shape.findall(text)
        if len(found) > 1:
            yield "".join(found[:3]), weights
