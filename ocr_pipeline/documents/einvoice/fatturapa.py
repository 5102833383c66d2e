"""Labels from Italian FatturaPA invoices, versions 1.0 to 1.2 (Agenzia delle Entrate, Specifiche tecniche)."""

from decimal import Decimal
from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.xml import Row, UnusableXmlError

ROOT = "FatturaElettronica"

_HEADER = "FatturaElettronicaHeader"
_SELLER, _BUYER = f"{_HEADER}/CedentePrestatore", f"{_HEADER}/CessionarioCommittente"
_GENERAL = "DatiGenerali/DatiGeneraliDocumento"
_GOODS = "DatiBeniServizi"
_PAYMENT = "DatiPagamento/DettaglioPagamento"

LINE_TEXTS = {"description": "Descrizione", "product_code": "CodiceArticolo/CodiceValore"}
LINE_AMOUNTS = {"quantity": "Quantita", "unit_price": "PrezzoUnitario", "amount": "PrezzoTotale"}
TAX_LINE = {"rate": "AliquotaIVA", "net_amount": "ImponibileImporto", "amount": "Imposta"}
CREDIT_NOTES = ("TD04", "TD08")


def values_of(root: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The values by field, and accepted alternatives.

    Raises:
        UnusableXmlError: the file holds no invoice, or several.
    """
    bodies = xml.find(root, "FatturaElettronicaBody")
    if len(bodies) != 1:
        raise UnusableXmlError(f"it holds {len(bodies)} invoices")
    [body] = bodies
    taxes = [xml.row(node, {}, TAX_LINE) for node in xml.find(body, f"{_GOODS}/DatiRiepilogo")]
    net, tax = _sum(taxes, "net_amount"), _sum(taxes, "amount")
    total = xml.decimal(xml.text(body, f"{_GENERAL}/ImportoTotaleDocumento"))
    if total is None and net is not None and tax is not None:
        total = net + tax  # the element is optional
    code = xml.text(body, f"{_GENERAL}/TipoDocumento")
    lines = [xml.row(node, LINE_TEXTS, LINE_AMOUNTS) for node in xml.find(body, f"{_GOODS}/DettaglioLinee")]
    values: dict[str, Any] = {
        "document_type": None if code is None else "credit_note" if code in CREDIT_NOTES else "invoice",
        "invoice_id": xml.text(body, f"{_GENERAL}/Numero"),
        "invoice_date": xml.iso_date(body, f"{_GENERAL}/Data"),
        "due_date": xml.iso_date(body, f"{_PAYMENT}/DataScadenzaPagamento"),
        "purchase_order": xml.text(body, "DatiGenerali/DatiOrdineAcquisto/IdDocumento"),
        "currency": xml.text(body, f"{_GENERAL}/Divisa"),
        "supplier_name": _name(root, _SELLER),
        "supplier_address": _address(root),
        "receiver_name": _name(root, _BUYER),
        "net_amount": net,
        "total_tax_amount": tax,
        "total_amount": total,
        "amount_due": _due(body),
        "tax_lines": taxes,
        "line_items": lines,
    }
    alternatives: dict[str, list[str]] = {}
    for name, party in (("supplier_tax_id", _SELLER), ("receiver_tax_id", _BUYER)):
        numbers = _tax_ids(root, party)
        values[name] = numbers[0] if numbers else None
        if numbers[1:]:
            alternatives[name] = numbers[1:]
    return values, alternatives


def _sum(rows: list[Row], name: str) -> Decimal | None:
    amounts = [value for row in rows if isinstance(value := row.get(name), Decimal)]
    return sum(amounts, Decimal(0)) if amounts and len(amounts) == len(rows) else None


def _due(body: Any) -> Decimal | None:
    """The sum of the payments; None if none is stated. Less than the total where tax is withheld."""
    amounts = [xml.decimal(written) for written in xml.texts(body, f"{_PAYMENT}/ImportoPagamento")]
    known = [amount for amount in amounts if isinstance(amount, Decimal)]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None


def _name(root: Any, party: str) -> str | None:
    """The company, or the person's first and last name."""
    base = f"{party}/DatiAnagrafici/Anagrafica"
    person = " ".join(part for name in ("Nome", "Cognome") if (part := xml.text(root, f"{base}/{name}")))
    return xml.text(root, f"{base}/Denominazione") or person or None


def _address(root: Any) -> str | None:
    """The seller's address in one line, without the country code."""

    def joined(*names: str) -> str:
        return " ".join(part for name in names if (part := xml.text(root, f"{_SELLER}/Sede/{name}")))

    street, city, province = joined("Indirizzo", "NumeroCivico"), joined("CAP", "Comune"), joined("Provincia")
    return ", ".join(part for part in (street, f"{city} ({province})" if province else city) if part) or None


def _tax_ids(root: Any, party: str) -> list[str]:
    """The VAT number with its country, then the fiscal code."""
    base = f"{party}/DatiAnagrafici"
    country, number = xml.text(root, f"{base}/IdFiscaleIVA/IdPaese"), xml.text(root, f"{base}/IdFiscaleIVA/IdCodice")
    numbers = [f"{country or ''}{number}" if number else None, xml.text(root, f"{base}/CodiceFiscale")]
    return [number for number in dict.fromkeys(numbers) if number]
