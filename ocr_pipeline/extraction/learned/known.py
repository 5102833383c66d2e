"""What the labels of a field say about a text: how similar it is to a labelled one, how labelled ones begin, end and are
worded, and which labelled text or word it is a misreading of."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ocr_pipeline.extraction.learned.lexicon import ALIKE, Labelled, corrected, grow
from ocr_pipeline.extraction.learned.values import Value
from ocr_pipeline.extraction.rules.candidates import Features

ADDRESS = "supplier_address"
MIN_SIMILARITY = 60
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"\d{2,}")
_MIN_TEXTS, _MIN_LETTERS, _LONG = 5, 5, 8
"""A word of this many letters is corrected to one that this many addresses have; a long one with two slips, or with a letter
lost or added."""
_ALIKE = ("nmruhvw", "aeocgqdu", "ilfjtr", "beh", "yvj", "kh")
"""Letters that engines confuse."""
_PAIRS = frozenset((one, other) for group in _ALIKE for one in group for other in group)


@dataclass(frozen=True)
class Known:
    """The labelled texts of a field."""

    field: str
    labelled: Labelled

    @cached_property
    def lexicon(self) -> dict[str, str]:
        """The entries that misreadings are corrected to."""
        return grow(self.field, self.labelled)

    @cached_property
    def words(self) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """In how many texts a word stands, stands first, and stands last."""
        inside: Counter[str] = Counter()
        first: Counter[str] = Counter()
        last: Counter[str] = Counter()
        for text, _ in self.labelled.values():
            if words := words_of(text):
                inside.update(set(words))
                first[words[0]] += 1
                last[words[-1]] += 1
        return inside, first, last

    @cached_property
    def _by_number(self) -> dict[str, set[str]]:
        """Number -> the texts that it stands in."""
        places: dict[str, set[str]] = defaultdict(set)
        for key, (text, _) in self.labelled.items():
            for number in _numbers_in(text):
                places[number].add(key)
        return places

    def rows(self, values: Sequence[Value], label: str | None = None) -> list[Features]:
        """The features of each value, with what other labels say. `label`: the normalised one of the document itself; it is
        left out unless another document has it, too."""
        if self.field not in ALIKE or not values:
            return [value.features for value in values]
        own = label if label and self.labelled.get(label, ("", 0))[1] == 1 else None
        similar = self._similar(values, own)
        best = max(similar)
        mine = words_of(self.labelled[own][0]) if own else ()
        return [
            {
                **value.features,
                "known_text": near,
                "known_gap": near - best,
                "known_best": best,
                **self._worded(words_of(str(value.entry.value)), mine),
            }
            for value, near in zip(values, similar, strict=True)
        ]

    def _worded(self, words: Sequence[str], mine: Sequence[str]) -> dict[str, float]:
        if not words:
            return {}
        inside, first, last = self.words
        known = sum(inside[word] > (word in mine) for word in words)
        return {
            "known_words": known / len(words),
            "unknown_words": float(len(words) - known),
            "known_begin": math.log1p(first[words[0]] - (words[0] in mine[:1])),
            "known_end": math.log1p(last[words[-1]] - (words[-1] in mine[-1:])),
        }

    def _similar(self, values: Sequence[Value], own: str | None) -> list[float]:
        """The similarity (0..1) of each value to the most similar labelled text."""
        from rapidfuzz import fuzz, process

        entries = [key for key in self.comparable([str(value.entry.value) for value in values]) if key != own]
        if not entries:
            return [0.0] * len(values)
        keys = [value.key for value in values]
        table = process.cdist(keys, entries, scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY)
        return [float(similarity) / 100 for similarity in table.max(axis=1)]

    def comparable(self, texts: Collection[str]) -> list[str]:
        """The labelled texts to compare with: of addresses those that share a number, as there are too many."""
        if self.field != ADDRESS:
            return list(self.labelled)
        numbers = _numbers_in(" ".join(texts))
        return sorted(set().union(*(self._by_number[number] for number in numbers & self._by_number.keys())))

    def corrected(self, text: str) -> str | None:
        """The labelled text that this one is a misreading of, or an address with its misread words corrected; None if
        neither."""
        if self.field not in ALIKE:
            return None
        if text not in self._corrections:
            self._corrections[text] = self._correction(text)
        return self._corrections[text]

    @cached_property
    def _corrections(self) -> dict[str, str | None]:
        return {}

    def _correction(self, text: str) -> str | None:
        found = corrected(self.field, text, self.lexicon)
        if found or self.field != ADDRESS:
            return found
        respelled = _WORD.sub(lambda word: self._respelled(word[0]), text)
        return (corrected(self.field, respelled, self.lexicon) or respelled) if respelled != text else None

    def _respelled(self, word: str) -> str:
        """A word that no label has as the most frequent one that it may be a misreading of."""
        inside, _, _ = self.words
        folded = word.casefold()
        if len(folded) < _MIN_LETTERS or inside[folded]:
            return word
        near = [(count, other) for other, count in inside.items() if count >= _MIN_TEXTS and _misread(folded, other)]
        return max(near)[1].upper() if near else word


def _misread(read: str, printed: str) -> bool:
    from rapidfuzz.distance import Levenshtein

    is_long = len(printed) >= _LONG
    if abs(len(read) - len(printed)) > is_long or Levenshtein.distance(read, printed, score_cutoff=2) > 1 + is_long:
        return False
    slips = Levenshtein.editops(read, printed)
    if any(slip.tag != "replace" for slip in slips):
        return len(slips) == 1
    return all((read[slip.src_pos], printed[slip.dest_pos]) in _PAIRS for slip in slips)


@lru_cache(maxsize=65536)
def words_of(text: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in _WORD.findall(text))


def _numbers_in(text: str) -> set[str]:
    return set(_NUMBER.findall(text))
