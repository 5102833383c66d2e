"""UBL 2.1 invoices and credit notes (Peppol BIS, XRechnung), with the business terms of EN 16931."""

from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.arithmetic import Parts, decimals, en16931
from ocr_pipeline.documents.einvoice.values import Values
from ocr_pipeline.documents.einvoice.xml import DOCUMENT_TYPES

ROOTS = ("Invoice", "CreditNote")

_SELLER, _BUYER = "AccountingSupplierParty/Party", "AccountingCustomerParty/Party"

DUE_DATES = ("DueDate", "PaymentMeans/PaymentDueDate")  # BT-9; credit notes have the second one
AMOUNTS = {
    "net_amount": "TaxExclusiveAmount",  # BT-109
    "total_amount": "TaxInclusiveAmount",  # BT-112
    "amount_due": "PayableAmount",  # BT-115
}
SUMS = {
    "BT-106": "LineExtensionAmount",
    "BT-107": "AllowanceTotalAmount",
    "BT-108": "ChargeTotalAmount",
    "BT-113": "PrepaidAmount",
    "BT-114": "PayableRoundingAmount",
}
ADDRESS = ("StreetName", "AdditionalStreetName", "AddressLine/Line", "PostalZone CityName")  # BG-5
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


def profile(root: Any) -> str:
    """The declared specification (BT-24)."""
    return xml.text(root, "CustomizationID") or ""


def values_of(root: Any) -> Values:
    """The values of the invoice."""
    values = Values()
    _header(root, values)
    currency = values.fields.get("currency")
    for totals in xml.find(root, "LegalMonetaryTotal"):
        for name, path in AMOUNTS.items():
            values.amount(name, xml.find(totals, path), currency)
        for term, path in SUMS.items():
            values.sum_of(term, xml.find(totals, path))
    values.amount("total_tax_amount", xml.find(root, "TaxTotal/TaxAmount"), currency)  # BT-110
    for name, party in (("supplier", _SELLER), ("receiver", _BUYER)):  # BT-27, BT-28, BT-44, BT-45
        legal = xml.find(root, f"{party}/PartyLegalEntity/RegistrationName")
        values.texts(f"{name}_name", [*legal, *xml.find(root, f"{party}/PartyName/Name")])
        values.texts(f"{name}_tax_id", _tax_ids(root, party))
    values.address(xml.find(root, f"{_SELLER}/PostalAddress"), ADDRESS, "Country/IdentificationCode")
    taxes = [
        node
        for node in xml.find(root, "TaxTotal/TaxSubtotal")
        if all(amount.get("currencyID") in (None, currency) for amount in xml.find(node, "TaxAmount"))
    ]
    values.add_rows("tax_lines", taxes, {}, TAX_LINE)
    values.add_rows("line_items", xml.find(root, LINES), LINE_TEXTS, LINE_AMOUNTS, pieces="Price/BaseQuantity")
    values.checks = en16931(values.fields, values.sums, _parts(root))
    return values


def _parts(root: Any) -> Parts:
    """What the totals are made of."""
    by_kind: dict[bool, list[Any]] = {True: [], False: []}
    for node in xml.find(root, "AllowanceCharge"):
        is_charge = (xml.text(node, "ChargeIndicator") or "").lower() in ("true", "1")
        by_kind[is_charge] += xml.find(node, "Amount")[:1]
    lines = xml.find(root, f"{LINES}/LineExtensionAmount")
    return Parts(decimals(lines), decimals(by_kind[False]), decimals(by_kind[True]))


def _header(root: Any, values: Values) -> None:
    is_credit = xml.local_name(root) == "CreditNote"
    for element in xml.find(root, "InvoiceTypeCode|CreditNoteTypeCode")[:1]:  # BT-3
        kind = DOCUMENT_TYPES.get(xml.joined(element))
        values.put("document_type", kind or ("credit_note" if is_credit else None), element)
    if is_credit:
        values.put("document_type", "credit_note", root)
    for name, path in {"invoice_id": "ID", "purchase_order": "OrderReference/ID"}.items():  # BT-1, BT-13
        values.texts(name, xml.find(root, path)[:1])
    for element in xml.find(root, "DocumentCurrencyCode")[:1]:  # BT-5
        values.put("currency", xml.joined(element), element)
    values.dates("invoice_date", xml.find(root, "IssueDate"))  # BT-2
    values.dates("due_date", [element for path in DUE_DATES for element in xml.find(root, path)])


def _tax_ids(root: Any, party: str) -> list[Any]:
    """The VAT number first, then other tax numbers: BT-31, BT-32, BT-48."""
    schemes = xml.find(root, f"{party}/PartyTaxScheme")
    ordered = sorted(schemes, key=lambda scheme: (xml.text(scheme, "TaxScheme/ID") or "").upper() != "VAT")
    return [element for scheme in ordered for element in xml.find(scheme, "CompanyID")]
