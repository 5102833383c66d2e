"""Makes labels from UN/CEFACT Cross Industry Invoices, the XML inside Factur-X and ZUGFeRD invoices.

The tables below map our fields to paths, with the business terms of EN 16931 (BT, BG). Names are matched without namespace,
because ZUGFeRD 1 and Factur-X / ZUGFeRD 2 differ in it; `a|b` lists the alternative names.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ocr_pipeline.documents.importers.copying import is_valid
from ocr_pipeline.schemas import Invoice, Label

Value = str | Decimal | date
Row = dict[str, Value]
"""A line item or tax line: the values that the XML contains, by field."""

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

DOCUMENT_TYPES = {
    **dict.fromkeys(("326", "380", "384", "386", "389", "575", "875", "876", "877"), "invoice"),
    **dict.fromkeys(("261", "381", "396"), "credit_note"),
}
"""UNTDID 1001 codes that EN 16931 allows in BT-3. Other codes are rare and not labelled."""


def label_of_xml(xml: bytes) -> tuple[Label | None, list[str]]:
    """The label, and sentences about values that cannot be parsed; None if the XML is not a Cross Industry Invoice.

    Values that the XML does not contain are not labelled.
    """
    from lxml import etree

    try:
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None, []
    if etree.QName(root).localname not in ROOTS or not _find(root, f"{_DOCUMENT}/ID"):
        return None, []
    texts = {name: _text(root, path) for name, path in TEXTS.items()}
    items = [_row(node, LINE_ITEM_TEXTS, LINE_ITEM_AMOUNTS) for node in _find(root, LINE_ITEMS)]
    values: dict[str, Value | list[Row] | None] = {
        **texts,
        "document_type": DOCUMENT_TYPES.get(_text(root, f"{_DOCUMENT}/TypeCode") or ""),
        "supplier_address": _address(root),
        **{name: _date(root, path) for name, path in DATES.items()},
        **{name: _amount(root, path, texts["currency"]) for name, path in AMOUNTS.items()},
        "tax_lines": [_row(node, {}, TAX_LINE) for node in _find(root, TAX_LINES)],
        "line_items": [item for item in items if "amount" in item or "quantity" in item],  # the others are remarks
    }
    alternatives = {}
    for name, party in TAX_IDS.items():
        numbers = _tax_ids(root, party)
        values[name] = numbers[0] if numbers else None
        if numbers[1:]:
            alternatives[name] = numbers[1:]
    problems = []
    fields = {}
    for name, value in values.items():
        if value is None or value == []:
            continue
        if is_valid(name, value):
            fields[name] = value
        else:
            problems.append(f"invalid {name} in the XML; skipped.")
    return Label(invoice=Invoice.model_validate(fields), alternatives=alternatives), problems


def _find(node: Any, path: str) -> list[Any]:
    """The elements at a path, in any namespace."""
    steps = ("*[" + " or ".join(f"local-name()='{name}'" for name in step.split("|")) + "]" for step in path.split("/"))
    return list(node.xpath("/".join(steps)))


def _text(node: Any, path: str) -> str | None:
    """The text of the first element at a path, in one line."""
    elements = _find(node, path)
    return (" ".join("".join(elements[0].itertext()).split()) or None) if elements else None


def _texts(node: Any, path: str) -> list[str]:
    return [text for element in _find(node, path) if (text := " ".join("".join(element.itertext()).split()))]


def _decimal(text: str | None) -> Decimal | str | None:
    """Parse a plain decimal, as EN 16931 writes amounts. Anything else is returned unchanged, to be reported."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return text


def _amount(root: Any, path: str, currency: str | None) -> Decimal | str | None:
    """The amount in the invoice currency; the tax total may appear a second time, in the accounting currency."""
    elements = [element for element in _find(root, path) if element.get("currencyID") in (None, currency)]
    return _decimal("".join(elements[0].itertext()).strip() or None) if elements else None


def _date(root: Any, path: str) -> date | str | None:
    """A date in format 102, YYYYMMDD. None if there is no date or there are several different ones."""
    texts = set(_texts(root, path))
    if len(texts) != 1:
        return None
    text = texts.pop()
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if len(text) == 8 and text.isdecimal() else text
    except ValueError:
        return text


def _address(root: Any) -> str | None:
    """The seller's address in one line, without the country code."""
    base = f"{_SELLER}/PostalTradeAddress"
    lines: Sequence[str | None] = [_text(root, f"{base}/{line}") for line in ADDRESS]
    city = " ".join(text for name in ("PostcodeCode", "CityName") if (text := _text(root, f"{base}/{name}")))
    return ", ".join(part for part in (*lines, city) if part) or None


def _tax_ids(root: Any, party: str) -> list[str]:
    """The VAT number (VA), then the tax number (FC)."""
    elements = _find(root, f"{party}/SpecifiedTaxRegistration/ID")
    by_scheme = sorted(elements, key=lambda element: element.get("schemeID") != "VA")
    return [text for element in by_scheme if (text := (element.text or "").strip())]


def _row(node: Any, texts: dict[str, str], amounts: dict[str, str]) -> Row:
    row: dict[str, Value | None] = {name: _text(node, path) for name, path in texts.items()}
    row |= {name: _decimal(_text(node, path)) for name, path in amounts.items()}
    return {name: value for name, value in row.items() if value is not None}
