"""Serbian fiscal receipts: TaxCore verification address, `vl` is a binary record with an MD5 sum (its
signatures are not checked)."""

import hashlib
import struct
from datetime import UTC, datetime
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import base64_bytes, clean, decoded, local_day, query

_HOST = "purs.gov.rs"
_FIXED = 44
"""Bytes before the buyer's id: version, two names of 8, two counters, amount, time, types and the length of the id."""
_SUM = 16
_SALE, _REFUND = 0, 1
_NORMAL, _COPY, _ADVANCE = 0, 2, 4


def parse(payload: bytes) -> Content | None:
    """Number, date and total, in dinars. A pro forma or training receipt has no values."""
    text = decoded(payload, "ascii")
    encoded = (query(text.replace("+", "%2B"), _HOST) or {}).get("vl") if text else None
    record = base64_bytes(encoded) if encoded else None
    if record is None or len(record) < _FIXED + _SUM:
        return None
    body, checksum = record[:-_SUM], record[-_SUM:]
    if hashlib.md5(body, usedforsecurity=False).digest() != checksum:
        return None
    _, requested, signed, number, _ = struct.unpack_from("<B8s8sII", body)
    (units,) = struct.unpack_from("<Q", body, 25)
    milliseconds, invoice_type, transaction, length = struct.unpack_from(">QBBB", body, 33)
    names = [decoded(name, "ascii") for name in (requested, signed)]
    if None in names or invoice_type not in (_NORMAL, _COPY, _ADVANCE) or not 0 < milliseconds < 4_000_000_000_000:
        return None
    buyer = clean(decoded(body[_FIXED : _FIXED + length], "ascii"))
    kind, _, tax_id = (buyer or "").partition(":")
    return Content(
        format="Serbian fiscal receipt",
        version=str(body[0]),
        kind="fiscal",
        fields={
            "document_type": {_SALE: "receipt", _REFUND: "credit_note"}.get(transaction),
            "invoice_id": f"{names[0]}-{names[1]}-{number}",
            "invoice_date": local_day(datetime.fromtimestamp(milliseconds / 1000, UTC), "Europe/Belgrade"),
            "receiver_tax_id": clean(tax_id.split(":")[0]) if kind in ("10", "12") else None,
            "total_amount": Decimal(units) / 10_000,
            "currency": "RSD",
        },
        details={"signature": "not checked"},
    )
