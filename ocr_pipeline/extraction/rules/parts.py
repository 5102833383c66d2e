"""Several invoices in one document: where each of them begins, judged by the words of its pages.

A page begins a new invoice if enough speaks for it: a title and an invoice number of its own, a page counter that starts
again, totals, a date, another supplier. The same number, or a counter that goes on, speaks against it. Pages that are no
invoice (delivery notes, terms, timesheets) belong to the invoice before them, and to the first one if they come first.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from ocr_pipeline.documents.page_range import PageRange, listed
from ocr_pipeline.extraction.rules.page_signs import PageSigns, signs_of
from ocr_pipeline.extraction.rules.reading import Reading, read
from ocr_pipeline.schemas import OcrText

VERSION = 1
"""Raise it with every change that finds other parts: documents of data sets with `split: auto` are then looked at again."""

WEIGHTS = {
    "title": 2.0,
    "other_number": 2.0,
    "number_on_top": 0.5,
    "same_number": -4.0,
    "counter_restarts": 2.0,
    "counter_goes_on": -4.0,
    "total": 1.0,
    "both_complete": 0.5,
    "other_date": 1.0,
    "other_sender": 1.0,
    "same_total": -2.0,
    "no_money": -0.5,
    "other_document": -4.0,
}
AT_LEAST = 4.0

_MIN_MENTION = 4
"""Characters of an invoice number from which its mention anywhere on a page counts."""


@dataclass
class _Part:
    """The pages of an invoice so far."""

    pages: list[PageSigns]

    @property
    def is_invoice(self) -> bool:
        own = [page for page in self.pages if not page.other_document]
        signs = (any(page.title for page in own), any(page.number for page in own), any(page.money for page in own))
        return signs.count(True) > 1 and any(signs[:2])

    @property
    def numbers(self) -> set[str]:
        return {page.number for page in self.pages if page.number and not page.other_document}

    @property
    def corrects(self) -> bool:
        return any(page.corrects for page in self.pages)

    def all(self, name: str) -> set[object]:
        return set().union(*(getattr(page, name) for page in self.pages))


@dataclass(frozen=True)
class FirstInvoice:
    """The words of the first invoice of a document, their reading, and what to tell if there are more (None: only one)."""

    text: OcrText
    reading: Reading
    warning: str | None


def first_invoice(text: OcrText) -> FirstInvoice:
    """Read a document. If it holds several invoices, only the pages of the first one."""
    parts = find_parts(text)
    if len(parts) < 2:
        return FirstInvoice(text, read(text), None)
    first = OcrText(pages=[page for page in text.pages if page.page <= parts[0].last])
    return FirstInvoice(first, read(first), warning_of(parts))


def warning_of(parts: Sequence[PageRange]) -> str:
    """What is told about a document that holds several invoices and was not split."""
    return f"{len(parts)} invoices on pages {listed(parts)}; values are those of the first; set split: auto"


def find_parts(text: OcrText) -> list[PageRange]:
    """The page ranges of the invoices in a document, in order; they cover its pages from 1 to the last one.
    One range for a document with one invoice or none."""
    last = max((page.page for page in text.pages), default=1)
    if len(text.pages) < 2:
        return [PageRange(1, last)]
    # Each page is read alone: two invoices may be in two languages, and of two countries.
    first, *others = [signs_of(page.page, read(OcrText(pages=[page]))) for page in text.pages]
    parts = [_Part([first])]
    for page in others:
        if parts[-1].is_invoice and _score(page, parts[-1]) >= AT_LEAST:
            parts.append(_Part([page]))
        else:
            parts[-1].pages.append(page)
    starts = [1, *(part.pages[0].page for part in parts[1:])]
    return [PageRange(start, end) for start, end in zip(starts, [*(at - 1 for at in starts[1:]), last], strict=True)]


def _score(page: PageSigns, part: _Part) -> float:
    """How much speaks for a page being the first one of the next invoice."""
    return sum(WEIGHTS[name] for name, holds in _features(page, part).items() if holds)


def _features(page: PageSigns, part: _Part) -> Mapping[str, bool]:
    same = _same_number(page, part)
    other = bool(page.number and part.numbers) and not same
    totals = any(earlier.total for earlier in part.pages)
    return {
        "title": page.title,
        "other_number": other,
        "number_on_top": other and page.on_top,
        "same_number": same,
        "counter_restarts": page.counter == 1 and not same,
        "counter_goes_on": _goes_on(page, part),
        "total": page.total,
        "both_complete": other and page.total and totals,
        "other_date": _differ(page.dates, part.all("dates")),
        "other_sender": _differ(page.senders, part.all("senders")),
        "same_total": not other and bool(page.totals & part.all("totals")),
        "no_money": not page.money,
        "other_document": page.other_document,
    }


def _same_number(page: PageSigns, part: _Part) -> bool:
    known = part.numbers
    if page.corrects and not part.corrects and set(page.numbers) - known:
        return False  # a credit note names the invoice that it corrects
    if page.number:
        return page.number in known
    return any(len(number) >= _MIN_MENTION and number in page.words for number in known)


def _goes_on(page: PageSigns, part: _Part) -> bool:
    """Whether the page counter is the next one."""
    if page.counter is None or page.counter < 2:
        return False
    counters = [earlier.counter for earlier in part.pages if earlier.counter]
    return page.counter == len(part.pages) + 1 or (bool(counters) and page.counter == counters[-1] + 1)


def _differ(values: Set[object], known: Set[object]) -> bool:
    """Whether both are known, and have nothing in common."""
    return bool(values and known) and not values & known
