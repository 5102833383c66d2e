"""Finds keyword phrases in rows, tolerating OCR slips and lost spaces."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.reading import shown_languages
from ocr_pipeline.extraction.rules.reading.layout import Cell, Layout, Row
from ocr_pipeline.extraction.rules.text import is_unspaced, key, letters_in

_MAX_PHRASE_WORDS = 5
"""Words in the longest phrase that is looked up."""
_MIN_FUZZY_LETTERS = 5
"""Letters. Shorter words must match exactly: too many differ in one letter."""
_TWO_SLIPS = 11
"""Letters from which two slips are tolerated instead of one."""
_GLUED = 9
"""Letters from which a word may be several words whose spaces were lost."""
_GLUED_SCORE = 0.8


_NONE: frozenset[str] = frozenset()
_PARTIES = frozenset({"buyer", "seller", "ship_to"})


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
        return self._classes.get(row, _NONE)

    @cached_property
    def _classes(self) -> Mapping[int, frozenset[str]]:
        return {row: frozenset().union(*(hit.classes for hit in hits)) for row, hits in self.by_row.items()}


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
    """Look up every run of words in every row, then drop the languages that the document does not use.

    Words of a further language (`lexicon.LANGUAGES` without the base ones) count only in documents that show it, and are
    matched with OCR slips only there.
    """
    base = lexicon.BASE_LANGUAGES
    found = [(row, list(_matches(row, base))) for row in layout.rows]
    admitted = shown_languages.admitted(match.phrase for _, matches in found for match in _resolved(matches))
    if admitted:
        found = [(row, list(_matches(row, base + admitted))) for row in layout.rows]
    kept, spoken = _kept(found, {*base, *admitted})
    if not set(admitted) <= set(spoken):
        kept, spoken = _kept(found, {*base, *(set(admitted) & set(spoken))})
    by_row: dict[int, list[Hit]] = defaultdict(list)
    for row, match in kept:
        meanings = _meanings(match)
        classes = frozenset().union(*(meanings[language] for language in spoken if language in meanings))
        if classes:
            x0, x1 = row.words[match.first].x0, row.words[match.last].x1
            by_row[row.index].append(Hit(classes, row.index, match.first, match.last, x0, x1, match.score))
    rows = {row.index: row for row in layout.rows}
    return Keywords({index: tuple(_in_two_languages(rows[index], hits)) for index, hits in by_row.items()}, spoken)


def _in_two_languages(row: Row, hits: list[Hit]) -> list[Hit]:
    """The hits of a row, a party's label in two languages as one: `Kupac / Bill to`, `Bill to / العميل`.

    A part that is no known phrase belongs to it before the slash, and behind it if it is in another script.
    """
    if not any("/" in word.text for word in row.words):
        return hits
    start = 0
    for cell in row.cells:
        end = start + len(cell.words)
        inside = [hit for hit in hits if start <= hit.first < end]
        whole = _whole_label(row, range(start, end), [hit for hit in inside if hit.classes & _PARTIES])
        if whole is not None:
            hits = sorted([*(hit for hit in hits if hit not in inside), whole], key=lambda hit: hit.first)
        start = end
    return hits


def _whole_label(row: Row, cell: range, parties: list[Hit]) -> Hit | None:
    """One hit for a party's label on both sides of the one slash in a cell."""
    slashes = [at for at in cell if row.words[at].text == "/"]
    if not parties or len(slashes) != 1 or len(cell) > 2 * _MAX_PHRASE_WORDS:
        return None
    known, behind = parties[-1], row.words[slashes[0] + 1 : cell.stop]
    foreign = not any(letter.isascii() and letter.isalpha() for word in behind for letter in word.text)
    if known.first < slashes[0] and not (behind and foreign):
        return None
    last = cell.stop - 1 if known.last < slashes[0] else known.last
    classes = frozenset().union(*(hit.classes for hit in parties))
    return Hit(classes, row.index, cell.start, last, row.words[cell.start].x0, row.words[last].x1, known.score)


def _kept(
    found: Iterable[tuple[Row, Iterable[_Match]]], usable: set[str]
) -> tuple[list[tuple[Row, _Match]], tuple[str, ...]]:
    """The matches of usable languages that do not collide, and the languages that they show."""
    kept = [
        (row, match)
        for row, matches in found
        for match in _resolved(match for match in matches if _meanings(match).keys() & usable)
    ]
    return kept, shown_languages.shown((match.phrase for _, match in kept), usable)


def _meanings(match: _Match) -> Mapping[str, frozenset[str]]:
    return lexicon.load().phrases[match.phrase]


def _matches(row: Row, languages: tuple[str, ...]) -> Iterator[_Match]:
    """All matches of one row; with slips only in the given languages."""
    start = 0
    for cell in row.cells:
        yield from _matches_in_cell(cell, start, languages)
        start += len(cell.words)


def _resolved(matches: Iterable[_Match]) -> list[_Match]:
    """Longer and surer phrases take precedence, so that `sub total` is not also `total`."""
    kept: list[_Match] = []
    for match in sorted(matches, key=lambda match: (-len(match.phrase) * match.score**2, match.first)):
        if not any(match.collides(other) for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match.first)


