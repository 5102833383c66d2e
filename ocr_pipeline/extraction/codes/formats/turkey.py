"""Turkish e-Fatura and e-Arşiv: GİB, guide to the QR code (karekod), version 1.2: one JSON object."""

import json
import re
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content, TaxRow
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded

_PAIR = re.compile(r'"([^"]{1,40})"\s*:\s*(?:"([^"]*)"|(-?[\d.,]+))')
_RATE = re.compile(r"(kdvmatrah|hesaplanankdv)\s*\(?\s*%?\s*(\d{1,2}(?:[.,]\d+)?)\s*%?\s*\)?")
_ANYBODY = ("11111111111", "2222222222")
"""Numbers that stand for a buyer without one: consumers and customers abroad."""


def parse(payload: bytes) -> Content | None:
    """Both tax numbers, number, date, tax bases, VAT, total and amount to pay."""
    text = decoded(payload, "utf-8", "cp1254")
    values = _values(text) if text else None
    if values is None or "vkntckn" not in values or not ({"ettn", "no"} & values.keys()):
        return None
    if "irsaliye" in values.get("senaryo", "").casefold() or "sevk" in values.get("tip", "").casefold():
        return None  # a delivery note
    rows = _tax_rows(values)
    nets = [row.net_amount for row in rows if row.net_amount is not None]
    taxes = [row.amount for row in rows if row.amount is not None]
    buyer = clean(values.get("avkntckn"))
    return Content(
        format="e-Fatura",
        kind="fiscal",
        fields={
            "supplier_tax_id": clean(values["vkntckn"]),
            "receiver_tax_id": None if buyer in _ANYBODY else buyer,
            "document_type": "credit_note" if "iade" in values.get("tip", "").casefold() else "invoice",
            "invoice_id": clean(values.get("no")),
            "invoice_date": day(values.get("tarih"), "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"),
            "currency": clean(values.get("parabirimi") or values.get("doviz")),
            "net_amount": sum(nets, Decimal(0)) if nets else amount(values.get("vergiharic")),
            "total_tax_amount": sum(taxes, Decimal(0)) if taxes else None,
            "total_amount": amount(values.get("vergidahil")),
            "amount_due": amount(values.get("odenecek")),
        },
        tax_lines=rows,
        details={"ettn": clean(values.get("ettn")), "profile": clean(values.get("senaryo"))},
    )


def _values(text: str) -> dict[str, str] | None:
    """The object's values as text. Real codes are often not quite JSON: a missing comma, typographic or single quotes."""
    plain = text.strip()
    if plain[:1] != "{":
        return None
    plain = re.sub("[\u201c\u201d\u201e\u2033]", '"', plain)
    try:
        loaded = json.loads(plain, parse_float=str, parse_int=str)
        pairs = loaded.items() if isinstance(loaded, dict) else []
        return {str(key).strip().casefold(): value for key, value in pairs if isinstance(value, str)}
    except (ValueError, RecursionError):
        if not plain.endswith("}"):
            return None  # cut off
        plain = plain if '"' in plain else plain.replace("'", '"')
        return {key.strip().casefold(): quoted or bare for key, quoted, bare in _PAIR.findall(plain)}


def _tax_rows(values: dict[str, str]) -> list[TaxRow]:
    rates: dict[Decimal, dict[str, Decimal | None]] = {}
    for key, value in values.items():
        match = _RATE.fullmatch(key)
        if match and (rate := amount(match[2])) is not None:
            rates.setdefault(rate, {})[match[1]] = amount(value)
    return [
        TaxRow(rate=rate, net_amount=parts.get("kdvmatrah"), amount=parts.get("hesaplanankdv"))
        for rate, parts in sorted(rates.items())
    ]
