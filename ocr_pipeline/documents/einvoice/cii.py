"""UN/CEFACT Cross Industry Invoices, the XML inside Factur-X and ZUGFeRD invoices; also XRechnung.

Our fields and the paths of their elements, with the business terms of EN 16931 (BT, BG). ZUGFeRD 1 and Factur-X / ZUGFeRD 2
differ in the namespace and in some names; `a|b` lists the alternatives.
"""

from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.arithmetic import Parts, decimals, en16931
from ocr_pipeline.documents.einvoice.values import Values
from ocr_pipeline.documents.einvoice.xml import DOCUMENT_TYPES

_CONTEXT = "ExchangedDocumentContext|SpecifiedExchangedDocumentContext"
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
    "receiver_name": f"{_BUYER}/Name",  # BT-44
    "purchase_order": f"{_AGREEMENT}/BuyerOrderReferencedDocument/IssuerAssignedID|ID",  # BT-13
}
TRADING_NAME = "SpecifiedLegalOrganization/TradingBusinessName"  # BT-28, BT-45
DATES = {
    "invoice_date": f"{_DOCUMENT}/IssueDateTime",  # BT-2
    "due_date": f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime",  # BT-9
}
AMOUNTS = {
    "net_amount": "TaxBasisTotalAmount",  # BT-109
    "total_tax_amount": "TaxTotalAmount",  # BT-110
    "total_amount": "GrandTotalAmount",  # BT-112
    "amount_due": "DuePayableAmount",  # BT-115
}
SUMS = {
    "BT-106": "LineTotalAmount",
    "BT-107": "AllowanceTotalAmount",
    "BT-108": "ChargeTotalAmount",
    "BT-113": "TotalPrepaidAmount",
    "BT-114": "RoundingAmount",
}
ADDRESS = ("LineOne", "LineTwo", "LineThree", "PostcodeCode CityName")  # BG-5

TAX_LINES = f"{_SETTLEMENT}/ApplicableTradeTax"  # BG-23
TAX_LINE = {
    "rate": "RateApplicablePercent|ApplicablePercent",
    "net_amount": "BasisAmount",
    "amount": "CalculatedAmount",
}

LINE_ITEMS = f"{_TRADE}/IncludedSupplyChainTradeLineItem"  # BG-25
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement|SpecifiedSupplyChainTradeSettlement"
_PRICE = "SpecifiedLineTradeAgreement|SpecifiedSupplyChainTradeAgreement/NetPriceProductTradePrice"
LINE_ITEM_TEXTS = {
    "description": "SpecifiedTradeProduct/Name",
    "product_code": "SpecifiedTradeProduct/SellerAssignedID",
}
LINE_ITEM_AMOUNTS = {
    "quantity": "SpecifiedLineTradeDelivery|SpecifiedSupplyChainTradeDelivery/BilledQuantity",
    "unit_price": f"{_PRICE}/ChargeAmount",
    "amount": (
        f"{_LINE_SETTLEMENT}/SpecifiedTradeSettlementLineMonetarySummation|SpecifiedTradeSettlementMonetarySummation"
        "/LineTotalAmount"
    ),
}
"""No unit: the XML has a code (C62), the page a word (Stück)."""


def is_cii(root: Any) -> bool:
    """Whether an element is the root of a Cross Industry Invoice."""
    return xml.local_name(root) in ROOTS and bool(xml.find(root, _DOCUMENT))


def profile(root: Any) -> str:
    """The declared specification (BT-24), such as `urn:cen.eu:en16931:2017`."""
    return xml.text(root, f"{_CONTEXT}/GuidelineSpecifiedDocumentContextParameter/ID") or ""


def values_of(root: Any) -> Values:
    """The values of the invoice."""
    values = Values()
    for element in xml.find(root, f"{_DOCUMENT}/TypeCode")[:1]:  # BT-3
        values.put("document_type", DOCUMENT_TYPES.get(xml.joined(element)), element)
    for name, path in TEXTS.items():
        values.texts(name, xml.find(root, path)[:1])
    for element in xml.find(root, f"{_SETTLEMENT}/InvoiceCurrencyCode")[:1]:  # BT-5
        values.put("currency", xml.joined(element), element)
    for name, path in DATES.items():
        values.dates(name, xml.find(root, path))
    currency = values.fields.get("currency")
    for totals in xml.find(root, _TOTALS):
        for name, path in AMOUNTS.items():
            values.amount(name, xml.find(totals, path), currency)
        for term, path in SUMS.items():
            values.sum_of(term, xml.find(totals, path))
    for name, party in (("supplier", _SELLER), ("receiver", _BUYER)):
        values.texts(f"{name}_name", [*xml.find(root, f"{party}/Name"), *xml.find(root, f"{party}/{TRADING_NAME}")])
        values.texts(f"{name}_tax_id", _tax_ids(root, party))
    values.address(xml.find(root, f"{_SELLER}/PostalTradeAddress"), ADDRESS, "CountryID")
    values.add_rows("tax_lines", xml.find(root, TAX_LINES), {}, TAX_LINE)
    values.add_rows(
        "line_items", xml.find(root, LINE_ITEMS), LINE_ITEM_TEXTS, LINE_ITEM_AMOUNTS, pieces=f"{_PRICE}/BasisQuantity"
    )
    declared = profile(root).lower()
    values.checks = en16931(
        values.fields,
        values.sums,
        _parts(root),
        extended="extended" in declared,
        has_prepayments="minimum" not in declared,
    )
    return values


def _parts(root: Any) -> Parts:
    """What the totals are made of. Lines that group others or only inform are in no sum."""
    lines = [
        element
        for line in xml.find(root, LINE_ITEMS)
        if xml.text(line, "AssociatedDocumentLineDocument/LineStatusReasonCode") not in ("GROUP", "INFORMATION")
        for element in xml.find(line, LINE_ITEM_AMOUNTS["amount"])[:1]
    ]
    by_kind: dict[bool, list[Any]] = {True: [], False: []}
    for node in xml.find(root, f"{_SETTLEMENT}/SpecifiedTradeAllowanceCharge"):
        is_charge = (xml.text(node, "ChargeIndicator") or "").lower() in ("true", "1")
        by_kind[is_charge] += xml.find(node, "ActualAmount")[:1]
    by_kind[True] += xml.find(root, f"{_SETTLEMENT}/SpecifiedLogisticsServiceCharge/AppliedAmount")
    return Parts(decimals(lines), decimals(by_kind[False]), decimals(by_kind[True]))


def _tax_ids(root: Any, party: str) -> list[Any]:
    """The VAT number (VA), then the tax number (FC): BT-31, BT-32, BT-48."""
    elements = xml.find(root, f"{party}/SpecifiedTaxRegistration/ID")
    return sorted(elements, key=lambda element: element.get("schemeID") != "VA")
