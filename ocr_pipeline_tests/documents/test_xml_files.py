"""Which XML is a document, and the pages that are drawn from it."""

import time
from pathlib import Path

import pytest

from ocr_pipeline.documents.find import find_documents, not_documents
from ocr_pipeline.documents.importers import import_folder
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.documents.stage import ingest
from ocr_pipeline.documents.xml_files import is_einvoice
from ocr_pipeline.documents.xml_pages import XmlPage
from ocr_pipeline.errors import DocumentError
from ocr_pipeline_tests.documents.einvoice.samples import (
    BODY,
    CREDIT_NOTE,
    FACTURAE,
    FATTURA,
    INVOICE,
    KSEF,
    cii,
    signed,
)
from ocr_pipeline_tests.files import image_bytes

FORMATS = {
    "UBL": INVOICE.encode(),
    "UBL credit note": CREDIT_NOTE.encode(),
    "CII": cii(),
    "FatturaPA": FATTURA.format(bodies=BODY.format(kind="TD01")).encode(),
    "KSeF": KSEF.encode(),
    "Facturae": FACTURAE.encode(),
    "declaration and comment": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- > -->\n' + INVOICE.encode(),
    "UTF-16": INVOICE.encode("utf-16"),
}
OTHERS = {
    "settings": b"<config><Invoice/></config>",
    "an invoice of nobody's format": b'<Invoice xmlns="http://example.org/shop"><id>1</id></Invoice>',
    "web page": b"<!DOCTYPE html><html></html>",
    "text": b"Invoice",
    "empty": b"",
}


@pytest.mark.parametrize("content", FORMATS.values(), ids=FORMATS)
def test_e_invoices_are_recognised(content: bytes) -> None:
    assert is_einvoice(content)


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_other_files_are_not(content: bytes) -> None:
    assert not is_einvoice(content)


def test_no_beginning_of_a_file_takes_long() -> None:
    began = time.process_time()
    is_einvoice(b"<?a?>" * 3_000 + b"<!-- -->" * 100 + b" " * 300)
    assert time.process_time() - began < 0.5


def test_xml_is_a_document_unless_it_belongs_to_another_file(tmp_path: Path) -> None:
    folder = tmp_path / "documents" / "mix"
    folder.mkdir(parents=True)
    for name in ("alone.xml", "ALSO.XML", "invoice.xml", "invoice.pdf.xml", "scan.xml.p7m"):
        (folder / name).write_bytes(INVOICE.encode())
    (folder / "signed.xml.p7m").write_bytes(signed(INVOICE.encode()))
    (folder / "detached.p7m").write_bytes(signed(None))
    (folder / "config.xml").write_bytes(OTHERS["settings"])
    for name in ("invoice.pdf", "scan.png"):
        (folder / name).write_bytes(image_bytes())
    (folder / "alone.json").write_text("{}")
    (folder / "config").mkdir()
    found = {source.path.name for source in find_documents(tmp_path)}
    assert found == {"alone.xml", "ALSO.XML", "signed.xml.p7m", "invoice.pdf", "scan.png"}
    ignored = [path.name for path in not_documents(tmp_path)["xml"]]
    assert ignored == ["config.xml", "detached.p7m", "invoice.pdf.xml", "invoice.xml", "scan.xml.p7m"]


def test_a_folder_is_imported_without_xml_that_is_no_document(tmp_path: Path) -> None:
    source = tmp_path / "bills"
    source.mkdir()
    (source / "a.xml").write_bytes(INVOICE.encode())
    (source / "b.xml").write_bytes(INVOICE.encode())
    (source / "b.png").write_bytes(image_bytes())
    (source / "settings.xml").write_bytes(OTHERS["settings"])
    report = import_folder(source, tmp_path / "documents")
    assert sorted(path.name for path in report.target.iterdir()) == ["a.xml", "b.png"]
    assert report.notes == [
        "b.xml: belongs to the file of the same name; `import einvoice` takes its label from it.",
        "settings.xml: no e-invoice; skipped.",
    ]


@pytest.mark.parametrize("content", [INVOICE.encode(), signed(INVOICE.encode())], ids=["plain", "signed"])
def test_a_page_shows_the_values_at_their_places(content: bytes) -> None:
    document = open_document(content, Limits())
    [page] = document.pages
    assert isinstance(page, XmlPage)
    assert document.is_drawn
    texts = [line.text for line in page.lines]
    assert "Drawn by ocr-pipeline from the XML. It is not the issuer's layout." in texts
    assert {"Nordwind GmbH", "U-1", "2026-03-04", "Screws", "119.00 EUR"} <= set(texts)
    image = page.image()
    assert image.shape == (page.height, page.width, 3)
    for path in ("total_amount", "line_items.0.amount", "tax_lines.0.rate", "supplier_address"):
        left, top, right, bottom = page.places[path]
        box = image[
            int(top * page.height) : int(bottom * page.height), int(left * page.width) : int(right * page.width)
        ]
        assert box.min() < 100, path
    assert (open_document(content, Limits()).pages[0].image() == image).all()


def test_letters_of_every_country_of_the_formats_are_drawn() -> None:
    text = "Łódź Škoda Győr Σίγμα Щука № 5 – € ẞ"
    [page] = open_document(INVOICE.replace("Nordwind GmbH", text).encode(), Limits()).pages
    [missing] = open_document(INVOICE.replace("Nordwind GmbH", "\ue000" * 3).encode(), Limits()).pages
    assert isinstance(page, XmlPage)
    assert isinstance(missing, XmlPage)
    assert text in [line.text for line in page.lines]
    assert "⟨U+E000⟩" * 3 in [line.text for line in missing.lines]


def test_long_invoices_fill_several_pages() -> None:
    head, line, tail = INVOICE.partition("<InvoiceLine>")
    row = f"{line}{tail.removesuffix('</Invoice>')}"
    content = f"{head}{row * 120}</Invoice>".encode()
    pages = open_document(content, Limits()).pages
    assert len(pages) > 2
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    with pytest.raises(DocumentError, match="more than 2 pages"):
        open_document(content, Limits(max_pages=2))


def test_each_invoice_of_a_file_begins_a_page() -> None:
    content = FATTURA.format(bodies=BODY.format(kind="TD01") + BODY.format(kind="TD04")).encode()
    first, second = open_document(content, Limits()).pages
    assert isinstance(first, XmlPage)
    assert isinstance(second, XmlPage)
    assert "Credit note" in [line.text for line in second.lines]
    assert "invoice_id" in first.places
    assert second.places == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (INVOICE[:400].encode(), "cannot be used as an invoice"),
        (b"<config/>", "root element config is of no known invoice format"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + INVOICE.encode(), "document type definition"),
    ],
)
def test_unusable_xml_fails_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(DocumentError, match=why) as raised:
        open_document(content, Limits())
    assert raised.value.reason == "unreadable"


def test_two_invoices_of_a_supplier_are_no_duplicates_of_their_drawn_pages(tmp_path: Path) -> None:
    looks = []
    for name in ("U-1", "U-2"):
        path = tmp_path / "documents" / f"{name}.xml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(INVOICE.replace("U-1", name).encode())
    for source in find_documents(tmp_path):
        document, failure = ingest(source, Limits())
        assert failure is None
        assert document is not None
        looks.append(int(document.perceptual_hash.removeprefix("dct1-"), 16))
    assert (looks[0] ^ looks[1]).bit_count() > 72
