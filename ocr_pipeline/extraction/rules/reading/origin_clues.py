"""Finds what speaks for a country: phrases, numbers, addresses, scripts and languages, apart for the seller and the buyer."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.lexicon import clues
from ocr_pipeline.extraction.rules.lexicon.clues import Phrase, Weights, token
from ocr_pipeline.extraction.rules.reading import languages
from ocr_pipeline.extraction.rules.reading.currency_signs import CurrencySign
from ocr_pipeline.extraction.rules.reading.layout import Layout, Row

_SHORT_FORM, _SHORT_WORD = 2, 3
"""Letters. Legal forms and words that are not longer are often something else."""
_NO_SPACES = "\u0e00"
_PHONE = re.compile(r"(?:(?<![\d.,])\+|\b00(?=[1-9]))\s?(?P<number>[1-9][\d\s().\-/]{7,})")
_NORTH_AMERICAN = re.compile(r"\(\d{3}\)\s?\d{3}-\d{4}\b|(?<![\d-])[2-9]\d{2}-\d{3}-\d{4}(?![\d-])")
_DOMAIN = re.compile(
    r"(?:(?P<sure>@|www\.|//)[\w.-]*?)?[a-z0-9][a-z0-9-]{2,}\.(?:(?:com?|net|org|gov|ac|edu)\.)?(?P<top>[a-z]{2})\b(?!\.\w)"
)
_TOP_LEVEL = {"uk": "GB"}
_NO_COUNTRY = frozenset(
    {"eu", "io", "ai", "me", "tv", "cc", "fm", "ly", "la", "ws", "to", "gg", "sh", "ac", "co", "nu"}
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,4})?\b")
_PREFIXED_ID = re.compile(r"\b(?:[A-Z]{2}U?|CHE)[ -]?\d(?:[ .-]?[\dA-Z]){6,12}\b")
_ADDRESS = re.compile(r"\d{3}|[A-Z]\d")
_PREFIXED_WEIGHT, _UNCHECKED_WEIGHT = 4.0, 2.0
_CURRENCY = {True: 4.0, False: 2.0}
"""A code or sign of one currency; one of several."""
_WEAK = 0.3


@dataclass(frozen=True)
class Clue:
    """Something on the page that speaks for countries. `kind` says what, `text` is as printed (or folded, for phrases).

    `buyer`: it stands in the buyer's block. `words`: indices into `OcrText.words()`.
    """

    kind: str
    text: str
    weights: Weights
    words: tuple[int, ...]
    buyer: bool = False


def find(layout: Layout, signs: Sequence[CurrencySign], buyer: frozenset[int], goods: frozenset[int]) -> list[Clue]:
    """All clues of a document. `buyer`: words of the buyer's block; `goods`: rows with amounts, whose names are of goods."""
    found = []
    for row in layout.rows:
        for clue in _in_row(row, sells=row.index in goods):
            in_block = bool(clue.words) and not buyer.isdisjoint(clue.words)
            found.append(Clue(clue.kind, clue.text, clue.weights, clue.words, in_block))
    written = [
        *(Clue("language", first, weights, ()) for first, weights in languages.spoken(layout)),
        *(Clue("script", letters, weights, ()) for letters, weights in languages.scripts(layout)),
    ]
    return [*found, *_currencies(signs), *written]


def _in_row(row: Row, *, sells: bool) -> Iterator[Clue]:
    yield from _phrases(row, sells=sells)
    text = row.text
    if not any(map(str.isdigit, text)):
        yield from _domains(row)
        return
    for shape, kind in ((_PHONE, "phone"), (_IBAN, "iban"), (_PREFIXED_ID, "tax id")):
        for match in shape.finditer(text):
            weights = _WEIGH[kind](match.group())
            if weights:
                yield _clue(row, kind, match, weights)
    if _NORTH_AMERICAN.search(text):
        yield Clue("phone", text, {"US": 1.25, "CA": 1.0}, row.span.words[:1])
    yield from _domains(row)
    if not sells and _ADDRESS.search(text):
        for shape, weights in clues.load().postcodes:
            found = shape.search(text)
            if found is not None:
                yield _clue(row, "postcode", found, weights)
    for word in row.words:
        weights = _number(word.text.strip(":.,;()"))
        if weights:
            yield Clue("tax id", word.text, weights, word.words)


def _clue(row: Row, kind: str, match: re.Match[str], weights: Weights) -> Clue:
    """A clue with the words of a row that it covers."""
    at = 0
    covered: list[int] = []
    for word in row.words:
        if at < match.end() and at + len(word.text) > match.start():
            covered += word.words
        at += len(word.text) + 1
    return Clue(kind, match.group().strip(), weights, tuple(covered))


# ---- phrases ---------------------------------------------------------------------------------------------------------


def _phrases(row: Row, *, sells: bool) -> Iterator[Clue]:
    known = clues.load()
    tokens = [token(word.text) for word in row.words]
    position = 0
    while position < len(tokens):
        for phrase in known.phrases.get(tokens[position], ()):
            end = position + len(phrase.words)
            if tuple(tokens[position:end]) == phrase.words and _holds(row, tokens, position, phrase, sells=sells):
                words = tuple(index for word in row.words[position:end] for index in word.words)
                yield Clue(phrase.kind, " ".join(phrase.words), phrase.weights, words)
                position = end - 1
                break
        position += 1
    if row.text[-1:] >= _NO_SPACES or any(character >= _NO_SPACES for character in row.text):
        for text, kind, weights in known.unspaced:
            if text in row.text:
                yield Clue(kind, text, weights, row.span.words)


