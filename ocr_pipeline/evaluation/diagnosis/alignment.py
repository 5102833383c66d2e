"""Where a value is among the words that an engine recognised: exactly, or as something similar.

Amounts and dates are searched in every way that they can be printed (`spellings`), text by its letters and digits: spaces,
punctuation and word boundaries do not matter. This deliberately does not share code with the rules that extract values, so
that a spelling which they do not understand does not look like a fault of the engine.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from ocr_pipeline.evaluation.diagnosis.spellings import (
    amount_spellings,
    amounts,
    date_pattern,
    date_spellings,
    has_decimals,
    number_spellings,
)
from ocr_pipeline.schemas import Box, OcrText, Word
from ocr_pipeline.values.amounts import read_amount
from ocr_pipeline.values.currencies import codes_of, is_weak
from ocr_pipeline.values.dates import parse_date
from ocr_pipeline.values.names import normalise_name

MIN_NUMBER_SIMILARITY, MIN_TEXT_SIMILARITY = 0.74, 0.6
"""Similarity (0..1, Levenshtein) from which text counts as a misread value: that of `8.20` and `8.00` is 0.75."""
_LOOK_ALIKE = str.maketrans("oöólisbz", "00011582")
"""Letters that engines confuse with digits: text with such a letter is closer than text without the digit."""
_MAX_GAP = 5
_MAX_NUMBER_WORDS, _MAX_DATE_WORDS = 3, 4
"""Words of one amount, such as `RM 1 234.00`, or date."""


_PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


@dataclass(frozen=True)
class Place:
    """Words that hold a value, or what is most similar to it. `words` are indices into `OcrText.words()`.

    `similarity` is 1 if they hold exactly the value. `box` covers the words on the first word's page.
    """

    words: tuple[int, ...]
    text: str
    page: int
    box: Box
    similarity: float

    @property
    def quoted(self) -> str:
        """The text in quotation marks."""
        return f"“{self.text}”"

    @property
    def exact(self) -> bool:
        """Whether the words hold exactly the value."""
        return self.similarity == 1.0


class Aligner:
    """Searches for values in one text."""

    def __init__(self, text: OcrText) -> None:
        self.words: list[Word] = list(text.words())
        self.rotations = {page.page: page.rotation for page in text.pages}

    def find(self, kind: str, value: str) -> Place | None:
        """Find the first of the best places of a value, written as in `field_scores`; None if nothing is similar."""
        places = self.find_all(kind, value)
        return places[0] if places else None

    def find_all(self, kind: str, value: str) -> list[Place]:
        """Find every place of exactly this value, in reading order; failing that, the most similar one."""
        match kind:
            case "money" | "quantity":
                return self._amount(Decimal(value))
            case "date":
                return self._date(date.fromisoformat(value))
            case "category":
                return self._currency(value)
            case "boolean":
                return []
            case _:
                return self._text(value)

    def at(self, page: int, box: Box) -> Place | None:
        """Find the words whose centre lies in a box of a page, with a margin of a quarter of its height."""
        x0, y0, x1, y1 = box
        margin = (y1 - y0) / 2
        inside = [
            index
            for index, word in enumerate(self.words)
            if word.page == page
            and word.box[0] < x1
            and word.box[2] > x0
            and y0 - margin / 2 <= (word.box[1] + word.box[3]) / 2 <= y1 + margin / 2
        ]
        return self.place(inside, 0.0) if inside else None

    def place(self, words: Sequence[int], similarity: float) -> Place:
        """Make a place of these words."""
        page = self.words[words[0]].page
        lefts, tops, rights, bottoms = zip(
            *(self.words[index].box for index in words if self.words[index].page == page), strict=True
        )
        text = " ".join(self.words[index].text for index in words)
        return Place(tuple(words), text, page, (min(lefts), min(tops), max(rights), max(bottoms)), similarity)

    @cached_property
    def _lines(self) -> list[list[int]]:
        """Indices of words, line by line."""
        lines: list[list[int]] = []
        for index, word in enumerate(self.words):
            before = self.words[index - 1] if index else None
            if before is None or (before.page, before.line) != (word.page, word.line):
                lines.append([])
            lines[-1].append(index)
        return lines

    @cached_property
    def _numbers(self) -> list[tuple[tuple[int, ...], str, set[Decimal]]]:
        """Every run of up to three words that can be an amount: words, text, possible values."""
        numbers = []
        for line in self._lines:
            for start in range(len(line)):
                for stop in range(start + 1, min(start + _MAX_NUMBER_WORDS, len(line)) + 1):
                    words = tuple(line[start:stop])
                    texts = [self.words[index].text for index in words]
                    if not any(character.isdigit() for character in texts[-1]):
                        continue
                    for spelling in number_spellings(texts):
                        values = amounts(spelling)
                        if values:
                            numbers.append((words, spelling, values))
        return numbers

    def _amount(self, value: Decimal) -> list[Place]:
        cents = abs(value).quantize(Decimal("0.01"))
        with_decimals = any(has_decimals(text) for _, text, _ in self._numbers)
        hits = {
            words
            for words, text, values in self._numbers
            if cents in values and (has_decimals(text) or not with_decimals or cents >= 100)
        }
        shortest = [words for words in sorted(hits) if not any(set(other) < set(words) for other in hits)]
        if shortest:
            return [self.place(words, 1.0) for words in shortest]
        return self._closest_token(amount_spellings(cents), _MAX_NUMBER_WORDS - 1, last=True)

    def _date(self, value: date) -> list[Place]:
        places = []
        for line in self._lines:
            text, starts = _joined([self.words[index].text for index in line])
            for match in date_pattern(value).finditer(text):
                month = match["name"] or match["name_first"]
                if month is None or parse_date(f"{value.day} {month} {value.year}", day_first=True) == value:
                    first, last = (bisect_right(starts, at) - 1 for at in (match.start(), match.end() - 1))
                    places.append(self.place(line[first : last + 1], 1.0))
        return places or self._closest_token(date_spellings(value), _MAX_DATE_WORDS, last=False)

    def _closest_token(self, spellings: Sequence[str], max_words: int, *, last: bool) -> list[Place]:
        """Find the run of words of one line that is most similar to one of the spellings. It needs a digit."""
        from rapidfuzz.distance import Levenshtein

        best: tuple[float, tuple[int, ...]] = (MIN_NUMBER_SIMILARITY, ())
        for line in self._lines:
            for start in range(len(line)):
                for stop in range(start + 1, min(start + max_words, len(line)) + 1):
                    words = tuple(line[start:stop])
                    text = "".join(self.words[index].text for index in words).casefold().strip(":;*#()")
                    if len(text) > 24 or not any(character.isdigit() for character in text):
                        continue
                    score = max(
                        Levenshtein.normalized_similarity(candidate, spelling, score_cutoff=best[0] - 0.01)
                        for candidate in {text, text.translate(_LOOK_ALIKE)}
                        for spelling in spellings
                    )
                    if score > best[0] or (last and score == best[0] and best[1]):
                        best = (score, words)
        return [self.place(best[1], min(best[0], 0.99))] if best[1] else []

    @cached_property
    def _letters(self) -> tuple[str, list[int], list[int], set[int]]:
        """Letters and digits of all words in one string, where each word begins in it, which word that is, and where a
        value may begin or end: at the boundaries of words and of their parts."""
        text, starts, owners, borders = "", [], [], {0}
        for index, word in enumerate(self.words):
            begin = len(text)
            parts = [normalise_name(part) for part in _PARTS.findall(word.text)]
            whole = normalise_name(word.text)
            for part in parts if "".join(parts) == whole else [whole]:
                text += part
                borders.add(len(text))
            if len(text) > begin:
                starts.append(begin)
                owners.append(index)
        return text, starts, owners, borders

    def _text(self, value: str) -> list[Place]:
        wanted = normalise_name(value)
        text, _, _, borders = self._letters
        if not wanted or not text:
            return []
        places = []
        at = text.find(wanted)
        while at >= 0:
            if at in borders and at + len(wanted) in borders:
                places.append(self._of_letters(at, at + len(wanted), 1.0))
            at = text.find(wanted, at + 1)
        if places:
            return places
        place = self._pieces(value) or self._similar(wanted)
        return [place] if place else []

    def _similar(self, wanted: str) -> Place | None:
        """Find the stretch between word boundaries that is most similar to `wanted`."""
        from rapidfuzz import fuzz
        from rapidfuzz.distance import Levenshtein

        text, starts, _, _ = self._letters
        match = fuzz.partial_ratio_alignment(wanted, text)
        if match is None or match.dest_end <= match.dest_start:
            return None
        ends = [*starts[1:], len(text)]
        first = bisect_right(starts, match.dest_start) - 1
        last = bisect_right(starts, match.dest_end - 1) - 1
        reach = range(-2, 3)
        best = (0.0, 0, 0)
        for begin in {max(0, first + by) for by in reach}:
            for end in {min(len(ends) - 1, last + by) for by in reach}:
                if begin <= end:
                    score = Levenshtein.normalized_similarity(wanted, text[starts[begin] : ends[end]])
                    best = max(best, (score, -begin, end))
        score, begin, end = best[0], -best[1], best[2]
        if score < MIN_TEXT_SIMILARITY:
            return None
        return self._of_letters(starts[begin], ends[end], min(score, 0.99))

    def _pieces(self, value: str) -> Place | None:
        """Find a value of several words in order but not in one stretch: with text of another column or line between them,
        of at most `_MAX_GAP` words each time."""
        pieces = [normalise_name(part) for part in value.split()]
        pieces = [piece for piece in pieces if piece]
        text, _, _, borders = self._letters
        if len(pieces) < 3:
            return None
        used: list[int] = []
        at = 0
        for piece in pieces:
            start = text.find(piece, at)
            while start >= 0 and not (start in borders and start + len(piece) in borders):
                start = text.find(piece, start + 1)
            if start < 0:
                return None
            words = self._of_letters(start, start + len(piece), 1.0).words
            if used and words[0] - used[-1] > _MAX_GAP:
                return None
            used += words
            at = start + len(piece)
        return self.place(sorted(set(used)), 1.0)

    def _of_letters(self, start: int, stop: int, similarity: float) -> Place:
        _, starts, owners, _ = self._letters
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, stop - 1) - 1
        return self.place(owners[first : last + 1], similarity)

    def _currency(self, value: str) -> list[Place]:
        for index, word in enumerate(self.words):
            amount = read_amount(word.text)
            spelling = amount.currency if amount else word.text
            if spelling and value in codes_of(spelling) and (amount or not is_weak(spelling)):
                return [self.place([index], 1.0)]
        return []


def _joined(texts: Sequence[str]) -> tuple[str, list[int]]:
    """Join the words of a line by spaces, and tell where each begins."""
    starts = [0]
    for text in texts[:-1]:
        starts.append(starts[-1] + len(text) + 1)
    return " ".join(texts), starts
