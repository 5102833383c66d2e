"""E-invoices of each format as XML, and XML that a careless parser would trip over."""

import re
import tracemalloc
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ocr_pipeline.documents.einvoice import attachments, xml
from ocr_pipeline.documents.einvoice.attachments import embedded_files
from ocr_pipeline.documents.einvoice.reading import CUT_OFF, read_xml
from ocr_pipeline.documents.einvoice.xml import UnusableXmlError
from ocr_pipeline.documents.importers import import_einvoice
from ocr_pipeline.documents.importers.einvoice_labels import label_of
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.schemas import Label
from ocr_pipeline_tests.documents.einvoice.samples import BODY, CREDIT_NOTE, FATTURA, INVOICE, cii, with_attachment
from ocr_pipeline_tests.files import text_pdf

pytest.importorskip("lxml")
pytest.importorskip("pypdf")


def label_of_xml(content: bytes) -> tuple[Label, list[str]]:
    [einvoice] = read_xml(content)
    return label_of(einvoice), list(einvoice.problems)


def numbers(*amounts: Decimal | None) -> list[float]:
    return [float(amount) for amount in amounts if amount is not None]


@pytest.mark.parametrize(("content", "kind"), [(INVOICE, "invoice"), (CREDIT_NOTE, "credit_note")])
def test_ubl(content: str, kind: str) -> None:
    label, problems = label_of_xml(content.encode())
    invoice = label.invoice
    assert problems == []
    assert (invoice.document_type, invoice.invoice_id, invoice.currency) == (kind, "U-1", "EUR")
    assert (invoice.invoice_date, invoice.due_date) == (date(2026, 3, 4), date(2026, 4, 3))
    assert numbers(invoice.net_amount, invoice.total_tax_amount, invoice.total_amount) == [100, 19, 119]
    assert (invoice.supplier_name, invoice.supplier_address) == ("Nordwind GmbH", "Hafen 1, 24103 Kiel")
    assert invoice.supplier_tax_id == "DE123456789"
    assert label.alternatives["supplier_name"] == ["Nordwind"]
    assert label.alternatives["supplier_tax_id"] == ["20/123"]
    assert label.alternatives.get("total_amount", []) == (["-119.00"] if kind == "credit_note" else [])
    [item], [tax] = invoice.line_items, invoice.tax_lines
    assert item.description == "Screws"
    assert numbers(item.quantity, item.unit_price, item.amount) == [200, 0.5, 100]
    assert numbers(tax.rate, tax.net_amount, tax.amount) == [19, 100, 19]


@pytest.mark.parametrize(("code", "kind"), [("TD01", "invoice"), ("TD24", "invoice"), ("TD04", "credit_note")])
def test_fatturapa(code: str, kind: str) -> None:
    label, problems = label_of_xml(FATTURA.format(bodies=BODY.format(kind=code)).encode())
    invoice = label.invoice
    assert problems == []
    assert (invoice.document_type, invoice.invoice_id, invoice.invoice_date) == (kind, "7/A", date(2026, 3, 4))
    amounts = (invoice.net_amount, invoice.total_tax_amount, invoice.total_amount, invoice.amount_due)
    assert numbers(*amounts) == [100, 22, 122, 102]
    assert (invoice.supplier_name, invoice.supplier_address) == ("Mario Rossi", "Via Roma 5, 00100 Roma (RM)")
    assert (invoice.supplier_tax_id, label.alternatives["supplier_tax_id"]) == ("IT01234567890", ["RSSMRA80A01H501U"])
    assert [item.amount for item in invoice.line_items] == [100]


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
UNUSABLE = {
    "nothing": (b"", "it is empty"),
    "blanks": (b"\xef\xbb\xbf \n", "it is empty"),
    "no XML": (b"%PDF-1.7", "it is not XML"),
    "a picture": (b"\x89PNG\r\n", "a picture has no XML in it"),
    "broken": (INVOICE.replace("<c:ID>", "<c:ID<", 1).encode(), "it is broken"),
    "text behind the end": (INVOICE.encode() + b"text", "it is broken"),
    "cut off": (INVOICE[:300].encode(), "it is cut off"),
    "cut off in a tag": (INVOICE[:-4].encode(), "it is cut off"),
    "an order": (b"<Order><ID>1</ID></Order>", "it is an order"),
    "Order-X": (b"<SCRDMCCBDACIOMessageStructure/>", "it is an order"),
    "something else": (b"<html/>", "its root element html"),
    "an external entity": (
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Invoice><ID>&x;</ID></Invoice>',
        "document type definition",
    ),
    "a billion laughs": (f'<!DOCTYPE a [<!ENTITY e0 "ha">{LAUGHS}]><Invoice><ID>&e9;</ID></Invoice>'.encode(), "it "),
}


