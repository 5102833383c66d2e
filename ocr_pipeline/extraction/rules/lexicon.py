"""The words that the rules know, read once from the YAML files of this package."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from ocr_pipeline.extraction.rules.text import key, plain

LANGUAGES = ("en", "ms", "de", "fr", "es", "it")


@dataclass(frozen=True)
class Region:
    """What the documents of a country have in common."""

    code: str
    currency: str
    day_first: bool
    cash_step: Decimal | None
    hints: frozenset[str]


@dataclass(frozen=True)
class Lexicon:
    """Keyword phrases and word lists of all languages. All phrases are folded with `text.key`."""

    phrases: Mapping[str, Mapping[str, frozenset[str]]]
    """Phrase -> language -> keyword classes."""
    months: Mapping[str, int]
    """Month names and their three-letter forms, folded with `text.plain`."""
    legal_forms: frozenset[str]
    trade_words: frozenset[str]
    spellings: Mapping[str, str]
    """Folded trade word -> how it is written."""
    regions: tuple[Region, ...]
    currency_signs: Mapping[str, tuple[str, ...]]
    """Sign -> currencies that print it, upper case."""


def _data_files() -> list[Traversable]:
    folder = files(__package__).joinpath("lexicon")
    return [folder.joinpath(f"{name}.yaml") for name in (*LANGUAGES, "regions")]


@cache
def digest() -> str:
    """SHA-256 of the data files: a changed word can change a result."""
    sha = hashlib.sha256()
    for file in _data_files():
        sha.update(file.read_bytes())
    return sha.hexdigest()


@cache
def load() -> Lexicon:
    """Read the YAML files. The first call takes a few milliseconds, the others nothing."""
    phrases: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    months: dict[str, int] = {}
    legal_forms: set[str] = set()
    spellings: dict[str, str] = {}
    *language_files, region_file = _data_files()
    for language, file in zip(LANGUAGES, language_files, strict=True):
        data = yaml.load(file.read_bytes(), Loader=_Loader)
        for keyword_class, listed in data["keywords"].items():
            for phrase in listed:
                phrases[key(str(phrase))][language].add(keyword_class)
        for number, month in enumerate(data["months"], start=1):
            months[plain(month)] = months[plain(month)[:3]] = number
        legal_forms |= {key(form) for form in data["legal_forms"]}
        spellings |= {key(word): word for word in data["trade_words"]}
    regions = yaml.load(region_file.read_bytes(), Loader=_Loader)
    return Lexicon(
        phrases={k: {lang: frozenset(c) for lang, c in v.items()} for k, v in phrases.items()},
        months=months,
        legal_forms=frozenset(legal_forms),
        trade_words=frozenset(spellings),
        spellings=spellings,
        regions=tuple(_region(code, entry) for code, entry in regions["regions"].items()),
        currency_signs={sign: tuple(codes) for sign, codes in regions["currency_signs"].items()}
        | {code: (code,) for code in regions["currency_codes"]},
    )


def _region(code: str, entry: dict[str, object]) -> Region:
    step, hints = entry["cash_step"], entry["hints"]
    assert isinstance(hints, list)
    return Region(
        code=code,
        currency=str(entry["currency"]),
        day_first=bool(entry["day_first"]),
        cash_step=Decimal(str(step)) if step is not None else None,
        hints=frozenset(key(str(hint)) for hint in hints),
    )


class _Loader(yaml.SafeLoader):
    """YAML without its surprise that the word `no` is a boolean."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(  # true and false stay booleans
    "tag:yaml.org,2002:bool", __import__("re").compile(r"^(?:true|false)$"), list("tf")
)
