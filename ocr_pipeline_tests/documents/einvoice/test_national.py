"""KSeF, Facturae, FatturaPA in its less usual forms, and signed messages."""

import base64
from datetime import date
from decimal import Decimal

import pytest

from ocr_pipeline.documents.einvoice.reading import UNVERIFIED, EInvoice, read_einvoices
from ocr_pipeline.documents.einvoice.signed import MAX_LAYERS
from ocr_pipeline.documents.einvoice.xml import UnusableXmlError
from ocr_pipeline_tests.documents.einvoice.samples import BODY, FACTURAE, FACTURAE_INVOICE, FATTURA, KSEF, signed

pytest.importorskip("lxml")

ONE_FATTURA = FATTURA.format(bodies=BODY.format(kind="TD01")).encode()


def numbers(*values: Decimal | None) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def read(text: str) -> EInvoice:
    [found] = read_einvoices(text.encode())
    assert found.problems == ()
    return found


@pytest.mark.parametrize(
    ("kind", "sign", "expected"), [("VAT", "", "invoice"), ("KOR", "-", "credit_note"), ("KOR", "", "invoice")]
)
def test_ksef(kind: str, sign: str, expected: str) -> None:
    found = read(KSEF.format(kind=kind, sign=sign))
    invoice = found.invoice
    factor = -1 if sign else 1
    assert (found.format, found.profile, found.country) == ("KSeF", "FA (3)", "PL")
    assert (invoice.document_type, invoice.invoice_id, invoice.currency) == (expected, "FV/7/2026", "EUR")
    assert (invoice.invoice_date, invoice.due_date, invoice.purchase_order) == (
        date(2026, 3, 4),
        date(2026, 4, 4),
        "Z-9",
    )
    assert found.alternatives == {"due_date": ["2026-05-04"]}
    assert numbers(invoice.net_amount, invoice.total_tax_amount) == [160 * factor, 27 * factor]
    assert numbers(invoice.total_amount, invoice.amount_due) == [187 * factor, 180]
    assert (invoice.supplier_name, invoice.supplier_tax_id) == ("Wiatrak sp. z o.o.", "5260250274")
    assert invoice.supplier_address == "ul. Polna 7, 00-950 Warszawa"
    assert (invoice.receiver_name, invoice.receiver_tax_id) == ("Nordwind GmbH", "DE136695976")
    assert [numbers(row.rate, row.net_amount, row.amount) for row in invoice.tax_lines] == [
        [23, 100 * factor, 23 * factor],
        [8, 50 * factor, 4 * factor],
        [None, 10 * factor, None],
    ]
    assert [item.description for item in invoice.line_items] == [
        "Kabel",
        "Listwa",
    ]  # not the line before the correction
    assert [numbers(item.quantity, item.unit_price, item.amount) for item in invoice.line_items] == [
        [2, 50, 100],
        [1, 54, 54],
    ]
    assert found.places["tax_lines.1.amount"].path == "Faktura/Fa/P_14_2"
    assert found.contradictions == ()


def test_ksef_that_does_not_add_up() -> None:
    found = read(KSEF.format(kind="VAT", sign="").replace("<P_15>187.00", "<P_15>187.10"))
    assert [check.rule for check in found.contradictions] == ["FA P_15"]


@pytest.mark.parametrize(
    ("kind", "sign", "expected"), [("OO", "", "invoice"), ("OR", "-", "credit_note"), ("OR", "", "invoice")]
)
def test_facturae(kind: str, sign: str, expected: str) -> None:
    found = read(FACTURAE.format(invoices=FACTURAE_INVOICE.format(number="17", kind=kind, sign=sign)))
    invoice = found.invoice
    factor = -1 if sign else 1
    assert (found.format, found.profile, found.contradictions) == ("Facturae", "3.2.2", ())
    assert (invoice.document_type, invoice.invoice_id, invoice.currency) == (expected, "17", "EUR")
    assert found.alternatives["invoice_id"] == ["A26-17"]
    assert (invoice.invoice_date, invoice.due_date) == (date(2026, 3, 4), date(2026, 4, 3))
    assert numbers(invoice.net_amount, invoice.total_tax_amount) == [1000 * factor, 210 * factor]
    assert numbers(invoice.total_amount, invoice.amount_due) == [1060 * factor, 1060 * factor]
    assert found.alternatives["total_amount"] == [f"{sign}1210.00"]  # before tax withheld
    assert (invoice.supplier_name, invoice.supplier_tax_id) == ("Ana Ruiz Gil", "12345678Z")
    assert (invoice.supplier_address, found.country) == ("Calle Mayor 1, 28013 Madrid (Madrid)", "ES")
    assert (invoice.receiver_name, found.alternatives["receiver_name"]) == ("Puerto S.A.", ["Puerto"])
    assert [numbers(row.rate, row.amount) for row in invoice.tax_lines] == [[21, 210 * factor]]
    [item] = invoice.line_items
    assert (item.description, item.product_code, item.amount) == ("Servicio", "S-1", Decimal(1000))


