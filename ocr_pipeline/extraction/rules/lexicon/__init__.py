"""The vocabulary of the rules, loaded once from the YAML files of this folder.

Belongs here: words per language and country. Does not belong here: logic that uses them (`reading`, `fields`).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ocr_pipeline.extraction.rules.lexicon import clues
from ocr_pipeline.extraction.rules.text import key, plain

BASE_LANGUAGES = ("en", "ms", "de", "fr", "es", "it")
"""Languages that are assumed for a document that shows none."""
LANGUAGES = (
    *BASE_LANGUAGES,
    "nl", "pt", "pl", "tr", "cs", "sk", "sv", "da", "nb", "fi", "ro", "hu", "el", "bg", "uk", "ru", "ja", "ko", "zh", "th",
    "id", "vi", "hi", "ar", "hr", "sl", "et", "lv", "lt",
)  # fmt: skip
"""All languages with a table. The words of a further one count only in documents that show it (`reading.keywords`)."""
_REGIONS = "regions"
_LEGAL_FORMS = "legal_forms"
_PARTIES = "parties"
_ADDRESS_WORDS = "address_words"
_GLUED_SCRIPT = re.compile("[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]")
"""Thai, Japanese, Chinese and Korean letters."""


@dataclass(frozen=True)
class Region:
    """What the documents of a country have in common."""

    code: str
    """ISO 3166-1 alpha-2."""
    currency: str
    other_currencies: tuple[str, ...]
    month_first: float
    """The share of numeric dates with the year last that have the month first."""
    cash_step: Decimal | None
    """The smallest coin that totals are rounded to."""
    tax_rates: frozenset[Decimal]
    """In percent."""
    languages: tuple[str, ...]
    """ISO 639, the official ones."""
    phone: str | None
    """The calling code, without `+`."""

    @property
    def day_first(self) -> bool:
        return self.month_first < 0.5


@dataclass(frozen=True)
class Lexicon:
    """Keyword phrases and word lists of all languages. All phrases are folded with `text.key`."""

    phrases: Mapping[str, Mapping[str, frozenset[str]]]
    """Phrase -> language -> keyword classes."""
    months: Mapping[str, int]
    """Month names and their first three letters, folded with `text.plain`."""
    legal_forms: frozenset[str]
    legal_words: frozenset[str]
    """The words of two letters and more that legal forms are made of."""
    legal_prefixes: frozenset[str]
    """Legal forms that stand before a name: `PT`, `UAB`."""
    glued_forms: tuple[str, ...]
    """Legal forms of scripts without spaces between words, as printed."""
    trade_words: Mapping[str, str]
    """Folded trade word -> how it is written."""
    short_labels: Mapping[str, frozenset[str]]
    """`seller` or `buyer` -> labels that count only alone in a cell or before a colon, folded with `text.plain`."""
    suffix_labels: tuple[str, ...]
    """Labels behind the name of a receiver, as printed: `御中`."""
    salutations: frozenset[str]
    """Forms of address, folded with `text.plain`."""
    speech_words: frozenset[str]
    """Words that make a sentence, folded with `text.plain`; a name has none."""
    regions: Mapping[str, Region]
    """By country."""
    currency_signs: Mapping[str, tuple[str, ...]]
    """Sign or code, upper case -> currencies that print it."""


def _read(name: str) -> bytes:
    return files(__package__).joinpath(f"{name}.yaml").read_bytes()


@cache
def digest() -> str:
    """SHA-256 of the data files: a changed word can change a result."""
    content = (
        *(_read(name) for name in (*LANGUAGES, _REGIONS, _LEGAL_FORMS, _PARTIES, _ADDRESS_WORDS)),
        clues.read_all(),
    )
    return hashlib.sha256(b"\0".join(content)).hexdigest()


@cache
def load() -> Lexicon:
    """Read the data files; later calls give the same object."""
    phrases: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    months: dict[str, int] = {}
    legal_forms: list[str] = []
    trade_words: dict[str, str] = {}
    for language in LANGUAGES:
        data = _parse(language)
        for keyword_class, spellings in data["keywords"].items():
            for spelling in filter(key, spellings):
                phrases[key(spelling)][language].add(keyword_class)
        for number, month in enumerate(data.get("months", ()), start=1):
            months[plain(month)] = months[plain(month)[:3]] = number
        legal_forms += data.get("legal_forms", ())
        trade_words |= {key(word): word for word in data.get("trade_words", ())}
    regions, forms, parties = _parse(_REGIONS), _parse(_LEGAL_FORMS), _parse(_PARTIES)
    legal_forms += [form for of_country in forms["forms"].values() for form in of_country]
    return Lexicon(
        phrases={phrase: {lang: frozenset(of) for lang, of in known.items()} for phrase, known in phrases.items()},
        months=months,
        legal_forms=frozenset(map(key, legal_forms)),
        legal_words=frozenset(word for form in legal_forms for word in map(key, form.split()) if len(word) > 1),
        legal_prefixes=frozenset(map(key, forms["prefixes"])),
        glued_forms=tuple(form for form in (*legal_forms, *forms["prefixes"]) if _GLUED_SCRIPT.search(form)),
        trade_words=trade_words,
        short_labels={role: frozenset(map(plain, words)) for role, words in parties["short_labels"].items()},
        suffix_labels=tuple(parties["suffix_labels"]),
        salutations=frozenset(map(plain, parties["salutations"])),
        speech_words=frozenset(map(plain, parties["speech_words"])),
        regions={code: _region(code, entry) for code, entry in regions["regions"].items()},
        currency_signs={sign: tuple(codes) for sign, codes in regions["currency_signs"].items()}
        | {code: (code,) for code in regions["currency_codes"]},
    )


@cache
def address_words() -> Mapping[str, str]:
    """Country -> words of its addresses, with commas between them."""
    words: Mapping[str, str] = _parse(_ADDRESS_WORDS)
    return words


def _parse(name: str) -> Any:
    # All scalars stay text: plain YAML reads the word `no` as false.
    return yaml.load(_read(name), Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - builds nothing but text, lists and mappings


def _region(code: str, entry: Any) -> Region:
    return Region(
        code=code,
        currency=entry["currency"],
        other_currencies=tuple(entry.get("also", ())),
        month_first=float(entry["month_first"]),
        cash_step=Decimal(entry["cash_step"]) if "cash_step" in entry else None,
        tax_rates=frozenset(map(Decimal, entry["tax_rates"])),
        languages=tuple(entry["languages"]),
        phone=entry.get("phone"),
    )
