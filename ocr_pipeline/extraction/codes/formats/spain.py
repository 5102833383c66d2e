"""Spanish invoices: VeriFactu (AEAT, characteristics of the QR code, version 0.5.0; Orden HAC/1177/2024) and TicketBAI of
the Basque provinces (1.2)."""

import re
from datetime import date

from ocr_pipeline.extraction.codes.formats.content import Content
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded, query

_AEAT = ("agenciatributaria.gob.es", "aeat.es")
_BASQUE = ("batuz.eus", "gipuzkoa.eus", "araba.eus", "bizkaia.eus")
_TBAI = re.compile(r"TBAI-([A-Z0-9]{8,10})-(\d{6})-(.{13})-(\d{3})")


def parse(payload: bytes) -> Content | None:
    """Tax number, number, date and total, in euro."""
    text = decoded(payload)
    if not text or "?" not in text:
        return None
    return _verifactu(text.strip()) or _ticketbai(text.strip())


def _verifactu(text: str) -> Content | None:
    values = query(text, *_AEAT) or {}
    number = values.get("numserie") or values.get("num")  # `num`: some encoders
    if number is None or not {"nif", "fecha"} <= values.keys():
        return None
    return Content(
        format="VeriFactu",
        version="not VeriFactu" if "noverifactu" in text.casefold() else "VeriFactu",
        kind="fiscal",
        fields={
            "supplier_tax_id": clean(values["nif"]),
            "invoice_id": clean(number),
            "invoice_date": day(values["fecha"], "%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d"),
            "total_amount": amount(values.get("importe")),
            "currency": "EUR",
        },
    )


def _ticketbai(text: str) -> Content | None:
    """`cr` is a CRC-8 of everything before it: a wrong one means a damaged or invented code."""
    values = query(text, *_BASQUE)
    match = _TBAI.fullmatch((values or {}).get("id", ""))
    if not values or not match or "nf" not in values:
        return None
    before, _, check = text.rpartition("&cr=")
    if before and (not check.isdecimal() or crc8(before.encode()) != int(check)):
        return None
    series, number = clean(values.get("s")), clean(values["nf"])
    return Content(
        format="TicketBAI",
        version="1.2",
        kind="fiscal",
        fields={
            "supplier_tax_id": match[1],
            "invoice_id": f"{series}-{number}" if series and number else number,
            "invoice_date": _day(match[2]),
            "total_amount": amount(values.get("i")),
            "currency": "EUR",
        },
        details={"ticketbai": match[0]},
    )


def _day(text: str) -> date | None:
    return day(text, "%d%m%y")


def crc8(content: bytes) -> int:
    """CRC-8 with the polynomial x^8 + x^2 + x + 1, as TicketBAI uses it."""
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc
