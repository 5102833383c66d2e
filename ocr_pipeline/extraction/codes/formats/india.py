"""Indian invoices: the signed QR code of the invoice registration portal (a JWT), and UPI payment links (NPCI, version 1.6).

The signature is not checked: without the portal's key it proves nothing, and the values are used like those of any other code.
"""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, base64_bytes, clean, day, decoded

_TYPES = {"INV": "invoice", "DBN": "invoice", "CRN": "credit_note"}
_DATES = ("%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d")


def parse(payload: bytes) -> Content | None:
    """Both GSTINs, number, date and total, in rupees; of a payment link the payee and the amount due."""
    text = decoded(payload)
    if not text:
        return None
    return _upi(text.strip()) if text.strip()[:6].casefold() == "upi://" else _irn(text.strip())


def _irn(text: str) -> Content | None:
    parts = text.split(".")
    body = base64_bytes(parts[1]) if len(parts) == 3 else None
    claims = _object(decoded(body)) if body else None
    data = claims.get("data") if claims else None
    invoice = _object(data) if isinstance(data, str) else data
    if not isinstance(invoice, dict) or "SellerGstin" not in invoice or "DocNo" not in invoice:
        return None
    values = {key: str(value) for key, value in invoice.items() if isinstance(value, str | int)}
    buyer = clean(values.get("BuyerGstin"))
    return Content(
        format="IRN",
        kind="fiscal",
        fields={
            "supplier_tax_id": clean(values["SellerGstin"]),
            "receiver_tax_id": None if buyer == "URP" else buyer,
            "document_type": _TYPES.get(values.get("DocTyp", "").upper()),
            "invoice_id": clean(values["DocNo"]),
            "invoice_date": day(values.get("DocDt"), *_DATES),
            "total_amount": amount(values.get("TotInvVal")),
            "currency": "INR",
        },
        details={"irn": clean(values.get("Irn")), "signature": "not checked"},
    )


def _upi(text: str) -> Content | None:
    try:
        values = {name.casefold(): value for name, value in parse_qsl(urlsplit(text).query, max_num_fields=50)}
    except ValueError:
        return None
    if "pa" not in values:
        return None
    return Content(
        format="UPI",
        kind="payment",
        fields={
            "supplier_name": clean(values.get("pn")),
            "supplier_tax_id": clean(values.get("gstin")),
            "invoice_id": clean(values.get("invoiceno")),
            "invoice_date": day(values.get("invoicedate"), *_DATES),
            "amount_due": amount(values.get("am")) or None,
            "currency": clean(values.get("cu")) or "INR",
        },
        details={"payee": clean(values["pa"]), "reference": clean(values.get("tr"))},
    )


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        loaded = json.loads(text or "", parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return loaded if isinstance(loaded, dict) else None
