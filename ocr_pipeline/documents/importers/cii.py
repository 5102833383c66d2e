"""UN/CEFACT Cross Industry Invoice, the XML inside Factur-X and ZUGFeRD invoices, to a label.

The tables below are the mapping: EN 16931's business terms (BT, BG) to where they stand. Names are matched without their
namespace, because ZUGFeRD 1 and Factur-X / ZUGFeRD 2 have different ones. `a|b` is the name in the one and in the other.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ocr_pipeline.documents.importers.copying import is_valid
from ocr_pipeline.schemas import Invoice, Label

_DOCUMENT = "ExchangedDocument|HeaderExchangedDocument"
_TRADE = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_AGREEMENT = f"{_TRADE}/ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_SETTLEMENT = f"{_TRADE}/ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_TOTALS = f"{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
_SELLER, _BUYER = f"{_AGREEMENT}/SellerTradeParty", f"{_AGREEMENT}/BuyerTradeParty"

ROOTS = ("CrossIndustryInvoice", "CrossIndustryDocument", "Invoice")
"""Of Factur-X and ZUGFeRD 2, of ZUGFeRD 1, and of its release candidate."""

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
ADDRESS = ("LineOne", "LineTwo", "LineThree")  # BG-5, with postcode and city behind

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
"""The unit is left out: the XML has a code (C62), the page a word (Stück)."""

DOCUMENT_TYPES = {
    **dict.fromkeys(("326", "380", "384", "386", "389", "575", "875", "876", "877"), "invoice"),
    **dict.fromkeys(("261", "381", "396"), "credit_note"),
}
"""UNTDID 1001, as EN 16931 allows it in BT-3. Other codes are rare, and are not labelled."""


def label_of_xml(xml: bytes) -> tuple[Label | None, list[str]]:
    """The label that an invoice's XML gives, and sentences about values that cannot be read.

    None where the XML is no Cross Industry Invoice. What the XML does not have is not labelled.
    """
    from lxml import etree

    try:
        root = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None, []
    if etree.QName(root).localname not in ROOTS or not _find(root, f"{_DOCUMENT}/ID"):
        return None, []
    values: dict[str, Any] = {name: _text(root, path) for name, path in TEXTS.items()}
    values["document_type"] = DOCUMENT_TYPES.get(_text(root, f"{_DOCUMENT}/TypeCode") or "")
    values["supplier_address"] = _address(root)
    values |= {name: _date(root, path) for name, path in DATES.items()}
    values |= {name: _amount(root, path, values["currency"]) for name, path in AMOUNTS.items()}
    values["tax_lines"] = [_row(node, {}, TAX_LINE) for node in _find(root, TAX_LINES)]
    items = [_row(node, LINE_ITEM_TEXTS, LINE_ITEM_AMOUNTS) for node in _find(root, LINE_ITEMS)]
    values["line_items"] = [item for item in items if "amount" in item or "quantity" in item]  # others are remarks
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
            problems.append(f"the XML's {name} cannot be read; it is left out.")
    return Label(invoice=Invoice(**fields), alternatives=alternatives), problems


def _find(node: Any, path: str) -> list[Any]:
    """The elements at a path, whatever their namespace."""
    steps = ("*[" + " or ".join(f"local-name()='{name}'" for name in step.split("|")) + "]" for step in path.split("/"))
    return list(node.xpath("/".join(steps)))


def _text(node: Any, path: str) -> str | None:
    """The text of the first element at a path, in one line."""
    found = _find(node, path)
    return (" ".join("".join(found[0].itertext()).split()) or None) if found else None


def _texts(node: Any, path: str) -> list[str]:
    return [text for element in _find(node, path) if (text := " ".join("".join(element.itertext()).split()))]


def _decimal(text: str | None) -> Decimal | str | None:
    """EN 16931 writes amounts as plain decimals. What is none is handed on as it is, to be reported."""
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return text


def _amount(root: Any, path: str, currency: str | None) -> Decimal | str | None:
    """An amount in the invoice's own currency: the tax may be there a second time, in that of the accounts."""
    found = [element for element in _find(root, path) if element.get("currencyID") in (None, currency)]
    return _decimal("".join(found[0].itertext()).strip() or None) if found else None


def _date(root: Any, path: str) -> date | str | None:
    """A date in format 102, YYYYMMDD. None where there is none or where there are several different ones."""
    found = set(_texts(root, path))
    if len(found) != 1:
        return None
    text = found.pop()
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if len(text) == 8 and text.isdecimal() else text
    except ValueError:
        return text


def _address(root: Any) -> str | None:
    """The seller's address in one line; a country code alone is none."""
    base = f"{_SELLER}/PostalTradeAddress"
    lines: Sequence[str | None] = [_text(root, f"{base}/{line}") for line in ADDRESS]
    city = " ".join(text for name in ("PostcodeCode", "CityName") if (text := _text(root, f"{base}/{name}")))
    return ", ".join(part for part in (*lines, city) if part) or None


def _tax_ids(root: Any, party: str) -> list[str]:
    """The VAT number (VA), then the tax number (FC)."""
    found = _find(root, f"{party}/SpecifiedTaxRegistration/ID")
    by_scheme = sorted(found, key=lambda element: element.get("schemeID") != "VA")
    return [text for element in by_scheme if (text := (element.text or "").strip())]


def _row(node: Any, texts: dict[str, str], amounts: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {name: _text(node, path) for name, path in texts.items()}
    row |= {name: _decimal(_text(node, path)) for name, path in amounts.items()}
    return {name: value for name, value in row.items() if value is not None}
