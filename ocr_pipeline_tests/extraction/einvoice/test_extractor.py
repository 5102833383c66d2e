"""The extractor `einvoice`: the XML in a document as a reading."""

from datetime import date
from decimal import Decimal

import pytest

from ocr_pipeline.cli.explain_fields import _where
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.page_range import PageRange
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.errors import DocumentError
from ocr_pipeline.extraction.base import ExtractionInput
from ocr_pipeline.extraction.einvoice.extractor import EInvoiceExtractor
from ocr_pipeline.inspection.cases import Place
from ocr_pipeline.report.documents import box_of
from ocr_pipeline.schemas import NO_PAGE, Extraction
from ocr_pipeline_tests.documents.einvoice.samples import BODY, FATTURA, INVOICE, cii, with_attachment
from ocr_pipeline_tests.files import image_bytes, text_pdf

pytest.importorskip("lxml")
pytest.importorskip("pypdf")


def extracted(content: bytes, part: PageRange | None = None) -> Extraction:
    document = open_document(content, Limits(), part)
    return EInvoiceExtractor().extract(ExtractionInput(document_id="d", open=lambda: document, text=None))


def test_values_point_to_their_elements() -> None:
    found = extracted(with_attachment("factur-x.xml", INVOICE.encode()))
    assert (found.invoice.total_amount, found.invoice.invoice_date) == (Decimal("119.00"), date(2026, 3, 4))
    total = found.evidence["total_amount"]
    assert (total.page, total.text, total.method, total.score) == (
        NO_PAGE, "119.00", "UBL: Invoice/LegalMonetaryTotal/TaxInclusiveAmount", 1.0,
    )  # fmt: skip
    assert found.evidence["line_items.0.quantity"].method == "UBL: Invoice/InvoiceLine[1]/InvoicedQuantity"
    assert found.evidence["tax_lines.0.rate"].text == "19"
    assert found.cost_usd == 0
    names = [(row.value, row.chosen) for row in found.candidates if row.field == "supplier_name"]
    assert names == [("Nordwind GmbH", True), ("Nordwind", False)]


def test_values_in_a_sum_that_fails_are_doubtful() -> None:
    found = extracted(with_attachment("factur-x.xml", cii(total="108.20", due="88.22")))
    assert found.warnings == ["BR-CO-15: the total is not net amount plus tax."]
    doubtful = {path for path, evidence in found.evidence.items() if evidence.score < 1}
    assert doubtful == {"net_amount", "total_tax_amount", "total_amount"}


def test_evidence_on_no_page_is_not_drawn() -> None:
    place = Place(page=NO_PAGE, box=(0, 0, 0, 0), text="119.00")
    assert box_of(place, {}) is None
    assert _where(place) == "on no page “119.00”"


def test_of_several_invoices_the_first_with_a_warning() -> None:
    several = FATTURA.format(bodies=BODY.format(kind="TD01") + BODY.format(kind="TD04").replace("7/A", "8/A"))
    found = extracted(with_attachment("fattura.xml", several.encode()))
    assert (found.invoice.invoice_id, found.invoice.document_type) == ("7/A", "invoice")
    assert found.warnings == ["The XML holds 2 invoices (7/A, 8/A); the values are those of the first."]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (text_pdf([[(10, 10, "Bill")]]), "no XML is attached"),
        (with_attachment("order-x.xml", b"<SCRDMCCBDACIOMessageStructure/>"), "order-x.xml: it is an order, not an invoice"),
        (image_bytes(), "a picture has no XML in it"),
    ],
    ids=["no attachment", "an order", "a picture"],
)  # fmt: skip
def test_a_document_without_xml(content: bytes, why: str) -> None:
    with pytest.raises(DocumentError) as error:
        extracted(content)
    assert (error.value.reason, str(error.value)) == ("no_xml", f"The document has no e-invoice XML: {why}.")


def test_a_part_of_a_file_has_no_xml_of_its_own() -> None:
    with pytest.raises(DocumentError, match="describes the whole file"):
        extracted(with_attachment("factur-x.xml", INVOICE.encode()), PageRange(1, 1))