def _holds(row: Row, tokens: Sequence[str], position: int, phrase: Phrase, *, sells: bool) -> bool:
    """Whether a phrase means what it usually means, by its writing and its neighbours."""
    words, end = row.words, position + len(phrase.words)
    text = words[position].text
    letters = sum(map(len, phrase.words))
    match phrase.kind:
        case "place" | "country":
            return not sells and text[:1].isupper()
        case "form before":
            first = position == 0 or words[position].x0 - words[position - 1].x1 > words[position].height
            return first and text.rstrip(".").isupper() and end < len(words) and words[end].text[:1].isupper()
        case "legal form":
            return _is_legal_form(row, position, end, letters)
        case "word" if letters <= _SHORT_WORD:
            after = "".join(word.text for word in words[end : end + 2])
            return text.strip(".:,").isupper() and any(map(str.isdigit, after))
    return True


def _is_legal_form(row: Row, position: int, end: int, letters: int) -> bool:
    """Whether a legal form follows a name and is written like one; `AS`, `AG` and the like end their cell."""
    words, text = row.words, row.words[position].text
    if position == 0 and letters <= 4:
        return False
    if letters > _SHORT_FORM + 1 or "." in text or "/" in text:
        return text[:1].isupper() or letters > 4 or "." in text
    if end < len(words) and words[end].x0 - words[end - 1].x1 <= 1.4 * words[end].height:
        ends = text.endswith((",", ")")) or not words[end].text[:1].isalnum()
    else:
        ends = True
    return ends and (text.strip(".,;:()").isupper() or text[:1].isupper())


# ---- numbers ---------------------------------------------------------------------------------------------------------


@cache
def _calling_codes() -> Mapping[str, tuple[str, ...]]:
    codes: dict[str, list[str]] = defaultdict(list)
    for region in lexicon.load().regions.values():
        if region.phone:
            codes[region.phone].append(region.code)
    return {phone: tuple(countries) for phone, countries in codes.items()}


@lru_cache(maxsize=4096)
def _phone(text: str) -> Weights:
    digits = "".join(filter(str.isdigit, text)).removeprefix("00")
    if not 8 <= len(digits) <= 15:
        return {}
    countries = next((found for size in (3, 2, 1) if (found := _calling_codes().get(digits[:size]))), ())
    return {code: 3.0 if len(countries) == 1 else 2.0 for code in countries}


@lru_cache(maxsize=4096)
def _iban(text: str) -> Weights:
    from stdnum import iban

    compact = text.replace(" ", "")
    for end in range(len(compact), 14, -1):  # the next word of the row may have been taken for a part
        if iban.is_valid(compact[:end], check_country=False):
            return {compact[:2]: 3.5}
    return {}


@lru_cache(maxsize=4096)
def _prefixed_id(text: str) -> Weights:
    from ocr_pipeline.values.tax_ids import recognise

    weights: dict[str, float] = {}
    for tax_id in recognise(text):
        if tax_id.prefixed:
            country = "GB" if tax_id.country == "XI" else tax_id.country
            weights[country] = _PREFIXED_WEIGHT if tax_id.checked else _UNCHECKED_WEIGHT
    return weights


_WEIGH = {"phone": _phone, "iban": _iban, "tax id": _prefixed_id}


@lru_cache(maxsize=16384)
def _number(text: str) -> Weights:
    """What a word says that has the printed shape of one country's numbers and the right check digits."""
    if not 8 <= len(text) <= 20 or not any(map(str.isdigit, text)):
        return {}
    for shape, module, weights in clues.load().numbers:
        if shape.fullmatch(text):
            if not module:
                return weights
            from importlib import import_module

            return weights if import_module(f"stdnum.{module}").is_valid(text.removeprefix("T")) else {}
    return {}


def _domains(row: Row) -> Iterator[Clue]:
    for word in row.words:
        if "." not in word.text:
            continue
        for match in _DOMAIN.finditer(word.text.casefold()):
            top = match["top"]
            code = _TOP_LEVEL.get(top, top.upper())
            if top not in _NO_COUNTRY and code in lexicon.load().regions:
                yield Clue("domain", word.text, {code: 3.0 if match["sure"] else 2.0}, word.words)


# ---- the whole document ----------------------------------------------------------------------------------------------


@cache
def _countries_using() -> Mapping[str, tuple[str, ...]]:
    using: dict[str, list[str]] = defaultdict(list)
    for region in lexicon.load().regions.values():
        for currency in (region.currency, *region.other_currencies):
            using[currency].append(region.code)
    return {currency: tuple(countries) for currency, countries in using.items()}


def _currencies(signs: Sequence[CurrencySign]) -> Iterator[Clue]:
    """A clue per distinct sign, for the countries whose currency it can be; dollars and euros are written elsewhere, too."""
    for sign in {sign.text.casefold(): sign for sign in reversed(signs)}.values():
        weight = _CURRENCY[len(sign.codes) == 1] * (1.0 if sign.beside_number else 0.8) * (_WEAK if sign.weak else 1.0)
        weights: dict[str, float] = {}
        for rank, code in enumerate(sign.codes):
            for country in _countries_using().get(code, ()):
                own = lexicon.load().regions[country].currency == code
                used_abroad = len(sign.codes) == 1 and code in ("USD", "EUR")
                share = (0.6 if used_abroad else 1.0) * (1.0 if own else 0.5) * (1.0 if rank == 0 else 0.85)
                weights[country] = max(weights.get(country, 0.0), weight * share)
        yield Clue("currency", sign.text, weights, sign.span.words)