def test_facturae_with_several_invoices() -> None:
    invoices = "".join(FACTURAE_INVOICE.format(number=number, kind="OO", sign="") for number in ("17", "18"))
    found = read_einvoices(FACTURAE.format(invoices=invoices).encode())
    assert [one.invoice.invoice_id for one in found] == ["17", "18"]


def test_simplified_fattura() -> None:
    found = read(
        """<FatturaElettronicaSemplificata versione="FSM10"><FatturaElettronicaHeader>
        <CedentePrestatore><IdFiscaleIVA><IdPaese>IT</IdPaese><IdCodice>01234567890</IdCodice></IdFiscaleIVA>
          <Denominazione>Bar Roma</Denominazione><Sede><Indirizzo>Via Po 1</Indirizzo><CAP>10121</CAP><Comune>Torino</Comune>
          <Nazione>IT</Nazione></Sede></CedentePrestatore></FatturaElettronicaHeader>
        <FatturaElettronicaBody><DatiGenerali><DatiGeneraliDocumento><TipoDocumento>TD07</TipoDocumento><Divisa>EUR</Divisa>
          <Data>2026-03-04</Data><Numero>5</Numero></DatiGeneraliDocumento></DatiGenerali>
          <DatiBeniServizi><Descrizione>Pranzo</Descrizione><Importo>11.00</Importo><DatiIVA><Imposta>1.00</Imposta></DatiIVA>
          </DatiBeniServizi></FatturaElettronicaBody></FatturaElettronicaSemplificata>"""
    )
    invoice = found.invoice
    assert (invoice.supplier_name, invoice.supplier_tax_id) == ("Bar Roma", "IT01234567890")
    assert numbers(invoice.net_amount, invoice.total_tax_amount, invoice.total_amount) == [10, 1, 11]
    assert [item.description for item in invoice.line_items] == ["Pranzo"]


def test_several_bodies_are_several_invoices() -> None:
    bodies = BODY.format(kind="TD01") + BODY.format(kind="TD04").replace("7/A", "8/A")
    found = read_einvoices(FATTURA.format(bodies=bodies).encode())
    assert [(one.invoice.invoice_id, one.invoice.document_type) for one in found] == [
        ("7/A", "invoice"),
        ("8/A", "credit_note"),
    ]
    assert {one.invoice.supplier_name for one in found} == {"Mario Rossi"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("<ImponibileImporto>100.00", "<ImponibileImporto>102.00"), "FatturaPA 00422"),
        (("<Imposta>22.00", "<Imposta>22.02"), "FatturaPA 00421"),
        (
            ("</Numero>", "</Numero><ImportoTotaleDocumento>123.00</ImportoTotaleDocumento>"),
            "FatturaPA ImportoTotaleDocumento",
        ),
    ],
)
def test_fatturapa_that_does_not_add_up(change: tuple[str, str], rule: str) -> None:
    found = read(ONE_FATTURA.decode().replace(*change))
    assert rule in [check.rule for check in found.contradictions]


def test_stamp_duty_in_the_total_is_no_contradiction() -> None:
    stamp = "<DatiBollo><ImportoBollo>2.00</ImportoBollo></DatiBollo>"
    total = f"</Numero>{stamp}<ImportoTotaleDocumento>124.00</ImportoTotaleDocumento>"
    assert read(ONE_FATTURA.decode().replace("</Numero>", total)).contradictions == ()


SIGNED = signed(ONE_FATTURA)


@pytest.mark.parametrize(
    "content",
    [
        SIGNED,
        signed(ONE_FATTURA, streamed=True),
        signed(SIGNED),
        base64.b64encode(SIGNED),
        b"-----BEGIN PKCS7-----\n" + base64.encodebytes(SIGNED) + b"-----END PKCS7-----\n",
    ],
    ids=["DER", "BER in pieces", "signed twice", "Base64", "PEM"],
)
def test_signed_messages_are_read_and_said_to_be_unverified(content: bytes) -> None:
    [found] = read_einvoices(content)
    assert (found.invoice.total_amount, found.remarks) == (Decimal(122), (UNVERIFIED,))


def layers(count: int) -> bytes:
    content = ONE_FATTURA
    for _ in range(count):
        content = signed(content)
    return content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (signed(None), "the signature is detached, without the invoice"),
        (SIGNED[:-200], "the signed message is broken"),
        (signed(ONE_FATTURA, streamed=True)[:-200], "the signed message is broken"),
        (layers(MAX_LAYERS + 1), "the message is signed too often"),
        (signed(b"no XML"), "it is not XML"),
    ],
    ids=["detached", "cut off", "cut off in pieces", "too often", "no XML"],
)
def test_signed_messages_without_an_invoice(content: bytes, why: str) -> None:
    with pytest.raises(UnusableXmlError, match=why):
        read_einvoices(content)
