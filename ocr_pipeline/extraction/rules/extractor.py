"""The rules extractor: reads a document, gathers candidates per field, chooses, and says where each value stands."""

from collections.abc import Callable, Sequence
from typing import Any

from ocr_pipeline.components import Capabilities
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.rules import lexicon, reading
from ocr_pipeline.extraction.rules.candidates import Choice, choose
from ocr_pipeline.extraction.rules.fields import (
    addresses,
    amounts,
    currency,
    document_type,
    identifiers,
    issue_dates,
    items,
    parties,
    suppliers,
    tax_table,
    totals,
)
from ocr_pipeline.extraction.rules.fields.items import Item
from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount, labelled
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.result import Result
from ocr_pipeline.schemas import Extraction, OcrText

Rechoose = Callable[[str, Choice[Any], Reading], Choice[Any]]
"""From a field, what the rules chose for it, and the document, to another choice among the same candidates."""

Rows = Callable[[Sequence[Item], Reading], Sequence[Item]]
"""From the items that the rules found, and the document, to those of them that are some."""

VERSION = 5
"""Raised with every change of the code that can change a result."""


class RulesExtractor(Extractor):
    """Reads invoice fields with hand-written rules. Needs the words of an OCR engine; opens no page and no network."""

    id = "rules"
    capabilities = Capabilities(requires="words")

    def fingerprint(self) -> dict[str, object]:
        return {"name": "rules", "version": VERSION, "data_sha256": lexicon.digest()}

    def extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is not None  # what `requires` asserts
        return extract_text(document.text)


def extract_text(
    text: OcrText,
    rechoose: Rechoose = lambda name, choice, seen: choice,
    keep: Rows = lambda sold, seen: sold,
) -> Extraction:
    """Read the fields of a document from its words. `rechoose` has the last word on every single-valued field, `keep` on the
    line items."""
    seen = reading.read(text)
    found = labelled(seen)
    result = Result(list(text.words()))
    sold = items.find(seen)
    for name, choice in choices(seen, found, sold).items():
        result.add_choice(name, rechoose(name, choice, seen))
    result.add_tax_lines(tax_table.find(seen, found))
    result.add_items(keep(sold, seen))
    return result.extraction()


def choices(seen: Reading, found: Sequence[LabelledAmount], sold: Sequence[Item]) -> dict[str, Choice[Any]]:
    """For each single-valued field, its candidates with their features and scores, and the one that was taken."""
    dates = issue_dates.candidates(seen)
    tax_ids = identifiers.candidates(seen, "supplier_tax_id", "tax_number") + identifiers.unlabelled_tax_ids(seen)
    supplier = choose(suppliers.candidates(seen), suppliers.WEIGHTS, suppliers.AT_LEAST)
    address = addresses.candidates(seen, supplier.chosen.candidate.span) if supplier.chosen else []
    return {
        "document_type": choose(document_type.candidates(seen), document_type.WEIGHTS),
        "supplier_name": supplier,
        "supplier_address": choose(address, addresses.WEIGHTS, addresses.AT_LEAST),
        "supplier_tax_id": choose(tax_ids, identifiers.WEIGHTS, identifiers.AT_LEAST),
        "receiver_name": choose(parties.receivers(seen), parties.RECEIVER_WEIGHTS),
        "receiver_tax_id": _identifier(seen, "receiver_tax_id"),
        "invoice_id": _identifier(seen, "invoice_id"),
        "invoice_date": choose(dates, issue_dates.INVOICE_DATE_WEIGHTS, issue_dates.INVOICE_DATE_AT_LEAST),
        "due_date": choose(dates, issue_dates.DUE_DATE_WEIGHTS, issue_dates.DUE_DATE_AT_LEAST),
        "purchase_order": _identifier(seen, "purchase_order"),
        "currency": choose(currency.candidates(seen), currency.WEIGHTS),
        **totals.choose_amounts(
            amounts.candidates(seen, found, [item.amount.value for item in sold]), amounts.cash_step(seen)
        ),
    }


def _identifier(seen: Reading, *classes: str) -> Choice[str]:
    return choose(identifiers.candidates(seen, *classes), identifiers.WEIGHTS, identifiers.AT_LEAST)
