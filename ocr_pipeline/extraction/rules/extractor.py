"""The rules extractor: reads a document, gathers candidates per field and chooses among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.extraction.rules import (
    amounts,
    currency,
    document_type,
    identifiers,
    issue_dates,
    items,
    lexicon,
    parties,
    reading,
    suppliers,
    tax_table,
    totals,
)
from ocr_pipeline.extraction.rules.candidates import Candidate, Ranked, confidence
from ocr_pipeline.extraction.rules.layout import Span
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.schemas import Evidence, Extraction, Invoice, LineItem, OcrText, TaxLine, Word

if TYPE_CHECKING:
    from ocr_pipeline.extraction.base import ExtractionInput

VERSION = 1
"""Raised with every change of the code that can change a result."""


class RulesExtractor:
    """Reads invoice fields with hand-written rules. Needs the words of an OCR engine; opens no page and no network."""

    def fingerprint(self) -> dict[str, Any]:
        return {"name": "rules", "version": VERSION, "data_sha256": lexicon.digest()}

    def extract(self, document: "ExtractionInput") -> Extraction:
        if document.text is None:
            raise ConfigurationError(
                "the rules extractor needs an OCR engine: set `engine` for its backend in backends.yaml"
            )
        return extract_text(document.text)


def extract_text(text: OcrText) -> Extraction:
    """Read the fields of a document from its words."""
    seen = reading.read(text)
    result = _Result(list(text.words()))
    _read_amounts(seen, result)
    _read_parties(seen, result)
    _read_dates_and_numbers(seen, result)
    return Extraction(invoice=Invoice(**result.values), evidence=result.evidence)


@dataclass
class _Result:
    """Collects values together with their evidence."""

    words: list[Word]
    values: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)

    def ranked(self, name: str, ranked: Sequence[Ranked[Any]]) -> None:
        """Take the first of the candidates, if there is one."""
        if ranked:
            best = ranked[0]
            self.values[name] = best.candidate.value
            self.point(name, best.candidate.span, best.reason, confidence(ranked))

    def sole(self, name: str, candidate: Candidate[Any] | None, score: float = 0.5) -> None:
        if candidate is not None:
            self.values[name] = candidate.value
            self.point(name, candidate.span, next(iter(candidate.features), "only candidate").replace("_", " "), score)

    def point(self, path: str, span: Span, method: str, score: float) -> None:
        """Record where a value stands. The box is that of the original words, not the deskewed one."""
        words = [self.words[index] for index in span.words]
        page = words[0].page
        boxes = [word.box for word in words if word.page == page]
        box = (
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        )
        self.evidence[path] = Evidence(
            page=page, text=span.text, box=box, words=list(span.words), method=method, score=score
        )


def _read_amounts(seen: Reading, result: _Result) -> None:
    labelled = amounts.labelled(seen)
    chosen = totals.choose(amounts.candidates(seen, labelled))
    picked: Mapping[str, Ranked[Decimal] | None] = {
        "net_amount": chosen.net_amount,
        "total_tax_amount": chosen.total_tax_amount,
        "total_amount": chosen.total_amount,
        "amount_due": chosen.amount_due,
    }
    for name, ranked in picked.items():
        if ranked is not None:
            result.ranked(name, [ranked, *(other for other in chosen.ranked[name] if other is not ranked)])
    result.sole("currency", currency.choose(seen), 0.7)
    result.values["tax_lines"] = []
    for index, row in enumerate(tax_table.find(seen, labelled)):
        net, tax = row.net, row.tax
        result.values["tax_lines"].append(
            TaxLine(rate=row.rate, net_amount=net.value if net else None, amount=tax.value if tax else None)
        )
        places = {"rate": row.rate_span, "net_amount": net and net.span, "amount": tax and tax.span}
        for part, span in places.items():
            if span:
                result.point(f"tax_lines.{index}.{part}", span, "rate fits its amounts" if net else "tax label", 0.8)
    result.values["line_items"] = []
    for index, item in enumerate(items.find(seen, labelled)):
        _read_item(result, index, item)


def _read_item(result: _Result, index: int, item: items.Item) -> None:
    result.values["line_items"].append(
        LineItem(
            description=item.description.text if item.description else None,
            quantity=item.quantity.value if item.quantity else None,
            unit=item.unit.text if item.unit else None,
            unit_price=item.unit_price.value if item.unit_price else None,
            amount=item.amount.value,
            product_code=item.product_code.text if item.product_code else None,
        )
    )
    fits = (
        item.quantity is not None
        and item.unit_price is not None
        and abs(item.quantity.value * item.unit_price.value - item.amount.value) < Decimal("0.011")
    )
    method, score = ("quantity x unit price", 0.9) if fits else ("item table", 0.6)
    places = {
        "description": item.description,
        "quantity": item.quantity and item.quantity.span,
        "unit": item.unit,
        "unit_price": item.unit_price and item.unit_price.span,
        "amount": item.amount.span,
        "product_code": item.product_code,
    }
    for part, span in places.items():
        if span:
            result.point(f"line_items.{index}.{part}", span, method, score)


def _read_parties(seen: Reading, result: _Result) -> None:
    names = suppliers.choose(suppliers.candidates(seen))
    result.ranked("supplier_name", names)
    if names:
        result.sole("supplier_address", parties.supplier_address(seen, names[0].candidate.span))
    result.sole("receiver_name", parties.receiver(seen))
    kind = document_type.choose(seen)
    if kind is not None:
        result.ranked("document_type", [kind])


def _read_dates_and_numbers(seen: Reading, result: _Result) -> None:
    issued, due = issue_dates.choose(issue_dates.candidates(seen))
    result.ranked("invoice_date", issued)
    result.ranked("due_date", due)
    for name in ("invoice_id", "purchase_order", "supplier_tax_id", "receiver_tax_id"):
        result.ranked(name, identifiers.choose(identifiers.candidates(seen, name)))
