"""Labels from e-invoices: as far as the page prints them; one document for each invoice."""

from decimal import Decimal
from pathlib import Path

import pytest

from ocr_pipeline.documents.einvoice import splitting
from ocr_pipeline.documents.einvoice.printed import not_printed, prints_amount, with_country
from ocr_pipeline.documents.einvoice.reading import UNVERIFIED, read_einvoices
from ocr_pipeline.documents.importers import import_einvoice
from ocr_pipeline.documents.importers.einvoice_labels import label_document, label_of
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.schemas import Invoice
from ocr_pipeline_tests.documents.einvoice.samples import (
    BODY,
    CREDIT_NOTE,
    FACTURAE,
    FACTURAE_INVOICE,
    FATTURA,
    INVOICE,
    cii,
    signed,
    with_attachment,
)
from ocr_pipeline_tests.files import text_pdf

pytest.importorskip("lxml")
pytest.importorskip("pypdf")

TWO = FATTURA.format(bodies=BODY.format(kind="TD01") + BODY.format(kind="TD04").replace("7/A", "8/A")).encode()


@pytest.mark.parametrize(
    "text", ["1.234,50", "1,234.50", "1 234,50", "1'234.50", "1234,50", "EUR 1234.50-", "(1,234.50)", "Summe:1234,50€"]
)
def test_an_amount_is_printed(text: str) -> None:
    assert prints_amount(f"Total {text} due", Decimal("1234.50"))
    assert prints_amount(f"Total {text} due", Decimal("-1234.5"))


@pytest.mark.parametrize("text", ["11.234,50", "1.234,505", "1.234,51", "234,50", "1.234.50.7", "2,1234.50"])
def test_another_amount_is_printed(text: str) -> None:
    assert not prints_amount(f"Total {text} due", Decimal("1234.50"))


@pytest.mark.parametrize("text", ["357", "357,00", "357.-", "357,–"])
def test_a_whole_amount_is_printed(text: str) -> None:
    assert prints_amount(f"Total {text} due", Decimal(357))
    assert not prints_amount(f"Total 1{text} due", Decimal(357))
    assert not prints_amount("Total 357,50", Decimal(357))


def test_number_and_total_that_a_page_does_not_print() -> None:
    invoice = Invoice(invoice_id="RE-7/2026", total_amount=Decimal("119.00"))
    assert not_printed(invoice, "Rechnung RE 7 / 2026, Betrag 119,00 EUR") == []
    assert not_printed(invoice, "Rechnung RE-8/2026, Betrag 191,00 EUR") == ["invoice_id", "total_amount"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("Hafen 1 24103 Kiel Deutschland Tel. 1", ["Hafen 1, 24103 Kiel, Deutschland"]),
        ("Hafen 1\n24103  Kiel\nGERMANY", ["Hafen 1, 24103 Kiel, GERMANY"]),
        ("Hafen 1 D-24103 Kiel", ["Hafen 1, D-24103 Kiel"]),
        ("Hafen 1, DE 24103 Kiel", ["Hafen 1, DE 24103 Kiel"]),
        (
            "Nordwind, DE-24103 Kiel, Germany … Hafen 1, 24103 Kiel, Allemagne",
            ["Hafen 1, DE-24103 Kiel, Germany", "Hafen 1, 24103 Kiel, Allemagne"],
        ),
        ("Hafen 1 24103 Kiel, Tel. 1", []),
        ("Hafen 1 A-24103 Kiel", []),
        ("Deutschland", []),
        ("24103 Kiel 1234 Wien 5678 Graz Deutschland", []),
    ],
)
def test_the_country_as_the_page_prints_it(page: str, expected: list[str]) -> None:
    assert with_country(" ".join(page.split()), "Hafen 1, 24103 Kiel", "DE") == expected


@pytest.mark.parametrize(
    ("page", "due"),
    [
        ("Total 108.10 CHF, paid 20.00, open 88.12", Decimal("88.12")),
        ("Total 108.10", None),
        ("", None),
        (None, Decimal("88.12")),
    ],
)
def test_amount_due_is_labelled_where_the_page_prints_it(page: str | None, due: Decimal | None) -> None:
    [found] = read_einvoices(cii())
    label = label_of(found, page)
    assert label.invoice.amount_due == due
    assert ("amount_due" in label.labelled_fields) == (due is not None)
    assert label.invoice.total_amount == Decimal("108.10")


