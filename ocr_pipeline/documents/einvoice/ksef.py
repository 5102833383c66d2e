"""Polish structured invoices: FA(2) and FA(3) of KSeF (Ministerstwo Finansów, schemas 12648 and 13775)."""

import re
from decimal import Decimal
from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.arithmetic import Check, decimals, rates, total
from ocr_pipeline.documents.einvoice.values import Values

ROOT = "Faktura"

_SELLER, _BUYER = "Podmiot1", "Podmiot2"
_LINES = "Fa/FaWiersz"
_BASE = re.compile(r"P_13_\d+(?:_\d+)?")
_TAX = re.compile(r"P_14_\d+")
RATES = {"1": ("23", "22"), "2": ("8", "7"), "3": ("5",), "4": ("4", "3"), "6_1": ("0",), "6_2": ("0",), "6_3": ("0",)}
"""Rates of the net amounts `P_13_N`; the others are exempt, outside Poland, reverse charge, or of several rates."""
LINE_TEXTS = {"description": "P_7", "product_code": "Indeks"}
LINE_AMOUNTS = {"quantity": "P_8B", "unit_price": "P_9A|P_9B", "amount": "P_11|P_11A"}
"""Net where the line has both: prices and amounts with tax are `P_9B` and `P_11A`."""


def is_ksef(root: Any) -> bool:
    return xml.local_name(root) == ROOT and bool(xml.find(root, "Fa"))


def profile(root: Any) -> str:
    """The declared form: `FA (3)`."""
    return next((str(code.get("kodSystemowy") or "") for code in xml.find(root, "Naglowek/KodFormularza")), "")


def values_of(root: Any) -> Values:
    """The values of the invoice. Lines of a correction that show the state before it are left out."""
    values = Values()
    for name, path in {"invoice_id": "Fa/P_2", "currency": "Fa/KodWaluty"}.items():
        values.texts(name, xml.find(root, path)[:1])
    values.texts("purchase_order", xml.find(root, "Fa/WarunkiTransakcji/Zamowienia/NrZamowienia")[:1])
    values.dates("invoice_date", xml.find(root, "Fa/P_1"))
    values.dates("due_date", xml.find(root, "Fa/Platnosc/TerminPlatnosci/Termin"))
    for name, party in (("supplier", _SELLER), ("receiver", _BUYER)):
        _party(root, party, name, values)
    values.address(xml.find(root, f"{_SELLER}/Adres"), ("AdresL1", "AdresL2"), "KodKraju")
    _amounts(root, values)
    lines = [line for line in xml.find(root, _LINES) if xml.text(line, "StanPrzed") != "1"]
    values.add_rows("line_items", lines, LINE_TEXTS, LINE_AMOUNTS)
    for element in xml.find(root, "Fa/RodzajFaktury"):
        gross = values.fields.get("total_amount")
        is_credit = xml.joined(element).startswith("KOR") and isinstance(gross, Decimal) and gross < 0
        values.put("document_type", "credit_note" if is_credit else "invoice", element)
    return values


def _party(root: Any, path: str, name: str, values: Values) -> None:
    """Polish number (NIP), number of another EU country with its code, or any other number."""
    for party in xml.find(root, f"{path}/DaneIdentyfikacyjne"):
        values.texts(f"{name}_name", xml.find(party, "Nazwa|PelnaNazwa"))
        values.texts(f"{name}_tax_id", xml.find(party, "NIP"))
        for number in xml.find(party, "NrVatUE"):
            values.put(f"{name}_tax_id", f"{xml.text(party, 'KodUE') or ''}{xml.joined(number)}", number)
        values.texts(f"{name}_tax_id", xml.find(party, "NrID"))


def _amounts(root: Any, values: Values) -> None:
    """Net amounts and taxes by group of rates; the taxes that end in W are the same in zloty."""
    for body in xml.find(root, "Fa"):
        bases = [element for element in body if _BASE.fullmatch(xml.local_name(element))]
        taxes = {xml.local_name(element)[5:]: element for element in body if _TAX.fullmatch(xml.local_name(element))}
        if bases:
            values.put("net_amount", total(decimals(bases)), bases[0])
            first = next(iter(taxes.values()), bases[0])
            values.put("total_tax_amount", total(decimals(taxes.values())), first)
        values.fields["tax_lines"] = [_tax_line(base, taxes, values, number) for number, base in enumerate(bases)]
        values.amount("total_amount", xml.find(body, "P_15"))
        values.amount("amount_due", xml.find(body, "Rozliczenie/DoZaplaty"))
        net, tax, gross = (values.fields.get(name) for name in ("net_amount", "total_tax_amount", "total_amount"))
        if isinstance(net, Decimal) and isinstance(tax, Decimal) and isinstance(gross, Decimal):
            names = ("net_amount", "total_tax_amount", "total_amount")
            values.checks.append(Check("FA P_15", "the total is not net amount plus tax", names, gross, net + tax))
        values.checks += rates("FA P_14", values.fields["tax_lines"], Decimal("0.99"))


def _tax_line(base: Any, taxes: dict[str, Any], values: Values, number: int) -> dict[str, Any]:
    """A group with its rate; of two possible rates, which changed over the years, the one that the tax fits better."""
    group = xml.local_name(base)[5:]
    net, tax = xml.decimal(xml.joined(base)), xml.decimal(xml.joined(taxes[group])) if group in taxes else None
    row: dict[str, Any] = {"net_amount": net}
    values.keep(f"tax_lines.{number}.net_amount", base)
    if group in taxes:
        row["amount"] = tax
        values.keep(f"tax_lines.{number}.amount", taxes[group])
    possible = [Decimal(rate) for rate in RATES.get(group, ())]
    if possible and isinstance(net, Decimal):
        known = tax if isinstance(tax, Decimal) else Decimal(0)
        row["rate"] = min(possible, key=lambda rate: abs(net * rate / 100 - known))
        values.keep(f"tax_lines.{number}.rate", base)
    return row
