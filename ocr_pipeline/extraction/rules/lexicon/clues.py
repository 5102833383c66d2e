"""What speaks for a country, as data: legal forms, tax names, towns, words of languages, postcodes, numbers, calling codes.

`origin.yaml` says what the weights mean and where they come from, `country_names.json` is made from CLDR.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from ocr_pipeline.extraction.rules.text import plain

Kind = Literal["legal form", "tax", "word", "place", "form before", "country"]
Weights = Mapping[str, float]
"""ISO 3166-1 alpha-2 code -> log-likelihood ratio."""

FILES = ("origin.yaml", "country_names.json", "tax_labels.yaml")
_COUNTRY_WEIGHT, _PLACE_WEIGHT = 2.75, 2.25
_EDGES = "·•● :,;.*#\"'’«»<>{}|-–_/\\!?&"
_KEPT_BRACKETS = frozenset({"(pty)", "(pvt)", "(haftungsbeschrankt)"})
_NO_SPACES = "\u0e00"
"""Thai, Korean, Japanese and Chinese, which write no spaces between words, come from here on."""


@dataclass(frozen=True)
class Phrase:
    """Words that speak for countries. `words`: tokens as `token` gives them."""

    words: tuple[str, ...]
    kind: Kind
    weights: Weights


@dataclass(frozen=True)
class Clues:
    """All data of this module."""

    priors: Weights
    phrases: Mapping[str, tuple[Phrase, ...]]
    """First token -> phrases that begin with it, the longest first."""
    unspaced: tuple[tuple[str, Kind, Weights], ...]
    """Phrases in scripts without spaces."""
    languages: Mapping[str, tuple[str, ...]]
    """Token -> languages that have it among their frequent words."""
    postcodes: tuple[tuple[re.Pattern[str], Weights], ...]
    numbers: tuple[tuple[re.Pattern[str], str, Weights], ...]
    """Shape, module of python-stdnum or "", weights."""


@lru_cache(maxsize=65536)
def token(word: str) -> str:
    """A word as phrases are compared: lower case without accents, dots and marks around it; `S.r.l.,` becomes `srl`."""
    folded = plain(word).strip(_EDGES)
    if folded in _KEPT_BRACKETS:
        return folded
    return folded.strip("()[]" + _EDGES).replace(".", "")


@cache
def load() -> Clues:
    """Read the data; later calls give the same object."""
    data = yaml.load(_read("origin.yaml"), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - only text
    found: list[Phrase] = []
    unspaced: list[tuple[str, Kind, Weights]] = []
    sections: dict[str, Kind] = {
        "legal_forms": "legal form", "taxes": "tax", "words": "word", "forms_before": "form before",
    }  # fmt: skip
    for section, kind in sections.items():
        for phrase, weights in data[section].items():
            _add(found, unspaced, phrase, kind, _weights(weights))
    for code, towns in data["places"].items():
        for town in towns.split(", "):
            weight = _COUNTRY_WEIGHT if " " in town else _PLACE_WEIGHT  # two words are seldom something else
            _add(found, unspaced, town, "place", {code: weight})
    names = [(code, names.split(", ")) for code, names in data["countries"].items()]
    for code, spellings in (*names, *json.loads(_read("country_names.json")).items()):
        for name in spellings:
            _add(found, unspaced, name, "country", {code: _COUNTRY_WEIGHT})
    languages: dict[str, list[str]] = defaultdict(list)
    for language, words in data["languages"].items():
        for word in dict.fromkeys(map(token, words.split())):
            languages[word].append(language)
    return Clues(
        priors=_weights(data["priors"].replace(",", " ")),
        phrases=_by_first_word(found),
        unspaced=tuple(unspaced),
        languages={word: tuple(spoken) for word, spoken in languages.items()},
        postcodes=tuple((re.compile(shape), _weights(weights)) for shape, weights in data["postcodes"]),
        numbers=tuple((re.compile(shape), module, _weights(weights)) for shape, module, weights in data["numbers"]),
    )


def read_all() -> bytes:
    """The content of the data files, for their hash."""
    return b"\0".join(map(_read, FILES))


def _read(name: str) -> bytes:
    return files(__package__).joinpath(name).read_bytes()


def _weights(text: str) -> dict[str, float]:
    """`DE 3 AT 2.5` as a mapping."""
    parts: list[Any] = text.split()
    return {code: float(weight) for code, weight in zip(parts[::2], parts[1::2], strict=True)}


def _add(
    found: list[Phrase], unspaced: list[tuple[str, Kind, Weights]], phrase: str, kind: Kind, weights: Weights
) -> None:
    if any(character >= _NO_SPACES for character in phrase):
        unspaced.append((phrase, kind, weights))
    elif words := tuple(filter(None, map(token, phrase.split()))):
        found.append(Phrase(words, kind, weights))


def _by_first_word(found: list[Phrase]) -> dict[str, tuple[Phrase, ...]]:
    by_word: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in found:
        by_word[phrase.words[0]].append(phrase)
    return {word: tuple(sorted(of, key=lambda phrase: -len(phrase.words))) for word, of in by_word.items()}