def test_an_address_with_its_country() -> None:
    [found] = read_einvoices(cii())
    label = label_of(found, "Waldweg 3 8000 Zürich Schweiz 108.10")
    assert label.invoice.supplier_address == "Waldweg 3, 8000 Zürich, Schweiz"
    assert label.alternatives["supplier_address"] == ["Waldweg 3, 8000 Zürich"]
    assert label.alternatives["due_date"] == ["2026-05-01"]


def test_xml_that_contradicts_its_page_or_itself_is_told() -> None:
    [found] = label_document(with_attachment("invoice.xml", cii(total="108.20", due="88.22")))
    assert found.label is not None
    assert found.remarks == (
        "BR-CO-15: the total is not net amount plus tax.",
        "the page does not print invoice_id and total_amount of the XML; check the label.",
    )
    assert found.label.doubts == {
        "net_amount": "BR-CO-15: the total is not net amount plus tax.",
        "total_tax_amount": "BR-CO-15: the total is not net amount plus tax.",
        "total_amount": "The XML says so, and the page does not print it.",
        "invoice_id": "The XML says so, and the page does not print it.",
    }


def test_several_invoices_in_a_pdf_are_told() -> None:
    [found] = label_document(with_attachment("fattura.xml", TWO))
    assert (found.label, found.why) == (None, "fattura.xml: it holds 2 invoices")


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        (TWO, ["7/A", "8/A"]),
        (
            FACTURAE.format(
                invoices="".join(FACTURAE_INVOICE.format(number=number, kind="OO", sign="") for number in "12")
            ).encode(),
            ["1", "2"],
        ),
    ],
)
def test_each_invoice_of_a_file_becomes_a_document(content: bytes, numbers: list[str]) -> None:
    found = label_document(content)
    assert [one.label.invoice.invoice_id for one in found if one.label] == numbers
    again = [read_einvoices(one.content or b"") for one in found]
    assert [[part.invoice.invoice_id for part in parts] for parts in again] == [[number] for number in numbers]


def test_too_many_invoices_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MAX_INVOICES", 1)
    assert [one.why for one in label_document(TWO)] == ["it holds 2 invoices, more than 1"]


def test_import_of_xml_without_pages(tmp_path: Path) -> None:
    source, documents = tmp_path / "bills", tmp_path / "documents"
    source.mkdir()
    one = FATTURA.format(bodies=BODY.format(kind="TD01")).encode()
    for name, content in {
        "a.xml": CREDIT_NOTE.encode(),
        "b.xml.p7m": signed(one),
        "c.P7M": signed(one),
        "d.xml": TWO,
        "a.xml.p7m": signed(one),
        "e.xml": INVOICE[:300].encode(),
        "f.p7m": signed(None),
        "g.xml": b"<Invoice><ID>1</ID></Invoice>",
    }.items():
        (source / name).write_bytes(content)
    report = import_einvoice(source, documents)
    names = {path.name for path in (documents / "bills").iterdir() if path.suffix != ".json"}
    assert names == {"a.xml", "b.xml.p7m", "c.P7M", "d-1.xml", "d-2.xml", "a.xml.p7m"}
    assert load_label(documents / "bills" / "d-2.xml.json")[0].invoice.document_type == "credit_note"
    assert load_label(documents / "bills" / "a.xml.json")[0].alternatives["total_amount"] == ["-119.00"]
    assert (report.new, report.labelled, report.problems) == (6, 6, [])
    assert sorted(report.notes) == sorted(
        [
            f"a.xml.p7m: {UNVERIFIED}",
            f"b.xml.p7m: {UNVERIFIED}",
            f"c.P7M: {UNVERIFIED}",
            "d.xml: 2 invoices; each is a document of its own.",
            "e.xml: no invoice XML (it is cut off); skipped.",
            "f.p7m: no invoice XML (the signature is detached, without the invoice); skipped.",
            "g.xml: no invoice XML (its root element is not in the namespace of its format); skipped.",
        ]
    )


@pytest.mark.parametrize("name", ["a.xml", "a.pdf.xml", "a.xml.p7m"])
def test_xml_beside_a_pdf_is_its_label(name: str, tmp_path: Path) -> None:
    source, documents = tmp_path / "bills", tmp_path / "documents"
    source.mkdir()
    (source / "a.pdf").write_bytes(text_pdf([[(20, 150, "C-1 of 108.10")]]))
    (source / name).write_bytes(signed(cii()) if name.endswith("m") else cii())
    report = import_einvoice(source, documents)
    assert (report.new, report.labelled) == (1, 1)
    assert load_label(documents / "bills" / "a.pdf.json")[0].invoice.invoice_id == "C-1"
