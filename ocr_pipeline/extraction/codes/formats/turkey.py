"""Turkish e-Fatura, e-Arşiv and receipts of the self-employed (e-SMM): GİB, Karekod Standardı Kılavuzu (2023), one JSON
object with the keys of GİB's own e-Arşiv stylesheet.

Encoders differ in names, numbers and quotes; variants are those that readers of real invoices have found
(github.com/phobo3s/Fatura-Mega-Okuyucu, docs/qr-semalari.md).
"""

import json
import re
from decimal import Decimal

from ocr_pipeline.extraction.codes.formats.content import Content, TaxRow, Value
from ocr_pipeline.extraction.codes.formats.text import amount, clean, day, decoded

_PAIR = re.compile(r'"([^"]{1,40})"\s*:\s*(?:"([^"]*)"|(-?[\d.,]+))')
_RATE = re.compile(r"(kdvmatrah|hesaplanankdv)\s*\(?\s*%?\s*(\d{1,2}(?:[.,]\d+)?)\s*%?\s*\)?")
_ANYBODY = ("11111111111", "2222222222")
"""Numbers that stand for a buyer without one: consumers and customers abroad."""
_SELF_EMPLOYED = frozenset({"brutucret", "netucret", "gvstopaj", "tahsilkdv"})
_ROUNDING = Decimal("0.05")


def parse(payload: bytes) -> Content | None:
    """Both tax numbers, number, date, tax bases, VAT, total and amount to pay."""
    text = decoded(payload, "utf-8", "cp1254")
    values = _values(text) if text else None
    if values is None or "vkntckn" not in values or not ({"ettn", "no"} & values.keys()):
        return None
    if "irsaliye" in values.get("senaryo", "").casefold() or "sevk" in values.get("tip", "").casefold():
        return None  # a delivery note
    buyer = clean(values.get("avkntckn"))
    rows = _tax_rows(values)
    is_self_employed = "smm" in values.get("tur", "").casefold() or not _SELF_EMPLOYED.isdisjoint(values)
    return Content(
        format="e-SMM" if is_self_employed else "e-Fatura",
        kind="fiscal",
        fields={
            "supplier_tax_id": clean(values["vkntckn"]),
            "receiver_tax_id": None if buyer in _ANYBODY else buyer,
            "document_type": "credit_note" if "iade" in values.get("tip", "").casefold() else "invoice",
            "invoice_id": clean(values.get("no")),
            "invoice_date": day(values.get("tarih"), "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"),
            "currency": clean(values.get("parabirimi") or values.get("doviz")),
        }
        | (_fees(values) if is_self_employed else _sums(values, rows)),
        tax_lines=() if is_self_employed else rows,
        details={"ettn": clean(values.get("ettn")), "profile": clean(values.get("senaryo"))},
    )


def _sums(values: dict[str, str], rows: list[TaxRow]) -> dict[str, Value | None]:
    """Net amount, tax and total of an invoice. Part of the VAT may be withheld; some encoders write what is left as the
    tax, others the whole, so a tax that does not lead from the net amount to the total is left out."""
    net = sum((row.net_amount for row in rows if row.net_amount is not None), Decimal(0))
    tax = sum((row.amount for row in rows if row.amount is not None), Decimal(0))
    total = amount(values.get("vergidahil"))
    is_whole = bool(rows) and (total is None or abs(net + tax - total) <= _ROUNDING)
    return {
        "net_amount": net if is_whole else amount(values.get("vergiharic")),
        "total_tax_amount": tax if is_whole else None,
        "total_amount": total,
        "amount_due": amount(values.get("odenecek")),
    }


def _fees(values: dict[str, str]) -> dict[str, Value | None]:
    """A receipt of the self-employed: gross fee, VAT, and what is paid after income tax is withheld."""
    fee, tax = amount(values.get("brutucret")), amount(values.get("kdvtutari"))
    return {
        "net_amount": fee,
        "total_tax_amount": tax,
        "total_amount": fee + tax if fee is not None and tax is not None else None,
        "amount_due": amount(values.get("tahsilat")),
    }


def _values(text: str) -> dict[str, str] | None:
    """The object's values as text. Real codes are often not quite JSON: tabs and line ends in values, a missing comma,
    typographic or single quotes."""
    plain = text.strip()
    if plain[:1] != "{":
        return None
    plain = re.sub("[\u201c\u201d\u201e\u2033]", '"', plain)
    try:
        loaded = json.loads(plain, strict=False, parse_float=str, parse_int=str)
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
