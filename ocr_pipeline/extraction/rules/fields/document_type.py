"""Candidates for the kind of document: each kind that has a title, and those that the rest of the document speaks for."""

import re
from collections.abc import Mapping

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.extraction.rules.text import key
from ocr_pipeline.schemas import DocumentType

WEIGHTS = {
    "title": 1.0,
    "first_title": 1.5,
    "paid_in_cash": 2.0,
    "paid_by_card": 1.2,
    "due_date": 1.0,
    "buyer": 0.7,
    "nothing_paid": 1.0,
    "account": 0.8,
    "invoice_number": 0.5,
    "tax_columns": 0.4,
    "narrow": 1.2,
    "time_of_day": 0.8,
    "counter": 0.6,
}
AT_LEAST = 1.3
"""A kind without a title needs two signs."""

_PAYMENT = frozenset({"cash", "change"})
_KINDS: tuple[DocumentType, ...] = ("invoice", "receipt", "credit_note")
_COLUMN = 0.5
"""A page whose text is narrower than this share of it shows a receipt on a larger sheet."""
_TIME = re.compile(r"(?<![\d.,:])(?:[01]?\d|2[0-3])[:h][0-5]\d(?:[:.][0-5]\d)?(?![\d:])")
_ACCOUNT = re.compile(r"\b(?:IBAN|BIC|SWIFT|IFSC|sort code|account (?:no|number)|bankgiro|plusgiro)\b", re.IGNORECASE)


def candidates(reading: Reading) -> list[Candidate[DocumentType]]:
    """The kinds whose title stands on the document, the first title first, and kinds that other signs speak for."""
    titles: dict[DocumentType, Span] = {}
    said: set[str] = set()
    for row in reading.rows:
        classes = reading.keywords.classes(row.index)
        if "prepaid" in classes:
            classes -= _PAYMENT | {"receipt_title"}  # `Acompte reçu`
        said |= classes if reading.has_money(row.index) else classes - _PAYMENT - {"card"}
        if "invoice_id" in classes and "receipt_title" not in classes and _begins_with_title(reading, row.index):
            classes |= {"invoice_title"}
        for kind in _KINDS:
            if f"{kind}_title" in classes:
                titles.setdefault(kind, row.span)
    signs = _signs(reading, said)
    titled = [
        Candidate(kind, span, {"title": 1.0, "first_title": float(position == 0), **signs[kind]})
        for position, (kind, span) in enumerate(titles.items())
    ]
    if not reading.rows:
        return titled
    first = reading.rows[0].span
    untitled = [Candidate(kind, first, signs[kind]) for kind in _KINDS[:2] if kind not in titles]
    return [*titled, *(candidate for candidate in untitled if any(candidate.features.values()))]


def _begins_with_title(reading: Reading, row: int) -> bool:
    """Whether a label of the number begins with the title: `Facture n° 2026-0148`."""
    known = lexicon.load().phrases
    firsts = [reading.rows[row].words[hit.first] for hit in reading.keywords.in_row(row) if "invoice_id" in hit.classes]
    return any("invoice_title" in classes for word in firsts for classes in known.get(key(word.text), {}).values())


def _is_narrow(reading: Reading) -> bool:
    if reading.layout.is_narrow:
        return True
    left = min((row.span.x0 for row in reading.rows), default=0.0)
    return max((row.span.x1 for row in reading.rows), default=1.0) - left < _COLUMN


def _signs(reading: Reading, said: set[str]) -> Mapping[DocumentType, dict[str, float]]:
    """What speaks for each kind beside its title. `said`: the keyword classes of the document."""
    paid = bool(said & _PAYMENT)
    text = [row.text for row in reading.rows]
    receipt = {
        "paid_in_cash": float(paid),
        "paid_by_card": float("card" in said and not paid),
        "narrow": float(_is_narrow(reading)),
        "time_of_day": float(any(_TIME.search(line) for line in text)),
        "counter": float(bool(said & {"order_id", "rounding", "service_charge"})),
    }
    invoice = {
        "due_date": float("due_date" in said),
        "buyer": float("buyer" in said),
        "account": float(any(_ACCOUNT.search(line) for line in text)),
        "invoice_number": float("invoice_id" in said),
        "tax_columns": float({"description", "unit_price", "quantity"} <= said),
    }
    return {"invoice": invoice, "receipt": receipt, "credit_note": {"nothing_paid": float(not paid)}}
