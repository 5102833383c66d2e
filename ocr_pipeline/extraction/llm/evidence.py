"""Where the values of a model are printed: each one is searched among the words of an engine.

Numbers are compared as decimals, dates as dates, text by similarity over windows of words. A value without evidence is not
on the page and worth a review.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ocr_pipeline.schemas import Evidence, Fields, Invoice, OcrText, Word
from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline.values.dates import parse_date

METHOD = "found on the page"
AT_LEAST = 0.8
"""Similarity (0..1) below which a text counts as not found."""
_MAX_NUMBER_WORDS, _MAX_DATE_WORDS = 3, 5
"""Words of a window: `RM 1 234.00`, `Friday 12 October 2018 ,`."""

Window = tuple[int, int]
"""Index of the first word, and of the one after the last."""


Spellings = Mapping[str, Mapping[str, Sequence[str]]]
"""By field of kind category, what may be printed for each of its options."""


def find_evidence(values: Fields, text: OcrText, spellings: Spellings | None = None) -> dict[str, Evidence]:
    """Evidence by field path: `total_amount`, `line_items.0.amount`. Values that are not on the page are left out."""
    page = _Words(list(text.words()))
    places = {}
    for name, kind in values.KINDS.items():
        value = getattr(values, name)
        if value is None or kind == "boolean" or (name == "document_type" and isinstance(values, Invoice)):
            continue
        if printed := (spellings or {}).get(name, {}).get(str(value)):
            places[name] = next((found for word in printed if (found := page.find(word, last=False))), None)
        else:
            # Totals are at the bottom: of equal amounts, the last one.
            places[name] = page.find(value, last=kind == "money")
    for name in values.ROWS:
        for index, entry in enumerate(getattr(values, name)):
            for part, value in entry.model_dump().items():
                if value is not None and not isinstance(value, bool):
                    places[f"{name}.{index}.{part}"] = page.find(value, last=False)
    return {path: evidence for path, evidence in places.items() if evidence is not None}


class _Words:
    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.texts = [word.text for word in words]
        self._numbers: dict[Decimal, list[Window]] | None = None
        self._dates: dict[date, list[Window]] | None = None

    def find(self, value: Any, *, last: bool) -> Evidence | None:
        if isinstance(value, Decimal):
            return self._exact(self._all_numbers().get(value, []), last=last)
        if isinstance(value, date):
            return self._exact(self._all_dates().get(value, []), last=last)
        return self._similar(str(value))

    def _exact(self, windows: Sequence[Window], *, last: bool) -> Evidence | None:
        return self._evidence(windows[-1 if last else 0], 1.0) if windows else None

    def _all_numbers(self) -> dict[Decimal, list[Window]]:
        if self._numbers is None:
            self._numbers = self._read(_MAX_NUMBER_WORDS, lambda text: [parse_amount(text.rstrip("%*"))])
        return self._numbers

    def _all_dates(self) -> dict[date, list[Window]]:
        if self._dates is None:
            both = (True, False)
            self._dates = self._read(
                _MAX_DATE_WORDS, lambda text: [parse_date(text, day_first=order) for order in both]
            )
        return self._dates

    def _read(self, longest: int, values: Callable[[str], list[Any]]) -> dict[Any, list[Window]]:
        """Windows by value; of windows that start at the same word, the shortest."""
        windows_of: dict[Any, list[Window]] = {}
        for start in range(len(self.words)):
            for length in range(1, longest + 1):
                if not self._one_line(start, start + length):
                    break
                text = " ".join(self.texts[start : start + length])
                for value in dict.fromkeys(value for value in values(text) if value is not None):
                    windows = windows_of.setdefault(value, [])
                    if not windows or windows[-1][0] != start:
                        windows.append((start, start + length))
        return windows_of

    def _one_line(self, start: int, stop: int) -> bool:
        if stop > len(self.words):
            return False
        first, last = self.words[start], self.words[stop - 1]
        return (first.page, first.line) == (last.page, last.line)

    def _similar(self, value: str) -> Evidence | None:
        """The window most similar to `value`; it may cross lines, as addresses do, but not pages."""
        from rapidfuzz import fuzz, utils

        wanted = utils.default_process(value)
        best: tuple[float, Window] = (AT_LEAST, (0, 0))
        for window in self._windows(len(value.split())):
            text = utils.default_process(" ".join(self.texts[window[0] : window[1]]))
            score = fuzz.ratio(wanted, text, score_cutoff=best[0] * 100) / 100 if wanted and text else 0.0
            if score > best[0] or (score == best[0] and best[1] == (0, 0) and score > 0):
                best = (score, window)
        return self._evidence(best[1], best[0]) if best[1] != (0, 0) else None

    def _windows(self, length: int) -> Iterator[Window]:
        """Windows of about this many words: OCR joins and splits words."""
        for size in range(max(1, length - 1 - length // 4), length + 2 + length // 4):
            for start in range(len(self.words) - size + 1):
                if self.words[start].page == self.words[start + size - 1].page:
                    yield start, start + size

    def _evidence(self, window: Window, score: float) -> Evidence:
        words = self.words[window[0] : window[1]]
        lefts, tops, rights, bottoms = zip(*(word.box for word in words), strict=True)
        return Evidence(
            page=words[0].page,
            text=" ".join(word.text for word in words),
            box=(min(lefts), min(tops), max(rights), max(bottoms)),
            words=list(range(*window)),
            method=METHOD,
            score=score,
        )
