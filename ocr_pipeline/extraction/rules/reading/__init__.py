"""Parsing a document before any field is chosen: rows, keywords, numbers, dates, and its origin.

Belongs here: what is printed and where, repairing common OCR errors. Does not belong here: which field it belongs to
(`fields`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from ocr_pipeline.extraction.rules.lexicon import Region
from ocr_pipeline.extraction.rules.reading import (
    brackets,
    buyer_block,
    currency_signs,
    dates,
    keywords,
    layout,
    learned_words,
    numbers,
    origin,
    origin_clues,
    separators,
    whole_amounts,
)
from ocr_pipeline.extraction.rules.reading.currency_signs import CurrencySign
from ocr_pipeline.extraction.rules.reading.dates import PrintedDate
from ocr_pipeline.extraction.rules.reading.keywords import Hit, Keywords
from ocr_pipeline.extraction.rules.reading.layout import Layout, Row, Span
from ocr_pipeline.extraction.rules.reading.numbers import Number
from ocr_pipeline.extraction.rules.reading.origin import Origin
from ocr_pipeline.extraction.rules.text import letters_in
from ocr_pipeline.schemas import OcrText

_HEADER_REACH = 40
"""Rows above a value that are searched for a column header."""
_BLOCK_GAP = 0.12
"""Two blocks of text are at least this far apart, in page widths."""
_OF_OTHER_BLOCK = 0.4
"""How much a phrase of another block counts."""
_SUMS = frozenset({"total", "grand_total", "net_total", "subtotal", "net", "due"})
_MAX_LETTERS_ALONE = 3
"""An amount is alone in its row if the row has no more letters than a currency or a tax code."""


@dataclass(frozen=True)
class Labels:
    """Keyword classes that apply to one place, each with a strength of 0..1."""

    left: dict[str, float]
    above: dict[str, float]
    first: frozenset[str] = frozenset()
    """Classes of the first phrase on the left: what the row is about."""

    def strength(self, keyword_class: str) -> float:
        return max(self.left.get(keyword_class, 0.0), self.above.get(keyword_class, 0.0))


@dataclass(frozen=True, eq=False)  # one object per document, so that what several fields ask of it is computed once
class Reading:
    """A document's rows with the keywords, numbers and dates found in them, and where it comes from.

    `buyer_words`: indices of the words in the buyer's block.
    """

    layout: Layout
    keywords: Keywords
    numbers: tuple[Number, ...]
    dates: tuple[PrintedDate, ...]
    currency_signs: tuple[CurrencySign, ...]
    buyer_words: frozenset[int]
    origin: Origin

    @property
    def region(self) -> Region | None:
        """What the documents of its country have in common; None if the country is unknown."""
        return self.origin.region

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.layout.rows

    def numbers_in(self, row: int) -> list[Number]:
        return self._numbers_by_row.get(row, [])

    @cached_property
    def _numbers_by_row(self) -> dict[int, list[Number]]:
        by_row: dict[int, list[Number]] = defaultdict(list)
        for number in self.numbers:
            by_row[number.row].append(number)
        return dict(by_row)

    @cached_property
    def date_words(self) -> frozenset[int]:
        """The words of all dates."""
        return frozenset(word for date in self.dates for word in date.span.words)

    def has_money(self, row: int) -> bool:
        return any(number.is_money for number in self.numbers_in(row))

    def labels(self, row: int, first: int, span: Span) -> Labels:
        """Keywords left of and above a value that starts at word `first` of a row.

        Left: the strength halves with every amount in between. A value alone in its row takes the label of a row above that
        has no amount or date of its own, a value without text before it the label behind it. Above: the nearest text in the
        value's column, usually a header.
        """
        amounts = [number.first for number in self.numbers_in(row) if number.is_money]
        left: dict[str, float] = {}
        hits = [hit for hit in self.keywords.in_row(row) if hit.last < first]
        block = _end_of_other_block(self.rows[row].words, hits)
        for hit in hits:
            between = sum(hit.last < position < first for position in amounts)
            _strengthen(left, hit, hit.score * 0.5**between * (_OF_OTHER_BLOCK if hit.last <= block else 1.0))
        if not hits and letters_in(self.rows[row].text) <= _MAX_LETTERS_ALONE:
            hits = self._lone_label(row)
            for hit in hits:
                _strengthen(left, hit, 0.7 * hit.score)
        elif not hits and not any(letters_in(word.text) > _MAX_LETTERS_ALONE for word in self.rows[row].words[:first]):
            hits = self._label_behind(row, first)
            for hit in hits:
                _strengthen(left, hit, 0.8 * hit.score)
        return Labels(left, self._above(row, span), hits[0].classes if hits else frozenset())

    def _label_behind(self, row: int, first: int) -> list[Hit]:
        """Keywords right of an amount, up to the next number, as in scripts that run from right to left."""
        ends = [number.first for number in self.numbers_in(row) if number.first > first and number.is_money]
        end = min(ends, default=len(self.rows[row].words))
        return [hit for hit in self.keywords.in_row(row) if first < hit.first < end]

    def _lone_label(self, row: int) -> list[Hit]:
        if row == 0 or self.rows[row - 1].page != self.rows[row].page:
            return []
        if self.has_money(row - 1) or any(date.row == row - 1 for date in self.dates):
            return []
        return list(self.keywords.in_row(row - 1))

    def _above(self, row: int, span: Span) -> dict[str, float]:
        above: dict[str, float] = {}
        for index in range(row - 1, max(-1, row - _HEADER_REACH), -1):
            if self.rows[index].page != self.rows[row].page:
                break
            words = [word for word in self.rows[index].words if word.overlap(span) > 0.2 * word.height]
            if not any(letters_in(word.text) > 2 for word in words):
                continue
            hits = [hit for hit in self.keywords.in_row(index) if min(hit.x1, span.x1) > max(hit.x0, span.x0)]
            for hit in hits:
                _strengthen(above, hit, hit.score / (1 + 0.05 * (row - index)))
            break
        return above


def _end_of_other_block(words: Sequence[Span], hits: Sequence[Hit]) -> int:
    """The last word of a block of text left of the sums: a wide gap follows, and a label of a sum behind it. -1: none."""
    labels = [hit.first for hit in hits if not hit.classes.isdisjoint(_SUMS)]
    gaps = [i for i, (word, after) in enumerate(pairwise(words)) if after.x0 - word.x1 > _BLOCK_GAP] if labels else []
    return max((gap for gap in gaps if gap < max(labels)), default=-1)


def _strengthen(labels: dict[str, float], hit: Hit, strength: float) -> None:
    for keyword_class in sorted(hit.classes):  # features are summed and stored in this order
        labels[keyword_class] = max(labels.get(keyword_class, 0.0), strength)


def read(text: OcrText) -> Reading:
    """Find rows, keywords, numbers and dates in a document."""
    rows = layout.build(text)
    hits = learned_words.add(keywords.find(rows), rows)
    found = numbers.find(rows)
    signs = currency_signs.find(rows)
    buyer = buyer_block.words(rows, hits)
    goods = frozenset(number.row for number in found if number.is_money)
    comes_from = origin.combine(origin_clues.find(rows, signs, buyer, goods))
    printed_dates = dates.find(rows, day_first=comes_from.day_first)
    page = separators.decide(found, rows, comes_from.shares)
    resolved = tuple(separators.resolve(found, page))
    with_money = tuple(whole_amounts.mark(resolved, rows, hits, printed_dates, page))
    return Reading(
        layout=rows,
        keywords=hits,
        numbers=tuple(brackets.apply(with_money, rows, hits)),
        dates=printed_dates,
        currency_signs=signs,
        buyer_words=buyer,
        origin=comes_from,
    )
