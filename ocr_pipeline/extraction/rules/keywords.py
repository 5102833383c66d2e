"""Finds keyword phrases in rows, tolerating OCR slips and lost spaces."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.layout import Layout, Row
from ocr_pipeline.extraction.rules.text import key

_LONGEST_PHRASE = 5
"""Words in the longest phrase that is looked up."""
_GLUED = 9
"""A word of at least so many letters may be several words whose spaces were lost."""


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
    """All keyword hits of a document, by row, and the languages that they speak."""

    by_row: Mapping[int, tuple[Hit, ...]]
    languages: tuple[str, ...]
    """Languages of the document, the most likely first."""

    def in_row(self, row: int) -> tuple[Hit, ...]:
        return self.by_row.get(row, ())

    def classes(self, row: int) -> frozenset[str]:
        """All keyword classes that a row mentions."""
        return frozenset().union(*(hit.classes for hit in self.in_row(row)))


def find(layout: Layout) -> Keywords:
    """Look up every run of words in every row, then drop the languages that the document does not speak."""
    found = [(row.index, match) for row in layout.rows for match in _matches(row)]
    languages = _languages(match.phrase for _, match in found)
    by_row: dict[int, list[Hit]] = defaultdict(list)
    for row_index, match in found:
        meanings = lexicon.load().phrases[match.phrase]
        classes = frozenset().union(*(meanings[language] for language in languages if language in meanings))
        if classes:
            words = layout.rows[row_index].words
            hit = Hit(
                classes, row_index, match.first, match.last, words[match.first].x0, words[match.last].x1, match.score
            )
            by_row[row_index].append(hit)
    return Keywords({row: tuple(hits) for row, hits in by_row.items()}, languages)


@dataclass(frozen=True)
class _Match:
    phrase: str
    first: int
    last: int
    score: float


def _matches(row: Row) -> list[_Match]:
    """Non-overlapping matches of one row, longer phrases first, so that `sub total` is not also `total`."""
    matches: list[_Match] = []
    start = 0
    for cell in row.cells:
        keys = [_word_key(word.text) for word in cell.words]
        for first in range(len(keys)):
            for last in range(first, min(first + _LONGEST_PHRASE, len(keys))):
                if keys[first] and keys[last]:
                    known = _lookup("".join(keys[first : last + 1])) or (_glued(keys[first]) if first == last else ())
                    matches.extend(_Match(p, start + first, start + last, s) for p, s in known)
        start += len(keys)
    matches.sort(key=lambda match: (-len(match.phrase) * match.score**2, match.first))
    kept: list[_Match] = []
    for match in matches:
        if all(
            match.last < other.first
            or match.first > other.last
            or (match.first == other.first == match.last == other.last)
            for other in kept
        ):
            kept.append(match)
    return sorted(kept, key=lambda match: match.first)


@lru_cache(maxsize=65536)
def _word_key(word: str) -> str:
    """The letters of a word, or nothing for a number, so that `8.00` never reads as a word."""
    letters = sum(c.isalpha() for c in word)
    digits = sum(c.isdigit() for c in word)
    return key(word) if letters and letters >= digits else ""


@lru_cache(maxsize=65536)
def _lookup(phrase: str) -> tuple[tuple[str, float], ...]:
    """Known phrases that the letters may stand for, with scores: exact, else fuzzy, else parts of a glued word."""
    phrases = lexicon.load().phrases
    if phrase in phrases:
        return ((phrase, 1.0),)
    is_common = phrase in lexicon.load().trade_words
    allowed = 0 if len(phrase) < 5 or is_common else 1 if len(phrase) < 11 else 2
    best: tuple[str, float] | None = None
    for length in range(len(phrase) - allowed, len(phrase) + allowed + 1):
        bucket = _by_length().get(length)
        if bucket and allowed:
            found = process.extractOne(phrase, bucket, scorer=Levenshtein.distance, score_cutoff=allowed)
            if found and (best is None or 1 - found[1] / len(phrase) > best[1]):
                best = (found[0], 1 - found[1] / len(phrase))
    if best:
        return (best,)
    return ()


@lru_cache(maxsize=65536)
def _glued(phrase: str) -> tuple[tuple[str, float], ...]:
    """Phrases that together cover most of a word whose spaces were lost."""
    if len(phrase) < _GLUED:
        return ()
    found: list[tuple[str, float]] = []
    rest = phrase
    for part in _longest_first():
        if part in rest:
            found.append((part, 0.8))
            rest = rest.replace(part, " ", 1)
    covered = sum(len(part) for part, _ in found)
    return tuple(found) if covered >= 0.7 * len(phrase) else ()


@cache
def _by_length() -> dict[int, list[str]]:
    buckets: dict[int, list[str]] = defaultdict(list)
    for phrase in lexicon.load().phrases:
        if len(phrase) >= 5:
            buckets[len(phrase)].append(phrase)
    return buckets


@cache
def _longest_first() -> list[str]:
    return sorted((phrase for phrase in lexicon.load().phrases if len(phrase) >= 3), key=len, reverse=True)


def _languages(phrases: Iterable[str]) -> tuple[str, ...]:
    """Languages by how many distinct phrases speak them; those far behind the first are dropped.

    English and Malay stand beside each other on Malaysian receipts, so each brings the other.
    """
    counts: Counter[str] = Counter()
    for phrase in set(phrases):
        meanings = lexicon.load().phrases[phrase]
        for language in meanings:
            counts[language] += len(phrase) / len(meanings)  # type: ignore[assignment]
    if not counts:
        return lexicon.LANGUAGES
    (_, top), *_ = counts.most_common(1)
    languages = [language for language, count in counts.most_common() if count >= 0.45 * top]
    for one, other in (("en", "ms"), ("ms", "en")):
        if one in languages and other not in languages:
            languages.append(other)
    return tuple(languages)
