"""What a backend reads besides the page, and which source it prefers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ocr_pipeline.components import Capabilities
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Document, open_document
from ocr_pipeline.errors import ConfigurationError, DocumentError
from ocr_pipeline.extraction.base import ExtractionInput, Extractor
from ocr_pipeline.extraction.einvoice.extractor import EInvoiceExtractor
from ocr_pipeline.extraction.preferring import MAX_SCORE, preferred
from ocr_pipeline.extraction.sources import SourceReader, Sources, sources_of
from ocr_pipeline.schemas import Evidence, Extraction, FieldCandidate, Invoice, ReadFrom
from ocr_pipeline_tests.documents.einvoice.samples import INVOICE, with_attachment
from ocr_pipeline_tests.extraction.codes.pages import page, png

ALL = Sources(("xml", "code", "page"))


def extraction(method: str, **values: Any) -> Extraction:
    """Values with evidence; those of the page with a chosen candidate too."""
    invoice = Invoice.model_validate(values)
    place = Evidence(page=1, text="printed", box=(0.1, 0.1, 0.2, 0.2), words=[3], method=method, score=0.7)
    candidates = [
        FieldCandidate(
            field=name, value=str(value), score=2.5, chosen=True, reason="left_total", features={}, page=1,
            text="printed", box=place.box, words=[3],
        )
        for name, value in values.items()
        if method == "page"
    ]  # fmt: skip
    return Extraction(invoice=invoice, evidence=dict.fromkeys(values, place), candidates=candidates, cost_usd=0.5)


@pytest.mark.parametrize(
    ("field_name", "xml", "code", "printed", "value", "source", "others"),
    [
        ("total_amount", "119.00", "118.00", "117.00", "119.00", "xml", {"code": "118.00", "page": "117.00"}),
        ("total_amount", None, "118.00", "117.00", "118.00", "code", {"page": "117.00"}),
        ("total_amount", None, None, "117.00", "117.00", "page", {}),
        ("total_amount", "119.00", None, None, "119.00", "xml", {}),
        ("invoice_date", "2026-03-04", None, "2026-04-03", "2026-03-04", "xml", {"page": "2026-04-03"}),
        ("supplier_name", "Nordwind GmbH", None, "Nordwind", "Nordwind GmbH", "xml", {"page": "Nordwind"}),
        ("amount_due", None, "50.00", "119.00", "119.00", "page", {"code": "50.00"}),  # one of several instalments
        ("amount_due", None, "50.00", None, "50.00", "code", {}),
        (
            "invoice_id",
            None,
            "780",
            "000.000.780",
            "000.000.780",
            "page",
            {"code": "780"},
        ),  # the same, as it is printed
        ("invoice_id", None, "780", "000.000.788", "780", "code", {"page": "000.000.788"}),
        ("amount_due", "119.00", "50.00", "50.00", "119.00", "xml", {"code": "50.00", "page": "50.00"}),
    ],
)
def test_field_by_field_xml_goes_before_codes_before_the_page(
    field_name: str,
    xml: str | None,
    code: str | None,
    printed: str | None,
    value: str,
    source: ReadFrom,
    others: dict[ReadFrom, str],
) -> None:
    given: dict[ReadFrom, str | None] = {"xml": xml, "code": code, "page": printed}
    found = preferred({name: extraction(name, **({field_name: text} if text else {})) for name, text in given.items()})
    assert str(getattr(found.invoice, field_name)) == value
    assert found.read_from.get(field_name, "page") == source
    assert found.others.get(field_name, {}) == others
    assert found.evidence[field_name].method.startswith(source)


def test_a_printed_value_that_is_contradicted_is_a_candidate_with_the_reason() -> None:
    found = preferred({"xml": extraction("xml", total_amount="119"), "page": extraction("page", total_amount="117")})
    best, rejected = found.candidates
    assert (best.value, best.chosen, best.score) == ("119", True, 3.5)
    assert (rejected.value, rejected.chosen, rejected.reason) == ("117", False, "the page says so, the XML otherwise")


@pytest.mark.parametrize(
    ("field_name", "one", "other"),
    [
        ("total_amount", "119.00", "-119"),  # a credit note
        ("invoice_id", "RE 2026/7", "re-2026-7"),
        ("supplier_tax_id", "DE136695976", "DE 136 695 976"),
        ("supplier_name", "Nordwind GmbH", "NORDWIND"),
    ],
)
def test_spellings_of_a_value_are_no_contradiction(field_name: str, one: str, other: str) -> None:
    found = preferred(
        {"xml": extraction("xml", **{field_name: one}), "page": extraction("page", **{field_name: other})}
    )
    assert [row.reason for row in found.candidates if not row.chosen] == ["left_total"]


def test_a_value_of_xml_that_the_page_prints_has_the_place_there() -> None:
    nowhere = Evidence(page=0, text="119", box=(0, 0, 0, 0), words=[], method="UBL: Invoice/Total", score=1)
    xml = Extraction(invoice=Invoice.model_validate({"total_amount": "119.00"}), evidence={"total_amount": nowhere})
    for printed, page_number, words in (("119.00", 1, [3]), ("117.00", 0, [])):
        found = preferred({"xml": xml, "page": extraction("page", total_amount=printed)})
        place = found.evidence["total_amount"]
        assert (place.page, place.words) == (page_number, words)
        assert place.method.startswith("UBL: Invoice/Total")
        assert place.score == MAX_SCORE


def test_lists_are_those_of_the_first_source_that_has_them() -> None:
    line = Evidence(page=1, text="", box=(0, 0, 1, 1), words=[], method="page", score=1)
    printed = Extraction(
        invoice=Invoice.model_validate({"line_items": [{"amount": "7"}], "tax_lines": [{"rate": "19"}]}),
        evidence={"line_items.0.amount": line, "tax_lines.0.rate": line},
    )
    xml = Extraction(invoice=Invoice.model_validate({"line_items": [{"amount": "8"}]}))
    found = preferred({"xml": xml, "page": printed})
    assert [str(item.amount) for item in found.invoice.line_items] == ["8"]
    assert [str(row.rate) for row in found.invoice.tax_lines] == ["19"]
    assert list(found.evidence) == ["tax_lines.0.rate"]


@dataclass
class Printed(Extractor):
    """Reads a total from every page; counts how often it was asked."""

    total: str | None = "117.00"
    asked: list[str] = field(default_factory=list)
    reads: tuple[ReadFrom, ...] = ("page",)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(reads=self.reads)

    def fingerprint(self) -> dict[str, Any]:
        return {"name": "printed"}

    def extract(self, document: ExtractionInput) -> Extraction:
        self.asked.append(document.document_id)
        if self.total is None:
            raise DocumentError("extraction_failed", "There are no words.")
        return extraction("page", total_amount=self.total)


def given(content: bytes) -> ExtractionInput:
    opened: Callable[[], Document] = lambda: open_document(content, Limits())  # noqa: E731
    return ExtractionInput(document_id="a", open=opened, text=None)


def test_pdf_with_xml() -> None:
    found = SourceReader(Printed(), ALL).extract(given(with_attachment("factur-x.xml", INVOICE.encode())))
    assert str(found.invoice.total_amount) == "119.00"
    assert found.others["total_amount"] == {"page": "117.00"}
    assert found.cost_usd == 0.5  # of what read the page


def test_picture_with_a_code() -> None:
    receipt = png(page(b"02614893*0010512*2023-05-18*12:04:15*13.50", dpi=150))
    found = SourceReader(Printed(), ALL).extract(given(receipt))
    assert (str(found.invoice.total_amount), found.read_from["total_amount"]) == ("13.50", "code")
    assert [code.format for code in found.codes] == ["Bulgarian fiscal receipt"]


def test_xml_alone_is_read_where_it_is_drawn_and_nothing_reads_the_page() -> None:
    extractor = Printed()
    found = SourceReader(extractor, ALL).extract(given(INVOICE.encode()))
    assert extractor.asked == []
    assert set(found.read_from.values()) == {"xml"}
    assert found.evidence["total_amount"].page == 1
    assert found.evidence["total_amount"].box[1] > found.evidence["supplier_name"].box[1] > 0
    alone = SourceReader(EInvoiceExtractor()).extract(given(INVOICE.encode()))
    assert alone.read_from == found.read_from
    assert {path: place.box for path, place in alone.evidence.items()} == {
        path: place.box for path, place in found.evidence.items()
    }


def test_a_page_that_cannot_be_read_leaves_the_values_of_the_xml() -> None:
    found = SourceReader(Printed(total=None), ALL).extract(given(with_attachment("factur-x.xml", INVOICE.encode())))
    assert str(found.invoice.total_amount) == "119.00"
    assert "Nothing was read from the page: There are no words." in found.warnings
    with pytest.raises(DocumentError, match="There are no words"):
        SourceReader(Printed(total=None), ALL).extract(given(png(page(b" ", dpi=150)[:40])))


def test_what_a_backend_reads() -> None:
    pages, codes, auto = Capabilities(), Capabilities(reads=("code",)), Capabilities(reads=("xml", "code", "page"))
    assert sources_of(None, pages, None) is None
    assert sources_of(None, pages, pages) is None
    assert sources_of(None, pages, auto) == ALL
    assert sources_of(["code", "page"], pages, None) == Sources(("code", "page"))
    assert sources_of(["page"], pages, auto) is None
    for other in (codes, Capabilities(imports=True), Capabilities(votes_on=("a", "b"))):
        assert sources_of(None, other, None) is None
        with pytest.raises(ConfigurationError, match="backends that read pages"):
            sources_of(["xml", "page"], other, None)


def test_sources_are_part_of_the_fingerprint() -> None:
    prints = {SourceReader(Printed(), sources).fingerprint for sources in (None, ALL, Sources(("code", "page")))}
    assert len(prints) == 3