def _matches_in_cell(cell: Cell, start: int, languages: tuple[str, ...]) -> Iterator[_Match]:
    keys = [word_key(word.text) for word in cell.words]
    for first in range(len(keys)):
        if not keys[first]:
            continue
        for last in range(first, min(first + _MAX_PHRASE_WORDS, len(keys))):
            if keys[last] is None:
                break  # no phrase runs across a number
            if keys[last]:
                phrase = "".join(part for part in keys[first : last + 1] if part)
                known = _lookup(phrase, languages)
                for entry, score in known or (_parts(phrase, languages) if first == last else ()):
                    yield _Match(entry, start + first, start + last, score)


@lru_cache(maxsize=65536)
def word_key(word: str) -> str | None:
    """The letters of a word; "" for a mark, None for a number, so that `8.00` never counts as a word."""
    letters, digits = letters_in(word), sum(c.isdigit() for c in word)
    if letters and letters >= digits:
        return key(word)
    return None if digits or letters else ""


@lru_cache(maxsize=65536)
def _lookup(phrase: str, languages: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """The known phrase for the letters with its score: exact in any language, and unless that is one of `languages` also
    the nearest of theirs with one or two slips."""
    known = lexicon.load()
    exact = ((phrase, 1.0),) if phrase in known.phrases else ()
    if exact and not known.phrases[phrase].keys().isdisjoint(languages):
        return exact
    if len(phrase) < _MIN_FUZZY_LETTERS or phrase in known.trade_words:
        return exact
    slips = 1 if len(phrase) < _TWO_SLIPS else 2
    similar = _similar(phrase, slips, languages)
    nearest = process.extractOne(phrase, similar, scorer=Levenshtein.distance, score_cutoff=slips)
    return (*exact, (nearest[0], 1 - nearest[1] / len(phrase))) if nearest else exact


def _similar(phrase: str, slips: int, languages: tuple[str, ...]) -> list[str]:
    """Phrases of about the same length that begin or end with the same letter: one slip cannot change both ends."""
    spread = slips if len(phrase) > _MIN_FUZZY_LETTERS else 0
    index = _by_ends(languages)
    similar: list[str] = []
    for length in range(len(phrase) - spread, len(phrase) + spread + 1):
        similar += index.get((length, phrase[0], ""), ())
        similar += index.get((length, "", phrase[-1]), ())
    return similar


def _phrases_of(languages: tuple[str, ...]) -> Iterator[str]:
    return (phrase for phrase, known in lexicon.load().phrases.items() if not known.keys().isdisjoint(languages))


@lru_cache(maxsize=64)
def _by_ends(languages: tuple[str, ...]) -> Mapping[tuple[int, str, str], list[str]]:
    """Longer phrases by length and first letter, and by length and last letter."""
    index: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for phrase in _phrases_of(languages):
        if len(phrase) >= _MIN_FUZZY_LETTERS:
            index[len(phrase), phrase[0], ""].append(phrase)
            index[len(phrase), "", phrase[-1]].append(phrase)
    return dict(index)


def _parts(word: str, languages: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Phrases inside a word: of scripts without spaces, else of words whose spaces were lost."""
    return _segments(word) if is_unspaced(word[0]) or is_unspaced(word[-1]) else _glued(word, languages)


@lru_cache(maxsize=65536)
def _segments(text: str) -> tuple[tuple[str, float], ...]:
    """Phrases in text of a script without spaces (`ご請求金額税込`), the longest at each place."""
    phrases, longest = _unspaced_phrases()
    parts: list[str] = []
    position = 0
    while position < len(text):
        lengths = range(min(longest, len(text) - position), 1, -1)
        part = next((text[position : position + n] for n in lengths if text[position : position + n] in phrases), "")
        if part:
            parts.append(part)
        position += len(part) or 1
    covered = sum(map(len, parts)) / len(text)
    return tuple((part, 0.6 + 0.4 * covered) for part in parts)


@cache
def _unspaced_phrases() -> tuple[frozenset[str], int]:
    """The phrases of scripts without spaces, and the length of the longest."""
    phrases = frozenset(phrase for phrase in lexicon.load().phrases if is_unspaced(phrase[0]))
    return phrases, max(map(len, phrases), default=0)


@lru_cache(maxsize=65536)
def _glued(word: str, languages: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Phrases that together cover most of a word whose spaces were lost: `TotalSalesInclusiveGST`."""
    if len(word) < _GLUED:
        return ()
    parts: list[tuple[str, float]] = []
    rest = word
    for part in _longest_first(languages):
        if part in rest:
            parts.append((part, _GLUED_SCORE))
            rest = rest.replace(part, " ", 1)
    covered = sum(len(part) for part, _ in parts) / len(word)
    return tuple(parts) if covered >= (0.7 if len(parts) > 1 else 0.9) else ()


@lru_cache(maxsize=64)
def _longest_first(languages: tuple[str, ...]) -> list[str]:
    return sorted((phrase for phrase in _phrases_of(languages) if len(phrase) >= 4), key=len, reverse=True)
