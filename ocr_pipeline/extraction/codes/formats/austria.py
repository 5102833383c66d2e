"""Austrian receipts: RKSV, machine-readable code `_R1-...` (detailed specification of the ministry of finance,
version 1.2)."""

import re
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded

_SUITE = re.compile(r"R\d+-[A-Z]{2}\d{1,2}")
_SUMS = slice(4, 9)
"""Sums with tax: standard rate, reduced rates 1 and 2, zero rate, special rate."""
_TURNOVER, _TRAINING = 9, "VFJB"
"""The encrypted counter of turnover; a training receipt has TRA in Base64 there."""


def parse(payload: bytes) -> Content | None:
    """Number, date and the total, which is the sum over all rates. The signature is not checked."""
    text = decoded(payload, "utf-8", "latin-1")
    parts = text.strip().removeprefix("_").split("_") if text else []
    if len(parts) < 11 or not _SUITE.fullmatch(parts[0]):
        return None
    if parts[_TURNOVER].rstrip("=") == _TRAINING:
        return Content(format="RKSV", version=parts[0], kind="fiscal", details={"training": "yes"})
    sums = [amount(part) for part in parts[_SUMS]]
    issued = day(parts[3])
    known = [value for value in sums if value is not None]
    if issued is None or len(known) < len(sums):
        return None
    return Content(
        format="RKSV",
        version=parts[0],
        kind="fiscal",
        fields={
            "document_type": "receipt",
            "invoice_id": clean(parts[2]),
            "invoice_date": issued,
            "total_amount": sum(known, Decimal(0)),
            "currency": "EUR",
        },
        details={"cash_register": clean(parts[1]), "signature": "not checked"},
    )
