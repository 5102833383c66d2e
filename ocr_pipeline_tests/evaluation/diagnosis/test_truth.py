"""Values of codes and XML against those read on the page."""

import pytest

from ocr_pipeline.evaluation.diagnosis.truth import contradictions

EXTRACTORS = {"codes": "codes", "xml": "einvoice", "a": "rules", "b": "learned", "vote": "ensemble"}


@pytest.mark.parametrize(
    ("field", "code", "page", "contradicted"),
    [
        ("total_amount", "45.20", {"a": "54.20"}, True),
        ("total_amount", "45.20", {"a": "54.20", "b": "45.2"}, False),
        ("total_amount", "45.20", {"a": None}, False),
        ("total_amount", "45.20", {"a": "54.20", "vote": "45.20"}, True),
        ("supplier_tax_id", "NL004495445B01", {"a": "NL4495445B01"}, False),
        ("invoice_id", "FS CDVF/12345", {"a": "FS-CDVF 12345"}, False),
        ("invoice_date", "2024-01-02", {"a": "2024-02-01"}, True),
        ("supplier_name", "Shop Ltd", {"a": "THE SHOP"}, False),
        ("document_type", "receipt", {"a": "invoice"}, False),
    ],
)
def test_a_code_contradicts_the_page_where_no_reader_agrees(
    field: str, code: str, page: dict[str, str | None], contradicted: bool
) -> None:
    values = {"codes": {field: code}} | {
        name: ({} if value is None else {field: value}) for name, value in page.items()
    }
    found = list(contradictions("d", values, EXTRACTORS))
    assert [(row.field, row.value) for row in found] == ([(field, code)] if contradicted else [])


def test_how_it_is_told() -> None:
    values = {"xml": {"total_amount": "1.00"}, "a": {"total_amount": "2.00"}, "b": {"total_amount": "3.00"}}
    [row] = contradictions("d", values, EXTRACTORS)
    assert row.sentence == "the XML says total_amount 1.00, the page 2.00 or 3.00"
    assert row.readings == {"a": "2.00", "b": "3.00"}
