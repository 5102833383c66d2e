"""Finds the keywords of a schema on the page, tolerating OCR slips and lost spaces."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from ocr_pipeline.document_schema.schema import DocumentSchema
from ocr_pipeline.extraction.rules.reading.layout import Row, Span, join
from ocr_pipeline.extraction.rules.text import key

_MAX_WORDS = 7
_MIN_FUZZY_LETTERS, _TWO_SLIPS = 6, 12
"""Letters from which one slip is tolerated, and two. Shorter keywords have to match exactly."""
_SLIP_COST = 0.1


@dataclass(frozen=True)
class Phrase:
    """A keyword found in a row: words `first` to `last` (positions in `Row.words`) name `paths`, the fields or columns
    (`items.quantity`). `score` is 1 without slips; `letters` of the keyword."""

    paths: frozenset[str]
    row: int
    first: int
    last: int
    span: Span
    score: float
    letters: int

    def collides(self, other: "Phrase") -> bool:
        return self.row == other.row and self.first <= other.last and other.first <= self.last


Phrases = Mapping[int, Sequence[Phrase]]
"""By row, from left to right."""


@lru_cache(maxsize=64)
def keywords_of(schema: DocumentSchema) -> Mapping[str, frozenset[str]]:
    """Letters of a keyword -> the fields and columns that it names. Without keywords, the name itself is one."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, field in schema.spec.every_field():
        for word in field.keywords or [path.rpartition(".")[2].replace("_", " ")]:
            if folded := key(word):
                found[folded].add(path)
    return {word: frozenset(paths) for word, paths in found.items()}


def find(rows: Sequence[Row], schema: DocumentSchema) -> Phrases:
    """The keywords of a schema. Those of columns count only in a header: in rows that name two columns of a list, or its only
    one; `Unit 6, Canal Yard` is not a column of units."""
    found = {}
    for index, phrases in _find(rows, keywords_of(schema)).items():
        columns = Counter(path.partition(".")[0] for entry in phrases for path in entry.paths if "." in path)
        headed = {name for name, spec in schema.spec.lists.items() if columns[name] >= min(2, len(spec.columns))}
        kept = [
            replace(entry, paths=paths)
            for entry in phrases
            if (paths := frozenset(path for path in entry.paths if "." not in path or path.partition(".")[0] in headed))
        ]
        if kept:
            found[index] = kept
    return found


def _find(rows: Sequence[Row], words: Mapping[str, frozenset[str]]) -> Phrases:
    """The keywords in all rows. Longer and surer ones win: `Delivery date` is not also `Date`."""
    by_length: dict[int, list[str]] = defaultdict(list)
    for word in words:
        by_length[len(word)].append(word)
    found: dict[int, list[Phrase]] = {}
    for row in rows:
        kept: list[Phrase] = []
        for phrase in sorted(
            _matches(row, words, by_length), key=lambda entry: (-entry.letters * entry.score, entry.first)
        ):
            if not any(phrase.collides(other) for other in kept):
                kept.append(phrase)
        if kept:
            found[row.index] = sorted(kept, key=lambda entry: entry.first)
    return found


def _matches(row: Row, words: Mapping[str, frozenset[str]], by_length: Mapping[int, Sequence[str]]) -> Iterable[Phrase]:
    folded = [key(word.text) if any(map(str.isalpha, word.text)) else "" for word in row.words]
    longest = max(by_length, default=0) + 2
    for first in range(len(folded)):
        text = ""
        for last in range(first, min(first + _MAX_WORDS, len(folded))):
            text += folded[last]
            if not folded[last] and (last == first or _is_value(row.words[last].text)):
                break  # a phrase neither begins with a mark nor runs across a number
            if len(text) > longest:
                break
            word, score = nearest(text, words, by_length)
            if word:
                spans = row.words[first : last + 1]
                yield Phrase(words[word], row.index, first, last, join(spans), score, len(word))


def nearest(text: str, words: Iterable[str], by_length: Mapping[int, Sequence[str]]) -> tuple[str, float]:
    """The keyword with these letters, with at most two slips, and its score; ("", 0) if there is none."""
    if text in by_length.get(len(text), ()):
        return text, 1.0
    slips = 0 if len(text) < _MIN_FUZZY_LETTERS else 1 if len(text) < _TWO_SLIPS else 2
    best, fewest = "", slips + 1
    for length in range(len(text) - slips, len(text) + slips + 1) if slips else ():
        for word in by_length.get(length, ()):
            if len(word) < _MIN_FUZZY_LETTERS:
                continue
            distance = Levenshtein.distance(text, word, score_cutoff=fewest - 1)
            if distance < fewest:
                best, fewest = word, distance
    return (best, 1 - _SLIP_COST * fewest) if best else ("", 0.0)


def _is_value(text: str) -> bool:
    return any(map(str.isdigit, text))
