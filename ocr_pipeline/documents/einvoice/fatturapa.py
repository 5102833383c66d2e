"""Italian FatturaPA invoices, versions 1.0 to 1.2 and the simplified one (Agenzia delle Entrate, Specifiche tecniche)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ocr_pipeline.documents.einvoice import xml
from ocr_pipeline.documents.einvoice.arithmetic import CENT, Check, decimals, rates, total
from ocr_pipeline.documents.einvoice.values import Values

SIMPLIFIED = "FatturaElettronicaSemplificata"
ROOTS = ("FatturaElettronica", SIMPLIFIED)

_HEADER = "FatturaElettronicaHeader"
_SELLER, _BUYER = f"{_HEADER}/CedentePrestatore", f"{_HEADER}/CessionarioCommittente"
_GENERAL = "DatiGenerali/DatiGeneraliDocumento"
_GOODS = "DatiBeniServizi"
_PAYMENT = "DatiPagamento/DettaglioPagamento"

LINE_TEXTS = {"description": "Descrizione", "product_code": "CodiceArticolo/CodiceValore"}
LINE_AMOUNTS = {"quantity": "Quantita", "unit_price": "PrezzoUnitario", "amount": "PrezzoTotale"}
TAX_LINE = {"rate": "AliquotaIVA", "net_amount": "ImponibileImporto", "amount": "Imposta"}
ADDRESS = ("Indirizzo NumeroCivico", "CAP Comune")
CREDIT_NOTES = ("TD04", "TD08")


def is_fatturapa(root: Any) -> bool:
    return xml.local_name(root) in ROOTS


def profile(root: Any) -> str:
    """The declared version: `FPR12`."""
    return str(root.get("versione") or "")


def invoices(root: Any) -> Iterator[Values]:
    """The values of each body of a file; they have seller and buyer in common."""
    for body in xml.find(root, "FatturaElettronicaBody"):
        values = Values()
        _header(body, values)
        for name, party in (("supplier", _SELLER), ("receiver", _BUYER)):
            _party(xml.find(root, party), name, values)
        values.address(xml.find(root, f"{_SELLER}/Sede"), ADDRESS, "Nazione", "Provincia")
        if xml.local_name(root) == SIMPLIFIED:
            _simplified_amounts(body, values)
        else:
            _amounts(body, values)
        yield values


def _header(body: Any, values: Values) -> None:
    for element in xml.find(body, f"{_GENERAL}/TipoDocumento"):
        values.put("document_type", "credit_note" if xml.joined(element) in CREDIT_NOTES else "invoice", element)
    values.texts("invoice_id", xml.find(body, f"{_GENERAL}/Numero")[:1])
    values.dates("invoice_date", xml.find(body, f"{_GENERAL}/Data"))
    values.dates("due_date", xml.find(body, f"{_PAYMENT}/DataScadenzaPagamento"))
    values.texts("purchase_order", xml.find(body, "DatiGenerali/DatiOrdineAcquisto/IdDocumento")[:1])
    values.texts("currency", xml.find(body, f"{_GENERAL}/Divisa")[:1])


def _party(parties: list[Any], name: str, values: Values) -> None:
    """The company, or the person's first and last name; the VAT number with its country, then the fiscal code."""
    for party in parties[:1]:
        for base in (
            "DatiAnagrafici",
            "DatiAnagrafici/Anagrafica",
            "IdentificativiFiscali",
            "AltriDatiIdentificativi",
            "",
        ):
            for node in xml.find(party, base) if base else [party]:
                values.texts(f"{name}_name", xml.find(node, "Denominazione"))
                given = xml.find(node, "Nome")
                person = " ".join(part for part in (xml.text(node, "Nome"), xml.text(node, "Cognome")) if part)
                values.put(f"{name}_name", person or None, given[0] if given else None)
                for number in xml.find(node, "IdFiscaleIVA/IdCodice"):
                    country = xml.text(node, "IdFiscaleIVA/IdPaese") or ""
                    values.put(f"{name}_tax_id", f"{country}{xml.joined(number)}", number)
                for code in xml.find(node, "CodiceFiscale"):
                    values.put(f"{name}_tax_id", xml.joined(code), code)
                    values.also(f"{name}_tax_id", xml.joined(code))


