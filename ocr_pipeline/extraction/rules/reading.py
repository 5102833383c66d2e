"""Everything that is read off a document before any field is decided."""

from dataclasses import dataclass
from functools import cached_property

from ocr_pipeline.extraction.rules import dates, keywords, layout, numbers, region
from ocr_pipeline.extraction.rules.dates import PrintedDate
from ocr_pipeline.extraction.rules.keywords import Hit, Keywords
from ocr_pipeline.extraction.rules.layout import Layout, Row, Span
from ocr_pipeline.extraction.rules.lexicon import Region
from ocr_pipeline.extraction.rules.numbers import Number
from ocr_pipeline.schemas import OcrText

_HEADER_REACH = 40
"""A column header is looked for in so many rows above a value."""


@dataclass(frozen=True)
class Labels:
    """Keyword classes that speak about one place, each with a strength of 0..1."""

    left: dict[str, float]
    above: dict[str, float]
    first: frozenset[str] = frozenset()
    """Classes of the first phrase of the row: what the row is about."""

    def strength(self, keyword_class: str) -> float:
        return max(self.left.get(keyword_class, 0.0), self.above.get(keyword_class, 0.0))


@dataclass(frozen=True)
class Reading:
    """A document's rows with the keywords, numbers and dates found in them."""

    layout: Layout
    keywords: Keywords
    numbers: tuple[Number, ...]
    dates: tuple[PrintedDate, ...]
    region: Region | None

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.layout.rows

    @cached_property
    def numbers_by_row(self) -> dict[int, list[Number]]:
        by_row: dict[int, list[Number]] = {}
        for number in self.numbers:
            by_row.setdefault(number.row, []).append(number)
        return by_row

    def labels(self, row: int, first: int, span: Span) -> Labels:
        """Keywords left of and above a value that starts at word `first` of a row.

        Left: the strength halves with every amount that stands between. A value alone in its row takes the label of a
        row above that has no amount of its own. Above: the nearest text in the value's column, usually a header.
        """
        amounts = [number.first for number in self.numbers_by_row.get(row, ()) if number.is_money]
        left: dict[str, float] = {}
        opening: frozenset[str] = frozenset()
        for hit in self.keywords.in_row(row):
            if hit.last < first:
                opening = opening or hit.classes
                between = sum(hit.last < position < first for position in amounts)
                _strengthen(left, hit, hit.score * 0.5**between)
        if not left and not any(c.isalpha() for word in self.rows[row].words[:first] for c in word.text):
            for hit in self._lone_label(row):
                opening = opening or hit.classes
                _strengthen(left, hit, 0.7 * hit.score)
        return Labels(left, self._above(row, span), opening)

    def _lone_label(self, row: int) -> tuple[Hit, ...]:
        if row == 0 or self.rows[row - 1].page != self.rows[row].page:
            return ()
        if any(number.is_money for number in self.numbers_by_row.get(row - 1, ())):
            return ()
        return self.keywords.in_row(row - 1)

    def _above(self, row: int, span: Span) -> dict[str, float]:
        above: dict[str, float] = {}
        for index in range(row - 1, max(-1, row - _HEADER_REACH), -1):
            if self.rows[index].page != self.rows[row].page:
                break
            words = [word for word in self.rows[index].words if word.overlap(span) > 0.2 * word.height]
            if not any(sum(c.isalpha() for c in word.text) > 2 for word in words):
                continue
            hits = [hit for hit in self.keywords.in_row(index) if min(hit.x1, span.x1) - max(hit.x0, span.x0) > 0]
            for hit in hits:
                _strengthen(above, hit, hit.score / (1 + 0.05 * (row - index)))
            if hits or not any(number.row == index for number in self.numbers_by_row.get(index, ())):
                break
        return above


def _strengthen(labels: dict[str, float], hit: Hit, strength: float) -> None:
    for keyword_class in hit.classes:
        labels[keyword_class] = max(labels.get(keyword_class, 0.0), strength)


def read(text: OcrText) -> Reading:
    """Read rows, keywords, numbers and dates off a document."""
    rows = layout.build(text)
    country = region.guess(rows)
    return Reading(
        layout=rows,
        keywords=keywords.find(rows),
        numbers=numbers.find(rows),
        dates=dates.find(rows, day_first=country.day_first if country else True),
        region=country,
    )
