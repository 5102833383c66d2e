"""Makes labels from UN/CEFACT Cross Industry Invoices, the XML inside Factur-X and ZUGFeRD invoices.

The tables below map our fields to paths, with the business terms of EN 16931 (BT, BG). ZUGFeRD 1 and Factur-X / ZUGFeRD 2
differ in the namespace and in some names; `a|b` lists the alternatives.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.xml import DOCUMENT_TYPES

_DATES = (8, 12, 14)
"""Digits of a date: alone, with hours and minutes, with seconds."""
_DOCUMENT = "ExchangedDocument|HeaderExchangedDocument"
_TRADE = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_AGREEMENT = f"{_TRADE}/ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_SETTLEMENT = f"{_TRADE}/ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_TOTALS = f"{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_SELLER, _BUYER = f"{_AGREEMENT}/SellerTradeParty", f"{_AGREEMENT}/BuyerTradeParty"

ROOTS = ("CrossIndustryInvoice", "CrossIndustryDocument", "Invoice")
"""Root elements of Factur-X and ZUGFeRD 2, of ZUGFeRD 1, and of its release candidate."""

TEXTS = {
    "invoice_id": f"{_DOCUMENT}/ID",  # BT-1
    "supplier_name": f"{_SELLER}/Name",  # BT-27
    "receiver_name": f"{_BUYER}/Name",  # BT-44
    "purchase_order": f"{_AGREEMENT}/BuyerOrderReferencedDocument/IssuerAssignedID|ID",  # BT-13
    "currency": f"{_SETTLEMENT}/InvoiceCurrencyCode",  # BT-5
}
DATES = {
    "invoice_date": f"{_DOCUMENT}/IssueDateTime",  # BT-2
    "due_date": f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime",  # BT-9
}
AMOUNTS = {
    "net_amount": f"{_TOTALS}/TaxBasisTotalAmount",  # BT-109
    "total_tax_amount": f"{_TOTALS}/TaxTotalAmount",  # BT-110
    "total_amount": f"{_TOTALS}/GrandTotalAmount",  # BT-112
    "amount_due": f"{_TOTALS}/DuePayableAmount",  # BT-115
}
TAX_IDS = {"supplier_tax_id": _SELLER, "receiver_tax_id": _BUYER}  # BT-31, BT-32, BT-48
ADDRESS = ("LineOne", "LineTwo", "LineThree")  # BG-5; postcode and city follow

TAX_LINES = f"{_SETTLEMENT}/ApplicableTradeTax"  # BG-23
TAX_LINE = {
    "rate": "RateApplicablePercent|ApplicablePercent",
    "net_amount": "BasisAmount",
    "amount": "CalculatedAmount",
}

LINE_ITEMS = f"{_TRADE}/IncludedSupplyChainTradeLineItem"  # BG-25
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"
LINE_ITEM_TEXTS = {
    "description": "SpecifiedTradeProduct/Name",
    "product_code": "SpecifiedTradeProduct/SellerAssignedID",
}
LINE_ITEM_AMOUNTS = {
    "quantity": "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery/BilledQuantity",
    "unit_price": (
        "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement/NetPriceProductTradePrice/ChargeAmount"
    ),
    "amount": (
        f"{_LINE_SETTLEMENT}/SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
        "/LineTotalAmount"
    ),
}
"""No unit: the XML has a code (C62), the page a word (Stück)."""


def is_cii(root: Any) -> bool:
    """Whether an element is the root of a Cross Industry Invoice."""
    return xml.local_name(root) in ROOTS and bool(xml.find(root, f"{_DOCUMENT}/ID"))


def values_of(root: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values by field, and accepted alternatives."""
    values: dict[str, Any] = {name: xml.text(root, path) for name, path in TEXTS.items()}
    items = [xml.row(node, LINE_ITEM_TEXTS, LINE_ITEM_AMOUNTS) for node in xml.find(root, LINE_ITEMS)]
    values |= {
        "document_type": DOCUMENT_TYPES.get(xml.text(root, f"{_DOCUMENT}/TypeCode") or ""),
        "supplier_address": _address(root),
        **{name: _date(root, path) for name, path in DATES.items()},
        **{name: xml.amount_in(root, path, values["currency"]) for name, path in AMOUNTS.items()},
        "tax_lines": [xml.row(node, {}, TAX_LINE) for node in xml.find(root, TAX_LINES)],
        "line_items": [item for item in items if "amount" in item or "quantity" in item],  # the others are remarks
    }
    alternatives = {}
    for name, party in TAX_IDS.items():
        numbers = _tax_ids(root, party)
        values[name] = numbers[0] if numbers else None
        if numbers[1:]:
            alternatives[name] = numbers[1:]
    return values, alternatives


def _date(root: Any, path: str) -> date | str | None:
    """A date in format 102 (YYYYMMDD), or 203 and 204 with a time behind it. None if there is no date or there are several
    different ones."""
    texts = set(xml.texts(root, path))
    if len(texts) != 1:
        return None
    text = texts.pop()
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8])) if len(text) in _DATES and text.isdecimal() else text
    except ValueError:
        return text


def _address(root: Any) -> str | None:
    """The seller's address in one line, without the country code."""
    base = f"{_SELLER}/PostalTradeAddress"
    lines: Sequence[str | None] = [xml.text(root, f"{base}/{line}") for line in ADDRESS]
    city = " ".join(text for name in ("PostcodeCode", "CityName") if (text := xml.text(root, f"{base}/{name}")))
    return ", ".join(part for part in (*lines, city) if part) or None


def _tax_ids(root: Any, party: str) -> list[str]:
    """The VAT number (VA), then the tax number (FC)."""
    elements = xml.find(root, f"{party}/SpecifiedTaxRegistration/ID")
    by_scheme = sorted(elements, key=lambda element: element.get("schemeID") != "VA")
    return [text for element in by_scheme if (text := (element.text or "").strip())]
