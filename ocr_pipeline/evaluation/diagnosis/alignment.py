"""Where a value stands among the words that an engine read: as it is, or as something that looks like it.

Amounts and dates are looked for in every way that they can be printed, text by its letters and digits: spaces,
punctuation and the ends of words say nothing. It is on purpose not the code that the rules find values with, so that a
spelling which they cannot read does not look like a fault of the engine.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property

from ocr_pipeline.schemas import Box, FieldKind, OcrText, Word
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date
from ocr_pipeline.values.names import normalise_name
from ocr_pipeline.values.vocabulary import CURRENCY_SPELLINGS

LIKE_NUMBER, LIKE_TEXT = 0.74, 0.6
"""Similarity (0..1, Levenshtein) from which printed text counts as a misread value: `8.20` and `8.00` are 0.75 alike."""
_LOOK_ALIKE = str.maketrans("oöólisbz", "00011582")
"""Letters that engines read for digits: text with one of them in its place is closer than one without the digit."""
_GAP = 5
_LONGEST_NUMBER = 3
"""Words of one amount: `RM 1 234.00`."""


@dataclass(frozen=True)
class Place:
    """Words that hold a value, or what looks most like it. `words` are indices into `OcrText.words()`.

    `similarity` is 1 where the value stands there as it is. `box` is of the words on the first word's page.
    """

    words: tuple[int, ...]
    text: str
    page: int
    box: Box
    similarity: float

    @property
    def exact(self) -> bool:
        return self.similarity == 1.0


class Aligner:
    """Looks for values in one text."""

    def __init__(self, text: OcrText) -> None:
        self.words: list[Word] = list(text.words())
        self.rotations = {page.page: page.rotation for page in text.pages}

    def find(self, kind: FieldKind, value: str, *, last: bool = False) -> Place | None:
        """The best place of a value, written as in `field_scores`; None where nothing looks like it.

        `last`: of equal places the last one (totals stand below), else the first.
        """
        places = self.find_all(kind, value)
        return places[-1 if last else 0] if places else None

    def find_all(self, kind: FieldKind, value: str) -> list[Place]:
        """Every place where the value stands as it is, in reading order; else the one that looks most like it."""
        match kind:
            case "money":
                return self._amount(Decimal(value))
            case "date":
                return self._date(date.fromisoformat(value))
            case "category":
                return self._currency(value)
            case _:
                return self._text(value)

    def at(self, page: int, box: Box) -> Place | None:
        """The words whose centre lies in a box of a page, with a margin of half its height."""
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
        """A place made of these words."""
        page = self.words[words[0]].page
        lefts, tops, rights, bottoms = zip(
            *(self.words[index].box for index in words if self.words[index].page == page), strict=True
        )
        text = " ".join(self.words[index].text for index in words)
        return Place(tuple(words), text, page, (min(lefts), min(tops), max(rights), max(bottoms)), similarity)

    # ---- lines -------------------------------------------------------------------------------------------------------

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

    # ---- amounts -----------------------------------------------------------------------------------------------------

    @cached_property
    def _numbers(self) -> list[tuple[tuple[int, ...], str, set[Decimal]]]:
        """Every run of up to three words that can be an amount: words, text, the values that it can mean."""
        found = []
        for line in self._lines:
            for start in range(len(line)):
                for stop in range(start + 1, min(start + _LONGEST_NUMBER, len(line)) + 1):
                    words = tuple(line[start:stop])
                    texts = [self.words[index].text for index in words]
                    if not any(character.isdigit() for character in texts[-1]):
                        continue
                    for spelling in _number_spellings(texts):
                        values = _amounts(spelling)
                        if values:
                            found.append((words, spelling, values))
        return found

    def _amount(self, value: Decimal) -> list[Place]:
        cents = abs(value).quantize(Decimal("0.01"))
        with_decimals = any(_has_decimals(text) for _, text, _ in self._numbers)
        hits = {
            words
            for words, text, values in self._numbers
            if cents in values and (_has_decimals(text) or not with_decimals or cents >= 100)
        }
        shortest = [words for words in sorted(hits) if not any(set(other) < set(words) for other in hits)]
        if shortest:
            return [self.place(words, 1.0) for words in shortest]
        return self._closest_token(_amount_spellings(cents), _LONGEST_NUMBER - 1, last=True)

    # ---- dates -------------------------------------------------------------------------------------------------------

    def _date(self, value: date) -> list[Place]:
        places = []
        for line in self._lines:
            text, starts = _joined([self.words[index].text for index in line])
            for match in _date_pattern(value).finditer(text):
                month = match["name"] or match["name_first"]
                if month is None or parse_date(f"{value.day} {month} {value.year}", day_first=True) == value:
                    first, last = (bisect_right(starts, at) - 1 for at in (match.start(), match.end() - 1))
                    places.append(self.place(line[first : last + 1], 1.0))
        return places or self._closest_token(_date_spellings(value), 4, last=False)

    def _closest_token(self, spellings: Sequence[str], longest: int, *, last: bool) -> list[Place]:
        """The run of words of one line that looks most like one of the spellings. Only runs with a digit count."""
        from rapidfuzz.distance import Levenshtein

        best: tuple[float, tuple[int, ...]] = (LIKE_NUMBER, ())
        for line in self._lines:
            for start in range(len(line)):
                for stop in range(start + 1, min(start + longest, len(line)) + 1):
                    words = tuple(line[start:stop])
                    text = "".join(self.words[index].text for index in words).casefold().strip(":;*#()")
                    if len(text) > 24 or not any(character.isdigit() for character in text):
                        continue
                    score = max(
                        Levenshtein.normalized_similarity(seen, spelling, score_cutoff=best[0] - 0.01)
                        for seen in {text, text.translate(_LOOK_ALIKE)}
                        for spelling in spellings
                    )
                    if score > best[0] or (last and score == best[0] and best[1]):
                        best = (score, words)
        return [self.place(best[1], min(best[0], 0.99))] if best[1] else []

    # ---- text --------------------------------------------------------------------------------------------------------

    @cached_property
    def _letters(self) -> tuple[str, list[int], list[int], set[int]]:
        """Letters and digits of all words in one string; where each word begins in it, which word that is, and where a
        value may begin or end: at the ends of words and of the parts of a word."""
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
        """The stretch that looks most like `wanted`, on the ends of words."""
        from rapidfuzz import fuzz
        from rapidfuzz.distance import Levenshtein

        text, starts, _, _ = self._letters
        found = fuzz.partial_ratio_alignment(wanted, text)
        if found is None or found.dest_end <= found.dest_start:
            return None
        ends = [*starts[1:], len(text)]
        first = bisect_right(starts, found.dest_start) - 1
        last = bisect_right(starts, found.dest_end - 1) - 1
        reach = range(-2, 3)
        best = (0.0, 0, 0)
        for begin in {max(0, first + by) for by in reach}:
            for end in {min(len(ends) - 1, last + by) for by in reach}:
                if begin <= end:
                    score = Levenshtein.normalized_similarity(wanted, text[starts[begin] : ends[end]])
                    best = max(best, (score, -begin, end))
        score, begin, end = best[0], -best[1], best[2]
        if score < LIKE_TEXT:
            return None
        return self._of_letters(starts[begin], ends[end], min(score, 0.99))

    def _pieces(self, value: str) -> Place | None:
        """A value of several words that are all there, one after the other, but not in one stretch: another column or a
        line stands in between, of at most `_GAP` words each time."""
        pieces = [normalise_name(part) for part in value.split()]
        pieces = [piece for piece in pieces if piece]
        text, _, _, borders = self._letters
        if len(pieces) < 3:
            return None
        used: list[int] = []
        at = 0
        for piece in pieces:
            found = text.find(piece, at)
            while found >= 0 and not (found in borders and found + len(piece) in borders):
                found = text.find(piece, found + 1)
            if found < 0:
                return None
            words = self._of_letters(found, found + len(piece), 1.0).words
            if used and words[0] - used[-1] > _GAP:
                return None
            used += words
            at = found + len(piece)
        return self.place(sorted(set(used)), 1.0)

    def _of_letters(self, start: int, stop: int, similarity: float) -> Place:
        _, starts, owners, _ = self._letters
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, stop - 1) - 1
        return self.place(owners[first : last + 1], similarity)

    # ---- currencies --------------------------------------------------------------------------------------------------

    def _currency(self, value: str) -> list[Place]:
        spellings = CURRENCY_SPELLINGS.get(value, (value.casefold(),))
        for index, word in enumerate(self.words):
            text = word.text.casefold().strip("():;.,")
            if any(text == spelling or re.fullmatch(rf"{re.escape(spelling)}[\d.,]+", text) for spelling in spellings):
                return [self.place([index], 1.0)]
        return []


_PARTS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


def _joined(texts: Sequence[str]) -> tuple[str, list[int]]:
    """The words of a line with a space between them, and where each begins."""
    starts = [0]
    for text in texts[:-1]:
        starts.append(starts[-1] + len(text) + 1)
    return " ".join(texts), starts


_INSIDE = re.compile(r"\d[\d.,']*\d|\d")


def _number_spellings(texts: Sequence[str]) -> Iterator[str]:
    """What an amount can be within these words: all of them, or, of one word, the digits in it: `TOTAL9.00SR`."""
    if len(texts) == 1:
        yield from _INSIDE.findall(texts[0])
        return
    yield " ".join(texts)
    yield "".join(texts)


def _amounts(text: str) -> set[Decimal]:
    plain = text.strip(" :;*#%()")
    values = {
        parse_amount(plain),
        parse_amount(plain, decimal_separator="."),
        parse_amount(plain, decimal_separator=","),
    }
    try:
        return {abs(value).quantize(Decimal("0.01")) for value in values if value is not None}
    except InvalidOperation:
        return set()


def _has_decimals(text: str) -> bool:
    return re.search(r"[.,]\s?\d\d(?!\d)|[€$£¥]", text) is not None


def _amount_spellings(cents: Decimal) -> list[str]:
    plain, grouped = f"{cents:.2f}", f"{cents:,.2f}"
    swapped = grouped.translate(str.maketrans(".,", ",."))
    return list(dict.fromkeys([plain, grouped, swapped, plain.replace(".", ","), f"rm{plain}", f"${plain}"]))


def _date_pattern(value: date) -> re.Pattern[str]:
    """Every way to print this date. The groups `name` and `name_first` hold a month in letters, still to be checked."""
    day, month = (f"0?{number}" if number < 10 else str(number) for number in (value.day, value.month))
    year = rf"(?:{value.year}|'?{value.year % 100:02d})"
    mark, loose = r"\s?[-/.,~ ]\s?", r"[-/.,'~\s]{0,3}"
    start, end = r"(?:(?<!\d)|(?<=:\d\d))", r"(?:(?!\d)|(?=\d{1,2}[:.]\d\d))"
    ordinal = r"(?:st|nd|rd|th|er|\.)?"
    numeric = "|".join(mark.join(order) for order in ((day, month, year), (month, day, year), (year, month, day)))
    compact = f"{value:%Y%m%d}|{value:%d%m%Y}|{value:%m%d%Y}"
    name = r"[^\W\d_]{3,10}\.?"
    return re.compile(
        rf"{start}(?:{numeric}|{compact}){end}"
        rf"|{start}(?:{day}{ordinal}{loose}(?:(?:de|of){loose})?(?P<name>{name}){loose}(?:(?:de|of){loose})?{year}){end}"
        rf"|(?P<name_first>{name}){loose}{day}{ordinal}{loose}{value.year}{end}",
        re.IGNORECASE,
    )


def _date_spellings(value: date) -> list[str]:
    """The usual ones, to compare with what an engine made of them."""
    day, month, year = value.day, value.month, value.year
    orders = [
        f"{value:%d/%m/%Y}",
        f"{value:%d/%m/%y}",
        f"{day}/{month}/{year}",
        f"{value:%Y/%m/%d}",
        f"{value:%m/%d/%Y}",
    ]
    named = [f"{value:%d%b%Y}", f"{value:%d-%b-%Y}", f"{value:%d%b%y}", f"{value:%b%d,%Y}"]
    numeric = [text.replace("/", mark) for text in orders for mark in "/-."]
    return list(dict.fromkeys(text.casefold() for text in [*numeric, *named, f"{value:%Y%m%d}"]))
