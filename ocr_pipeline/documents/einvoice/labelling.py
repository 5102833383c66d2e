"""The label of a document from its e-invoice."""

from decimal import Decimal

from ocr_pipeline.documents.einvoice.reading import EInvoice
from ocr_pipeline.schemas import Invoice, Label

_AMOUNT_FIELDS = ("net_amount", "total_tax_amount", "total_amount", "amount_due")


def label_of(einvoice: EInvoice) -> Label:
    """The label. Values that the XML does not contain are not labelled."""
    alternatives = {**einvoice.alternatives, **_other_signs(einvoice.invoice)}
    return Label(invoice=einvoice.invoice, alternatives=alternatives)


def _other_signs(invoice: Invoice) -> dict[str, list[str]]:
    """Accepted alternatives of a credit note: its amounts are positive in the XML and often negative on the page."""
    if invoice.document_type != "credit_note":
        return {}
    values = {name: getattr(invoice, name) for name in _AMOUNT_FIELDS}
    return {name: [str(-value)] for name, value in values.items() if isinstance(value, Decimal) and value}