@pytest.mark.parametrize(("content", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_why_xml_is_of_no_use(content: bytes, reason: str) -> None:
    with pytest.raises(UnusableXmlError, match=reason):
        label_of_xml(content)


@pytest.mark.parametrize("written", ["1E999999", "1E-999999", "9" * 5_000, "NaN", "sNaN", "Infinity"])
def test_amounts_that_no_sum_can_hold(written: str) -> None:
    total = re.sub(r"(TaxInclusiveAmount>)[^<]+", rf"\g<1>{written}", INVOICE)
    [found] = read_xml(total.encode())
    assert found.invoice.total_amount is None
    assert found.problems == ("invalid total_amount in the XML; skipped.",)


def test_a_text_longer_than_any_page_prints() -> None:
    [found] = read_xml(re.sub(r"<c:ID>[^<]*", f"<c:ID>{'9' * 100_000}", INVOICE, count=1).encode())
    assert (found.invoice.invoice_id, found.problems) == (None, ("invalid invoice_id in the XML; skipped.",))


def test_zeros_behind_the_xml_are_padding() -> None:
    assert read_xml(INVOICE.encode() + b"\0\0\0") == read_xml(INVOICE.encode())


def test_xml_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_BYTES", 100)
    with pytest.raises(UnusableXmlError, match="more than 100 bytes"):
        label_of_xml(INVOICE.encode())


def test_a_specification_within_another_object() -> None:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(with_attachment("a.xml", INVOICE.encode(), annotation=True))))
    notes: Any = writer.pages[0]["/Annots"]
    note = notes[0].get_object()
    note[NameObject("/FS")] = note["/FS"].get_object()  # instead of a reference
    buffer = BytesIO()
    writer.write(buffer)
    assert embedded_files(buffer.getvalue()) == [("a.xml", INVOICE.encode())]


def test_a_file_of_an_earlier_version_comes_behind_the_one_that_is_listed() -> None:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject

    writer = PdfWriter(clone_from=PdfReader(BytesIO(with_attachment("factur-x.xml", b"<old/>"))))
    for key in ("/Names", "/AF"):
        writer.root_object.pop(key, None)
    writer.add_attachment("factur-x.xml", b"<new/>")
    writer.root_object[NameObject("/Names")] = writer._add_object(writer.root_object["/Names"])
    buffer = BytesIO()
    writer.write(buffer)
    assert embedded_files(buffer.getvalue()) == [("factur-x.xml", b"<new/>"), ("factur-x.xml", b"<old/>")]


def test_letters_that_are_not_in_the_declared_encoding() -> None:
    content = b'<?xml version="1.0" encoding="UTF-8"?>' + INVOICE.replace("Nordwind GmbH", "M\u00fcller").encode(
        "cp1252"
    )
    assert read_xml(content)[0].invoice.supplier_name == "M\u00fcller"


@pytest.mark.parametrize("annotation", [False, True])
@pytest.mark.parametrize("name", ["factur-x.xml", "rechnung-4711.xml", "data.bin"])
def test_xml_in_a_pdf_is_found(name: str, annotation: bool) -> None:
    assert embedded_files(with_attachment(name, INVOICE.encode(), annotation=annotation)) == [(name, INVOICE.encode())]


def test_import_names_what_has_no_label_and_why(tmp_path: Path) -> None:
    source, documents = tmp_path / "bills", tmp_path / "documents"
    source.mkdir()
    plain = text_pdf([[(20, 150, "Bill U-1 of 119.00")]])
    for name, content in {
        "a.pdf": with_attachment("invoice.xml", INVOICE.encode()),
        "b.pdf": plain,
        "b.xml": CREDIT_NOTE.encode(),
        "c.pdf": with_attachment("order-x.xml", b"<SCRDMCCBDACIOMessageStructure/>"),
        "d.pdf": plain,
        "e.xml": INVOICE.encode(),
        "f.xml": b"<html/>",
        "g.pdf": b"%PDF-1.4 broken",
    }.items():
        (source / name).write_bytes(content)
    report = import_einvoice(source, documents)
    assert (report.new, report.labelled, report.problems) == (6, 3, [])
    assert load_label(documents / "bills" / "a.pdf.json")[0].invoice.document_type == "invoice"
    assert load_label(documents / "bills" / "b.pdf.json")[0].invoice.document_type == "credit_note"
    assert load_label(documents / "bills" / "e.xml.json")[0].invoice.document_type == "invoice"
    assert report.notes == [
        "c.pdf: no invoice XML (order-x.xml: it is an order, not an invoice); imported without a label.",
        "d.pdf: no invoice XML (no XML is attached); imported without a label.",
        "g.pdf: no invoice XML (no XML is attached); imported without a label.",
        "f.xml: no invoice XML (its root element html is of no known invoice format); skipped.",
    ]


def test_xml_without_its_last_end_tag_is_read_if_it_adds_up() -> None:
    whole = cii().decode().rstrip()
    cut = whole.removesuffix("</r:CrossIndustryInvoice>").encode()
    [found] = read_xml(cut)
    assert (found.invoice.total_amount, found.remarks) == (Decimal("108.10"), (CUT_OFF,))
    with pytest.raises(UnusableXmlError, match="it is cut off"):
        read_xml(cut.replace(b">108.10<", b">108.20<"))


def flate_bomb(size: int) -> bytes:
    """A PDF whose attachment is this large when it is unpacked."""
    return with_attachment("factur-x.xml", INVOICE.encode() + b" " * size, packed=True)


def test_an_attachment_is_unpacked_no_further_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = flate_bomb(3_000_000)
    assert len(bomb) < 10_000
    assert len(embedded_files(bomb)) == 1
    monkeypatch.setattr(attachments, "MAX_BYTES", 1_000_000)
    tracemalloc.start()
    assert embedded_files(bomb) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_500_000


def test_deeply_nested_xml_is_refused() -> None:
    with pytest.raises(UnusableXmlError, match="it is broken"):
        read_xml(b"<Invoice>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</Invoice>")


def test_no_file_beside_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<ID>secret</ID>")
    include = f'<Invoice xmlns:xi="http://www.w3.org/2001/XInclude"><ID>1</ID><xi:include href="{secret.as_uri()}"/></Invoice>'
    [found] = read_xml(include.encode())
    assert (found.invoice.invoice_id, "secret" in repr(found)) == ("1", False)