def _amounts(body: Any, values: Values) -> None:
    """Net and tax are sums of the tax summary; the total is optional, and then their sum."""
    summary = xml.find(body, f"{_GOODS}/DatiRiepilogo")
    values.add_rows("tax_lines", summary, {}, TAX_LINE)
    values.add_rows("line_items", xml.find(body, f"{_GOODS}/DettaglioLinee"), LINE_TEXTS, LINE_AMOUNTS)
    bases, taxes = (xml.find(body, f"{_GOODS}/DatiRiepilogo/{name}") for name in ("ImponibileImporto", "Imposta"))
    net, tax = _sum(bases), _sum(taxes)
    values.put("net_amount", net, bases[0] if bases else None)
    values.put("total_tax_amount", tax, taxes[0] if taxes else None)
    values.amount("total_amount", xml.find(body, f"{_GENERAL}/ImportoTotaleDocumento"))
    if net is not None and tax is not None:
        values.put("total_amount", net + tax, bases[0])
    payments = xml.find(body, f"{_PAYMENT}/ImportoPagamento")
    values.put("amount_due", _sum(payments), payments[0] if payments else None)
    values.checks += rates("FatturaPA 00421", values.fields["tax_lines"], CENT)
    _check_sums(body, values, net, tax)


def _check_sums(body: Any, values: Values, net: Decimal | None, tax: Decimal | None) -> None:
    """The lines with pension contributions make the taxable amounts (check 00422 of the exchange system, within 1 euro); these
    and the taxes make the total, with rounding and, if the customer is charged, stamp duty; a discount lessens it."""
    gross = values.fields.get("total_amount")
    if net is None or tax is None or not isinstance(gross, Decimal):
        return
    funds = total(decimals(xml.find(body, f"{_GENERAL}/DatiCassaPrevidenziale/ImportoContributoCassa")))
    lines = total(decimals(xml.find(body, f"{_GOODS}/DettaglioLinee/PrezzoTotale")))
    rounding = total(decimals(xml.find(body, f"{_GOODS}/DatiRiepilogo/Arrotondamento")))
    says = "the taxable amounts are not the sum of the lines"
    values.checks.append(Check("FatturaPA 00422", says, ("net_amount",), net, lines + funds + rounding, Decimal(1)))
    optional = [
        total(decimals(xml.find(body, f"{_GENERAL}/{path}"))) for path in ("Arrotondamento", "DatiBollo/ImportoBollo")
    ]
    discounts = total(decimals(xml.find(body, f"{_GENERAL}/ScontoMaggiorazione/Importo")))
    possible = [
        net + tax + change
        for change in (Decimal(0), *optional, sum(optional, Decimal(0)), -discounts, discounts, rounding)
    ]
    nearest = min(possible, key=lambda value: abs(value - gross))
    names = ("net_amount", "total_tax_amount", "total_amount")
    says = "the total is not taxable amounts plus taxes"
    values.checks.append(Check("FatturaPA ImportoTotaleDocumento", says, names, gross, nearest, CENT))


def _simplified_amounts(body: Any, values: Values) -> None:
    """The lines have gross amounts, with the tax that they contain."""
    lines = xml.find(body, _GOODS)
    values.add_rows("line_items", lines, {"description": "Descrizione"}, {"amount": "Importo"})
    gross, taxes = xml.find(body, f"{_GOODS}/Importo"), xml.find(body, f"{_GOODS}/DatiIVA/Imposta")
    total, tax = _sum(gross), _sum(taxes)
    values.put("total_amount", total, gross[0] if gross else None)
    values.put("total_tax_amount", tax, taxes[0] if taxes else None)
    if total is not None and tax is not None:
        values.put("net_amount", total - tax, gross[0])


def _sum(elements: list[Any]) -> Decimal | None:
    """None if there are none, or if one is no number."""
    amounts = [xml.decimal(xml.joined(element)) for element in elements]
    known = [amount for amount in amounts if isinstance(amount, Decimal)]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None
