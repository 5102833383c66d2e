"""Labels from UBL 2.1 invoices and credit notes (Peppol BIS, XRechnung), with the business terms of EN 16931."""

from decimal import Decimal
from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.xml import DOCUMENT_TYPES, Row

ROOTS = ("Invoice", "CreditNote")

_SELLER, _BUYER = "AccountingSupplierParty/Party", "AccountingCustomerParty/Party"
_TOTALS = "LegalMonetaryTotal"

TEXTS = {
    "invoice_id": "ID",  # BT-1
    "receiver_name": f"{_BUYER}/PartyLegalEntity/RegistrationName",  # BT-44
    "supplier_name": f"{_SELLER}/PartyLegalEntity/RegistrationName",  # BT-27
    "purchase_order": "OrderReference/ID",  # BT-13
    "currency": "DocumentCurrencyCode",  # BT-5
}
DUE_DATES = ("DueDate", "PaymentMeans/PaymentDueDate")  # BT-9; credit notes have the second one
AMOUNTS = {
    "net_amount": f"{_TOTALS}/TaxExclusiveAmount",  # BT-109
    "total_tax_amount": "TaxTotal/TaxAmount",  # BT-110
    "total_amount": f"{_TOTALS}/TaxInclusiveAmount",  # BT-112
    "amount_due": f"{_TOTALS}/PayableAmount",  # BT-115
}
ADDRESS = ("StreetName", "AdditionalStreetName", "AddressLine/Line")  # BT-35, BT-36, BT-162; postcode and city follow
LINES = "InvoiceLine|CreditNoteLine"  # BG-25
LINE_TEXTS = {"description": "Item/Name", "product_code": "Item/SellersItemIdentification/ID"}
LINE_AMOUNTS = {
    "quantity": "InvoicedQuantity|CreditedQuantity",
    "unit_price": "Price/PriceAmount",
    "amount": "LineExtensionAmount",
}
TAX_LINE = {"rate": "TaxCategory/Percent", "net_amount": "TaxableAmount", "amount": "TaxAmount"}  # BG-23


def is_ubl(root: Any) -> bool:
    """Whether an element is the root of a UBL document of ours. The release candidate of ZUGFeRD had a root of this name."""
    return xml.local_name(root) in ROOTS and bool(xml.find(root, "ID"))


def values_of(root: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values by field, and accepted alternatives."""
    values: dict[str, Any] = {name: xml.text(root, path) for name, path in TEXTS.items()}
    currency = values["currency"]
    values["invoice_date"] = xml.iso_date(root, "IssueDate")  # BT-2
    values["due_date"] = xml.iso_date(root, *DUE_DATES)
    values |= {name: xml.amount_in(root, path, currency) for name, path in AMOUNTS.items()}
    code = xml.text(root, "InvoiceTypeCode|CreditNoteTypeCode") or ""
    is_credit = xml.local_name(root) == "CreditNote"
    values["document_type"] = DOCUMENT_TYPES.get(code) or ("credit_note" if is_credit else None)
    values["supplier_address"] = _address(root)
    values["tax_lines"] = [
        xml.row(node, {}, TAX_LINE)
        for total in xml.find(root, "TaxTotal")
        for node in xml.find(total, "TaxSubtotal")
        if all(amount.get("currencyID") in (None, currency) for amount in xml.find(node, "TaxAmount"))
    ]
    values["line_items"] = [_line(node) for node in xml.find(root, LINES)]
    alternatives: dict[str, list[str]] = {}
    for name, party in (("supplier_name", _SELLER), ("receiver_name", _BUYER)):  # BT-28, BT-45: trading names
        _choose(values, alternatives, name, [values[name], *xml.texts(root, f"{party}/PartyName/Name")])
    for name, party in (("supplier_tax_id", _SELLER), ("receiver_tax_id", _BUYER)):  # BT-31, BT-32, BT-48
        _choose(values, alternatives, name, _tax_ids(root, party))
    return values, alternatives


def _choose(values: dict[str, Any], alternatives: dict[str, list[str]], name: str, found: list[str | None]) -> None:
    """The first value, and the others as alternatives."""
    known = [value for value in dict.fromkeys(found) if value]
    values[name] = known[0] if known else None
    if known[1:]:
        alternatives[name] = known[1:]


def _line(node: Any) -> Row:
    line = xml.row(node, LINE_TEXTS, LINE_AMOUNTS)
    pieces = xml.decimal(xml.text(node, "Price/BaseQuantity"))  # BT-149: the price is for so many pieces
    price = line.get("unit_price")
    if isinstance(price, Decimal) and isinstance(pieces, Decimal) and pieces not in (0, 1):
        line["unit_price"] = (price / pieces).quantize(Decimal("1.000000")).normalize()
    return line


def _address(root: Any) -> str | None:
    """The seller's address in one line, without the country code."""
    base = f"{_SELLER}/PostalAddress"
    lines = [xml.text(root, f"{base}/{line}") for line in ADDRESS]
    city = " ".join(part for name in ("PostalZone", "CityName") if (part := xml.text(root, f"{base}/{name}")))
    return ", ".join(part for part in (*lines, city) if part) or None


def _tax_ids(root: Any, party: str) -> list[str | None]:
    """The VAT number first, then other tax numbers."""
    schemes = xml.find(root, f"{party}/PartyTaxScheme")
    ordered = sorted(schemes, key=lambda scheme: (xml.text(scheme, "TaxScheme/ID") or "").upper() != "VAT")
    return [xml.text(scheme, "CompanyID") for scheme in ordered]
