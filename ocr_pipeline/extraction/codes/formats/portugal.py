"""Portuguese documents with ATCUD: Portaria 195/2020, technical specification of the QR code, version 1.0."""

import re
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content, TaxRow
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded

_TYPES = {
    "FT": "invoice",
    "FS": "receipt",
    "FR": "invoice",
    "ND": "invoice",
    "NC": "credit_note",
    "VD": "receipt",
    "TV": "receipt",
}
_BASES = {"2": None, "3": "4", "5": "6", "7": "8"}
"""Field of a tax base -> field of its tax: exempt, reduced, intermediate and standard rate of one region."""
_CONSUMER = "999999990"
_CENT = Decimal("0.01")


def parse(payload: bytes) -> Content | None:
    """Both tax numbers, document type, number, date, tax bases by rate, tax and total, in euro."""
    text = decoded(payload, "utf-8", "latin-1")
    if not text or not re.match(r"\s*A\s*:", text, re.IGNORECASE):
        return None
    values: dict[str, str] = {}
    for part in text.strip().split("*"):
        key, mark, value = part.partition(":")
        if mark:
            values.setdefault(key.strip().upper(), value.strip())
    total, issued = amount(values.get("O")), day(values.get("F"), "%Y%m%d", "%Y-%m-%d")
    if not {"A", "D", "F", "G"} <= values.keys() or total is None or issued is None or not values["A"].isalnum():
        return None
    rows = _tax_rows(values)
    tax = amount(values.get("N"))
    nets = [row.net_amount or Decimal(0) for row in rows] + [amount(values.get("L")) or Decimal(0)]
    net = sum(nets, Decimal(0))
    buyer = clean(values.get("B"))
    return Content(
        format="ATCUD",
        version="1.0",
        kind="fiscal",
        fields={
            "supplier_tax_id": clean(values["A"]),
            "receiver_tax_id": None if buyer == _CONSUMER else buyer,
            "document_type": _TYPES.get(values["D"].upper()),
            "invoice_id": clean(values["G"]),
            "invoice_date": issued,
            "currency": "EUR",
            "net_amount": net if tax is not None and abs(net + tax - total) <= _CENT else None,
            "total_tax_amount": tax,
            "total_amount": total,
        },
        tax_lines=rows,
        details={"atcud": clean(values.get("H")), "certificate": clean(values.get("R"))},
    )


def _tax_rows(values: dict[str, str]) -> list[TaxRow]:
    rows = []
    for region in "IJK":
        for base, tax in _BASES.items():
            net = amount(values.get(region + base))
            if net is not None:
                paid = amount(values.get(region + tax)) if tax else Decimal(0)
                rows.append(TaxRow(rate=None if tax else Decimal(0), net_amount=net, amount=paid))
    return rows
