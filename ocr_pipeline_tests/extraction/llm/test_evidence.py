"""Where the values of a model stand on the page, and which stand nowhere."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ocr_pipeline.extraction.llm.evidence import find_evidence
from ocr_pipeline.schemas import Evidence, Invoice, LineItem, OcrText, TaxLine
from ocr_pipeline_tests.extraction.llm.page import text_of

RECEIPT = """\
CORNER SHOP Ltd.
12 Main Street,
Springfield
Date: 04/03/2026    No. R-2026/17
Bread     2 x 1.50      3.00
Milk      1 x 3.00      3.00
Net       5.50  VAT 9 % 0.50
TOTAL              EUR  6.00
CASH                    6.00"""


def find(text: OcrText | str = RECEIPT, **fields: Any) -> dict[str, Evidence]:
    return find_evidence(Invoice(**fields), text if isinstance(text, OcrText) else text_of(text))


@pytest.mark.parametrize(
    ("field", "value", "found", "line"),
    [
        ("supplier_name", "Corner Shop Ltd", "CORNER SHOP Ltd.", 0),
        ("supplier_address", "12 Main Street, Springfield", "12 Main Street, Springfield", 1),
        ("invoice_date", date(2026, 3, 4), "04/03/2026", 3),
        ("invoice_id", "R-2026/17", "R-2026/17", 3),
        ("net_amount", Decimal("5.5"), "5.50", 6),
        ("total_tax_amount", Decimal("0.50"), "0.50", 6),
        ("currency", "EUR", "EUR", 7),
        ("total_amount", Decimal("6.00"), "6.00", 8),  # of equal amounts the last one: totals stand below
    ],
)
def test_a_value_is_found_where_it_stands(field: str, value: Any, found: str, line: int) -> None:
    evidence = find(**{field: value})[field]
    words = list(text_of(RECEIPT).words())
    assert evidence.text == found
    assert evidence.text == " ".join(words[index].text for index in evidence.words)
    assert words[evidence.words[0]].line == line
    assert evidence.score == 1.0


def test_the_box_encloses_all_its_words() -> None:
    evidence = find(supplier_address="12 Main Street, Springfield")["supplier_address"]
    assert evidence.box == pytest.approx((0.0, 1.1 / 50, 15 / 80, 2.9 / 50))


def test_an_amount_in_several_words() -> None:
    assert find("TOTAL  RM 1 234.00", total_amount=Decimal(1234))["total_amount"].text == "1 234.00"


def test_an_amount_never_comes_from_two_lines() -> None:
    assert find("Code 12\n50 pieces", total_amount=Decimal("12.50")) == {}
    assert find("1\n234.00", total_amount=Decimal("1234.00")) == {}


@pytest.mark.parametrize("printed", ["3 Oct 2026", "2026-10-03", "03.10.26", "10/03/2026", "October 3, 2026"])
def test_a_date_is_found_however_it_is_printed(printed: str) -> None:
    assert find(f"Date {printed} 10:15", invoice_date=date(2026, 10, 3))["invoice_date"].text.strip(",") in printed


def test_misread_characters_lower_the_score() -> None:
    evidence = find("C0RNER SH0P LTD", supplier_name="Corner Shop Ltd")["supplier_name"]
    assert (evidence.text, 0.8 <= evidence.score < 1) == ("C0RNER SH0P LTD", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("supplier_name", "Stand-In Supplies"),
        ("total_amount", Decimal("60.00")),
        ("invoice_date", date(2026, 4, 5)),
        ("invoice_id", "A-99"),
    ],
)
def test_what_is_not_on_the_page_has_no_evidence(field: str, value: Any) -> None:
    assert find(**{field: value}) == {}


def test_a_kind_of_document_is_nothing_that_stands_somewhere() -> None:
    assert find("invoice", document_type="invoice") == {}


def test_lines_are_found_by_their_path() -> None:
    """Of equal amounts the first: positions stand above the total."""
    items = [LineItem(description="Bread", quantity=Decimal(2), amount=Decimal("3.00"))]
    found = find(line_items=items, tax_lines=[TaxLine(rate=Decimal(9), amount=Decimal("0.50"))])
    assert {path: entry.text for path, entry in found.items()} == {
        "line_items.0.description": "Bread",
        "line_items.0.quantity": "2",
        "line_items.0.amount": "3.00",
        "tax_lines.0.rate": "9",
        "tax_lines.0.amount": "0.50",
    }


def test_words_are_counted_over_all_pages() -> None:
    evidence = find(text_of("page one", "TOTAL 7.00"), total_amount=Decimal("7.00"))["total_amount"]
    assert (evidence.page, evidence.words) == (2, [3])


def test_a_text_goes_over_no_page_break() -> None:
    assert find(text_of("CORNER", "SHOP"), supplier_name="CORNER SHOP") == {}


def test_nothing_is_found_on_an_empty_page() -> None:
    assert find("", supplier_name="x", total_amount=Decimal(1), invoice_date=date(2026, 1, 1)) == {}
