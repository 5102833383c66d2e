"""Spanish Facturae invoices, versions 3.1 and 3.2.x (Ministerio de Hacienda)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.arithmetic import CENT, Check, rates
from ocr_pipeline.documents.einvoice.values import Values

ROOT = "Facturae"

_SELLER, _BUYER = "Parties/SellerParty", "Parties/BuyerParty"
_ENTITY = "LegalEntity|Individual"
CORRECTIVE = ("OR", "CR")
"""InvoiceClass of corrections; the amounts of one by difference may be negative."""
AMOUNTS = {
    "net_amount": "TotalGrossAmountBeforeTaxes",
    "total_tax_amount": "TotalTaxOutputs",
    "total_amount": "InvoiceTotal",
    "amount_due": "TotalExecutableAmount",
}
TAX_LINE = {"rate": "TaxRate", "net_amount": "TaxableBase/TotalAmount", "amount": "TaxAmount/TotalAmount"}
LINE_TEXTS = {"description": "ItemDescription", "product_code": "ArticleCode"}
LINE_AMOUNTS = {"quantity": "Quantity", "unit_price": "UnitPriceWithoutTax", "amount": "GrossAmount"}
"""The gross amount of a line is that after its discounts, without tax."""


def is_facturae(root: Any) -> bool:
    return xml.local_name(root) == ROOT


def profile(root: Any) -> str:
    """The declared version: `3.2.2`."""
    return xml.text(root, "FileHeader/SchemaVersion") or ""


def invoices(root: Any) -> Iterator[Values]:
    """The values of each invoice of a file; they have seller and buyer in common."""
    for invoice in xml.find(root, "Invoices/Invoice"):
        values = Values()
        _header(invoice, values)
        for name, party in (("supplier", _SELLER), ("receiver", _BUYER)):
            _party(root, party, name, values)
        _address(root, values)
        values.add_rows("tax_lines", xml.find(invoice, "TaxesOutputs/Tax"), {}, TAX_LINE)
        values.add_rows("line_items", xml.find(invoice, "Items/InvoiceLine"), LINE_TEXTS, LINE_AMOUNTS)
        _totals(invoice, values)
        yield values


def _header(invoice: Any, values: Values) -> None:
    for number in xml.find(invoice, "InvoiceHeader/InvoiceNumber"):
        values.put("invoice_id", xml.joined(number), number)
        series = xml.text(invoice, "InvoiceHeader/InvoiceSeriesCode")
        if series:  # a page prints them together, with or without a sign between
            values.also("invoice_id", f"{series}-{xml.joined(number)}")
    values.dates("invoice_date", xml.find(invoice, "InvoiceIssueData/IssueDate"))
    values.dates("due_date", xml.find(invoice, "PaymentDetails/Installment/InstallmentDueDate"))
    values.texts("currency", xml.find(invoice, "InvoiceIssueData/InvoiceCurrencyCode")[:1])
    for path in ("InvoiceIssueData/ReceiverTransactionReference", "Items/InvoiceLine/ReceiverTransactionReference"):
        values.texts("purchase_order", xml.find(invoice, path)[:1])


def _party(root: Any, path: str, name: str, values: Values) -> None:
    """The company and its trading name, or a person's name and surnames."""
    for party in xml.find(root, path):
        values.texts(f"{name}_tax_id", xml.find(party, "TaxIdentification/TaxIdentificationNumber")[:1])
        for entity in xml.find(party, _ENTITY):
            values.texts(f"{name}_name", [*xml.find(entity, "CorporateName"), *xml.find(entity, "TradeName")])
            given = xml.find(entity, "Name")
            parts = (xml.text(entity, part) for part in ("Name", "FirstSurname", "SecondSurname"))
            values.put(f"{name}_name", " ".join(part for part in parts if part) or None, given[0] if given else None)


def _address(root: Any, values: Values) -> None:
    base = f"{_SELLER}/{_ENTITY}"
    values.address(xml.find(root, f"{base}/AddressInSpain"), ("Address", "PostCode Town"), "CountryCode", "Province")
    values.address(xml.find(root, f"{base}/OverseasAddress"), ("Address", "PostCodeAndTown"), "CountryCode", "Province")


def _totals(invoice: Any, values: Values) -> None:
    """The total is what is left after tax withheld (IRPF); a page may print the sum before it as the total."""
    for totals in xml.find(invoice, "InvoiceTotals"):
        for name, path in AMOUNTS.items():
            values.amount(name, xml.find(totals, path))
        net, tax, gross = (values.fields.get(name) for name in ("net_amount", "total_tax_amount", "total_amount"))
        withheld = xml.decimal(xml.text(totals, "TotalTaxesWithheld"))
        withheld = withheld if isinstance(withheld, Decimal) else Decimal(0)
        if isinstance(net, Decimal) and isinstance(tax, Decimal) and isinstance(gross, Decimal):
            names = ("net_amount", "total_tax_amount", "total_amount")
            says = "the total is not net amount plus tax less tax withheld"
            values.checks.append(Check("Facturae InvoiceTotal", says, names, gross, net + tax - withheld, CENT))
            if withheld:
                values.also("total_amount", str(net + tax))
    values.checks += rates("Facturae TaxAmount", values.fields["tax_lines"], CENT)
    for element in xml.find(invoice, "InvoiceHeader/InvoiceClass"):
        gross = values.fields.get("total_amount")
        is_credit = xml.joined(element) in CORRECTIVE and isinstance(gross, Decimal) and gross < 0
        values.put("document_type", "credit_note" if is_credit else "invoice", element)
