"""Candidates for the receiver: names under a label, in the window of a letter, or above an address that is not the
supplier's."""

from collections.abc import Iterator
from dataclasses import replace

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.fields import blocks
from ocr_pipeline.extraction.rules.fields.blocks import Block, Line
from ocr_pipeline.extraction.rules.fields.company_names import legal_form
from ocr_pipeline.extraction.rules.fields.parties import labelled_receivers, named_under
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span
from ocr_pipeline.extraction.rules.text import alphanumeric, letters_in, plain

WEIGHTS = {
    "under_buyer_label": 3.0,
    "under_ship_to_label": 2.0,
    "under_sender_line": 1.5,
    "name_field": 1.6,
    "address_block": 1.4,
    "in_buyer_block": 0.8,
    "in_window": 0.5,
    "salutation": 0.5,
    "digits": -3.0,
    "legal_form": 0.3,
    "sender_data": -1.5,
    "below_items": -1.0,
    "beside_cells": -1.0,
    "right_below_supplier": -0.7,
    "keywords": -1.5,
    "is_supplier": -5.0,
    "before_supplier": -0.5,
}
AT_LEAST = 1.0

_WINDOW_TOP, _WINDOW_BOTTOM = 0.16, 0.46
"""Where the window of a letter is on A4, in page widths: 34 to 97 mm."""
_NO_NAME = frozenset(
    {"invoice_title", "credit_note_title", "receipt_title", "not_a_name", "invoice_id", "invoice_date"}
)


def candidates(reading: Reading, supplier: Candidate[str] | None) -> list[Candidate[str]]:
    """Names of the receiver, the labelled ones first."""
    found = [*labelled_receivers(reading), *_name_fields(reading), *_above_addresses(reading, supplier)]
    name = alphanumeric(supplier.value) if supplier is not None else ""
    words = frozenset(supplier.span.words) if supplier is not None else frozenset()
    return [
        replace(candidate, features={**candidate.features, **_of_name(candidate.value, candidate.span, name, words)})
        for candidate in found
    ]


def _of_name(value: str, span: Span, supplier: str, words: frozenset[int]) -> dict[str, float]:
    folded = alphanumeric(value)
    same = bool(supplier) and (folded == supplier or folded.startswith(supplier) or not words.isdisjoint(span.words))
    first = plain(value).split(" ")[0].strip(".,:")
    return {
        "is_supplier": float(same),
        "digits": min(sum(map(str.isdigit, value)) / max(letters_in(value), 1), 1.0),
        "legal_form": float(legal_form(value) == "end"),
        "salutation": float(first in lexicon.load().salutations),
    }


def _name_fields(reading: Reading) -> Iterator[Candidate[str]]:
    """`Name: Jose Mendez`, outside a block of the seller."""
    sellers = {index for span in named_under(reading, "seller") for index in span.words}
    for span in named_under(reading, "name_field"):
        if sellers.isdisjoint(span.words):
            yield Candidate(span.text.strip(" :"), span, {"name_field": 1.0})


def _above_addresses(reading: Reading, supplier: Candidate[str] | None) -> Iterator[Candidate[str]]:
    """The first line of every block with an address on the first page."""
    if reading.layout.is_narrow:
        return
    items = next((row.index for row in reading.rows if _is_table_head(reading, row.index)), len(reading.rows))
    for block in blocks.find(reading):
        start = block.address_start()
        head = next(blocks.names(block), None) if start else None
        if head is not None:
            yield Candidate(head.text.strip(" :"), head.span, _of_block(reading, block, head, items, supplier))


def _of_block(
    reading: Reading, block: Block, head: Line, items: int, supplier: Candidate[str] | None
) -> dict[str, float]:
    supplier_words = frozenset(supplier.span.words) if supplier is not None else frozenset()
    has_supplier = any(not supplier_words.isdisjoint(line.span.words) for line in block.lines)
    below = supplier is not None and head.span.y0 > supplier.span.y0
    return {
        "address_block": 1.0,
        "in_buyer_block": float(not reading.buyer_words.isdisjoint(head.span.words)),
        "in_window": float(_WINDOW_TOP < head.span.y0 < _WINDOW_BOTTOM),
        "sender_data": float(blocks.has_sender_data(reading, block)),
        "below_items": float(head.row > items),
        "beside_cells": float(len(reading.rows[head.row].cells) > 3),
        "right_below_supplier": float(has_supplier),
        "before_supplier": float(supplier is not None and not below),
        "keywords": float(bool(reading.keywords.classes(head.row) & _NO_NAME) and _alone(reading, head)),
    }


def _alone(reading: Reading, line: Line) -> bool:
    """Whether a line is the whole text of its row."""
    return len(reading.rows[line.row].cells) == 1


def _is_table_head(reading: Reading, row: int) -> bool:
    return len(reading.keywords.classes(row) & {"description", "quantity", "unit_price", "amount"}) >= 3
