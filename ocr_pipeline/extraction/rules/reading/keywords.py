"""Finds keyword phrases in rows, tolerating OCR slips and lost spaces."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.reading.layout import Cell, Layout, Row
from ocr_pipeline.extraction.rules.text import key, letters_in

_MAX_PHRASE_WORDS = 5
"""Words in the longest phrase that is looked up."""
_MIN_FUZZY_LETTERS = 5
"""Letters. Shorter words must match exactly: too many differ in one letter."""
_TWO_SLIPS = 11
"""Letters from which two slips are tolerated instead of one."""
_GLUED = 9
"""Letters from which a word may be several words whose spaces were lost."""
_GLUED_SCORE = 0.8
_LANGUAGE_SHARE = 0.45
"""A document uses a language if its phrases weigh at least this share of the first language's."""


@dataclass(frozen=True)
class Hit:
    """A phrase found in a row: words `first` to `last` (positions in `Row.words`) stand for `classes`.

    `score` is 1 for an exact phrase and lower for a fuzzy one.
    """

    classes: frozenset[str]
    row: int
    first: int
    last: int
    x0: float
    x1: float
    score: float


@dataclass(frozen=True)
class Keywords:
    """All keyword hits of a document, by row, and their languages, the most likely first."""

    by_row: Mapping[int, tuple[Hit, ...]]
    languages: tuple[str, ...]

    def in_row(self, row: int) -> tuple[Hit, ...]:
        return self.by_row.get(row, ())

    def classes(self, row: int) -> frozenset[str]:
        """All keyword classes that a row mentions."""
        return frozenset().union(*(hit.classes for hit in self.in_row(row)))


@dataclass(frozen=True)
class _Match:
    """A phrase of the lexicon, matched in the words `first` to `last` of a row."""

    phrase: str
    first: int
    last: int
    score: float

    def collides(self, other: "_Match") -> bool:
        """Whether two matches use the same words. Parts of one glued word do not collide."""
        same_word = self.first == self.last == other.first == other.last
        return not same_word and self.first <= other.last and other.first <= self.last


def find(layout: Layout) -> Keywords:
    """Look up every run of words in every row, then drop the languages that the document does not use."""
    matches = [(row, match) for row in layout.rows for match in _matches(row)]
    languages = _languages(match.phrase for _, match in matches)
    by_row: dict[int, list[Hit]] = defaultdict(list)
    for row, match in matches:
        meanings = lexicon.load().phrases[match.phrase]
        classes = frozenset().union(*(meanings[language] for language in languages if language in meanings))
        if classes:
            x0, x1 = row.words[match.first].x0, row.words[match.last].x1
            by_row[row.index].append(Hit(classes, row.index, match.first, match.last, x0, x1, match.score))
    return Keywords({row: tuple(hits) for row, hits in by_row.items()}, languages)


def _matches(row: Row) -> list[_Match]:
    """Matches of one row; longer and surer phrases take precedence, so that `sub total` is not also `total`."""
    matches: list[_Match] = []
    start = 0
    for cell in row.cells:
        matches += _matches_in_cell(cell, start)
        start += len(cell.words)
    matches.sort(key=lambda match: (-len(match.phrase) * match.score**2, match.first))
    kept: list[_Match] = []
    for match in matches:
        if not any(match.collides(other) for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match.first)


def _matches_in_cell(cell: Cell, start: int) -> Iterator[_Match]:
    keys = [_word_key(word.text) for word in cell.words]
    for first in range(len(keys)):
        if not keys[first]:
            continue
        for last in range(first, min(first + _MAX_PHRASE_WORDS, len(keys))):
            if keys[last] is None:
                break  # no phrase runs across a number
            if keys[last]:
                phrase = "".join(part for part in keys[first : last + 1] if part)
                for known, score in _lookup(phrase) or (_glued(phrase) if first == last else ()):
                    yield _Match(known, start + first, start + last, score)


@lru_cache(maxsize=65536)
def _word_key(word: str) -> str | None:
    """The letters of a word; "" for a mark, None for a number, so that `8.00` never counts as a word."""
    letters, digits = letters_in(word), sum(c.isdigit() for c in word)
    if letters and letters >= digits:
        return key(word)
    return None if digits or letters else ""


@lru_cache(maxsize=65536)
def _lookup(phrase: str) -> tuple[tuple[str, float], ...]:
    """The known phrase for the letters with its score: exact, else the nearest with one or two slips."""
    known = lexicon.load()
    if phrase in known.phrases:
        return ((phrase, 1.0),)
    if len(phrase) < _MIN_FUZZY_LETTERS or phrase in known.trade_words:
        return ()
    slips = 1 if len(phrase) < _TWO_SLIPS else 2
    nearest = process.extractOne(phrase, _similar(phrase, slips), scorer=Levenshtein.distance, score_cutoff=slips)
    return ((nearest[0], 1 - nearest[1] / len(phrase)),) if nearest else ()


def _similar(phrase: str, slips: int) -> list[str]:
    """Phrases of about the same length that begin or end with the same letter: one slip cannot change both ends."""
    spread = slips if len(phrase) > _MIN_FUZZY_LETTERS else 0
    index = _by_ends()
    similar: list[str] = []
    for length in range(len(phrase) - spread, len(phrase) + spread + 1):
        similar += index.get((length, phrase[0], ""), ())
        similar += index.get((length, "", phrase[-1]), ())
    return similar


@cache
def _by_ends() -> Mapping[tuple[int, str, str], list[str]]:
    """Longer phrases by length and first letter, and by length and last letter."""
    index: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for phrase in lexicon.load().phrases:
        if len(phrase) >= _MIN_FUZZY_LETTERS:
            index[len(phrase), phrase[0], ""].append(phrase)
            index[len(phrase), "", phrase[-1]].append(phrase)
    return dict(index)


@lru_cache(maxsize=65536)
def _glued(word: str) -> tuple[tuple[str, float], ...]:
    """Phrases that together cover most of a word whose spaces were lost: `TotalSalesInclusiveGST`."""
    if len(word) < _GLUED:
        return ()
    parts: list[tuple[str, float]] = []
    rest = word
    for part in _longest_first():
        if part in rest:
            parts.append((part, _GLUED_SCORE))
            rest = rest.replace(part, " ", 1)
    covered = sum(len(part) for part, _ in parts) / len(word)
    return tuple(parts) if covered >= (0.7 if len(parts) > 1 else 0.9) else ()


@cache
def _longest_first() -> list[str]:
    return sorted((phrase for phrase in lexicon.load().phrases if len(phrase) >= 4), key=len, reverse=True)


def _languages(phrases: Iterable[str]) -> tuple[str, ...]:
    """The languages of the distinct phrases; a phrase of several languages counts for each in part.

    English and Malay stand beside each other on Malaysian receipts, so each brings the other.
    """
    weights: dict[str, float] = defaultdict(float)
    for phrase in sorted(set(phrases)):
        meanings = lexicon.load().phrases[phrase]
        for language in meanings:
            weights[language] += len(phrase) / len(meanings)
    if not weights:
        return lexicon.LANGUAGES
    most = max(weights.values())
    spoken = [language for language, weight in weights.items() if weight >= _LANGUAGE_SHARE * most]
    spoken.sort(key=lambda language: -weights[language])
    if len({"en", "ms"} & set(spoken)) == 1:
        spoken.append("ms" if "en" in spoken else "en")
    return tuple(spoken)
