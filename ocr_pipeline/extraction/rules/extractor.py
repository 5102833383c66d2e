"""The extractor `rules`: reads a page, collects candidates per field, chooses one, and records where it is printed."""

from collections.abc import Callable, Collection, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from ocr_pipeline.components import Capabilities
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.own import OwnCompany
from ocr_pipeline.extraction.rules import confidence, lexicon
from ocr_pipeline.extraction.rules.candidates import Candidate, Choice, choose
from ocr_pipeline.extraction.rules.capped import capped
from ocr_pipeline.extraction.rules.fields import (
    addresses,
    amounts,
    currency,
    document_type,
    doubts,
    invoice_ids,
    issue_dates,
    items,
    origins,
    own_company,
    receivers,
    sums,
    suppliers,
    tax_ids,
    tax_table,
    totals,
)
from ocr_pipeline.extraction.rules.fields.items import Item
from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount, labelled
from ocr_pipeline.extraction.rules.keyed import extractor as keyed
from ocr_pipeline.extraction.rules.parts import first_invoice
from ocr_pipeline.extraction.rules.reading import Reading, learned_words
from ocr_pipeline.extraction.rules.reading.learned_words import LearnedWords
from ocr_pipeline.extraction.rules.result import Result
from ocr_pipeline.schemas import Extraction, OcrText

Rechoose = Callable[[str, Choice[Any], Reading], Choice[Any]]
"""Field, choice of the rules and reading -> another choice among the same candidates."""

Rows = Callable[[Sequence[Item], Reading], Sequence[Item]]
"""Items of the rules and reading -> the items to keep."""

VERSION = 6
"""Raise it with every code change that can change a result."""


class RulesExtractor(Extractor):
    """Extracts fields with hand-written rules from the words of an OCR engine; opens neither pages nor network."""

    id = "rules"
    capabilities = Capabilities(requires="words", calibrated=True, knows_own=True, schemas="any")

    def __init__(self) -> None:
        self.learned: LearnedWords | None = None

    def use_keywords(self, path: Path) -> None:
        """Load the words that the project learned (`train --keywords`)."""
        self.learned = learned_words.load(path)

    def fingerprint(self) -> dict[str, object]:
        learned = {"keywords_sha256": self.learned.sha256} if self.learned else {}
        own = {"own": self.own.fingerprint()} if self.own else {}
        return {
            "name": "rules",
            "version": VERSION,
            "data_sha256": lexicon.digest(),
            "calibration_sha256": confidence.digest(),
            **learned,
            **own,
        }

    def extract(self, document: ExtractionInput) -> Extraction:
        assert document.text is not None  # what `requires` asserts
        with learned_words.active(self.learned):
            if document.schema.is_invoice:
                return extract_text(document.text, own=self.own)
            return keyed.extract_document(document.text, document.schema, partial(invoice_choices, company=self.own))


def extract_text(
    text: OcrText,
    rechoose: Rechoose = lambda name, choice, reading: choice,
    keep: Rows = lambda sold, reading: sold,
    own: OwnCompany | None = None,
) -> Extraction:
    """Extract the fields of a document from its words; of the first invoice if there are several. `rechoose` decides every
    single-valued field last, `keep` the line items."""
    text, left_out = capped(text)
    first = first_invoice(text)
    reading = first.reading
    printed = labelled(reading)
    words = list(first.text.words())
    result = Result(words)
    sold = items.find(reading)
    made = confidence.calibrated(choices(reading, printed, sold, own), reading, words)
    final = {name: doubts.limited(name, rechoose(name, choice, reading)) for name, choice in made.items()}
    for name, choice in final.items():
        result.add_choice(name, choice)
    result.add_tax_lines(tax_table.find(reading, printed))
    result.add_items(keep(sold, reading))
    origin = origins.stored(reading, final["currency"])
    return result.extraction([warning for warning in (left_out, first.warning) if warning], origin)


def choices(
    reading: Reading,
    printed: Sequence[LabelledAmount],
    sold: Sequence[Item],
    company: OwnCompany | None = None,
    wanted: Collection[str] | None = None,
) -> dict[str, Choice[Any]]:
    """For each single-valued field, its candidates with features and scores, and the chosen one. `company`: the own one;
    `wanted`: fields to choose (default: all)."""
    own = own_company.on_page(reading, company)
    days = cache(lambda: issue_dates.candidates(reading))
    registrations = cache(lambda: tax_ids.candidates(reading))
    supplier = cache(
        lambda: choose(own.not_supplier(suppliers.candidates(reading)), suppliers.WEIGHTS, suppliers.AT_LEAST)
    )
    of_amounts = cache(
        lambda: totals.choose_amounts(
            amounts.candidates(reading, printed, [item.amount.value for item in sold]),
            amounts.cash_step(reading),
            sums.charges(printed),
        )
    )
    makers: dict[str, Callable[[], Choice[Any]]] = {
        "document_type": lambda: choose(
            document_type.candidates(reading), document_type.WEIGHTS, document_type.AT_LEAST
        ),
        "supplier_name": supplier,
        "supplier_address": lambda: _address(reading, supplier()),
        "supplier_tax_id": lambda: choose(
            own.not_supplier(registrations(), tax_ids=True), tax_ids.WEIGHTS, tax_ids.AT_LEAST
        ),
        "receiver_name": lambda: _receiver(reading, supplier(), own),
        "receiver_tax_id": lambda: _receiver_tax_id(own.preferred(registrations(), tax_ids=True)),
        "invoice_id": lambda: _number(reading, "invoice_id"),
        "invoice_date": lambda: choose(days(), issue_dates.INVOICE_DATE_WEIGHTS, issue_dates.INVOICE_DATE_AT_LEAST),
        "due_date": lambda: choose(days(), issue_dates.DUE_DATE_WEIGHTS, issue_dates.DUE_DATE_AT_LEAST),
        "purchase_order": lambda: _number(reading, "purchase_order"),
        "currency": lambda: choose(currency.candidates(reading), currency.WEIGHTS, currency.AT_LEAST),
        **{name: partial(lambda name: of_amounts()[name], name) for name in totals.FIELDS},
    }
    return {name: make() for name, make in makers.items() if wanted is None or name in wanted}


def invoice_choices(reading: Reading, company: OwnCompany | None = None) -> dict[str, Choice[Any]]:
    """`choices` for a page that is not an invoice, whose documents share fields with invoices."""
    return choices(reading, labelled(reading), items.find(reading), company)


def _address(reading: Reading, supplier: Choice[str]) -> Choice[str]:
    found = addresses.candidates(reading, supplier.chosen.candidate.span) if supplier.chosen else []
    return choose(found, addresses.WEIGHTS, addresses.AT_LEAST)


def _receiver(reading: Reading, supplier: Choice[str], own: own_company.Own) -> Choice[str]:
    found = receivers.candidates(reading, supplier.chosen.candidate if supplier.chosen else None)
    preferred = own.preferred([*found, *own.printed_names(reading)])
    return choose(preferred, receivers.WEIGHTS | own_company.OWN_WEIGHTS, receivers.AT_LEAST)


def _receiver_tax_id(registrations: Sequence[Candidate[str]]) -> Choice[str]:
    weights = tax_ids.RECEIVER_WEIGHTS | own_company.OWN_WEIGHTS
    return choose(registrations, weights, tax_ids.RECEIVER_AT_LEAST)


def _number(reading: Reading, *classes: str) -> Choice[str]:
    return choose(invoice_ids.candidates(reading, *classes), invoice_ids.WEIGHTS, invoice_ids.AT_LEAST)
