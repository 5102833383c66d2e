"""`161.000` in a reply: thousands or decimals, by the page, by the other amounts, or not to be trusted."""

from decimal import Decimal
from typing import Any

import pytest

from ocr_pipeline.extraction.llm.evidence import find_evidence
from ocr_pipeline.extraction.llm.scale import MAX_SCORE, settle
from ocr_pipeline.schemas import Invoice
from ocr_pipeline_tests.extraction.llm.page import text_of


def total(*, page: str | None = None, **fields: Any) -> tuple[Any, bool]:
    """The total, and whether it is doubtful."""
    settled = settle(Invoice.model_validate(fields), text_of(page) if page else None)
    return settled.invoice.total_amount, "total_amount" in settled.doubts


@pytest.mark.parametrize(
    ("page", "fields", "expected"),
    [
        ("NASI 61.000\nTEH 1.100.000\nTOTAL 161.000", {}, (161000, False)),
        ("DIESEL 40,00 EUR\nTOTAL 161,000", {}, (161, False)),
        ("TOTAL 161.000", {}, (161000, True)),
        (None, {}, (161000, True)),
        (None, {"net_amount": "150.00"}, (161, False)),
        (None, {"currency": "KWD"}, (161, False)),
        ("NASI 61.000\nTEH 1.100.000\nTOTAL 262.000", {}, (161000, True)),
    ],
    ids=["groups", "cents", "page open", "no page", "cents in the reply", "three decimals", "not printed"],
)
def test_the_page_decides_then_the_reply(page: str | None, fields: dict[str, Any], expected: tuple[int, bool]) -> None:
    assert total(page=page, total_amount="161.000", **fields) == expected


def test_rows_of_lists_and_signs_are_read_alike() -> None:
    rows = [{"amount": "-25.000", "unit_price": "2.500", "quantity": "1.500"}]
    settled = settle(Invoice.model_validate({"line_items": rows, "total_amount": "0.500"}), None)
    row = settled.invoice.line_items[0]
    assert (row.amount, row.unit_price) == (Decimal(-25000), Decimal(2500))
    assert row.quantity == Decimal("1.5"), "quantities have decimals"
    assert settled.invoice.total_amount == Decimal("0.5")
    assert set(settled.doubts) == {"line_items.0.amount", "line_items.0.unit_price"}


def test_a_doubtful_value_has_a_low_score() -> None:
    text = text_of("TOTAL 161.000")
    settled = settle(Invoice.model_validate({"total_amount": "161.000", "supplier_name": "TOTAL"}), text)
    evidence = settled.limited(find_evidence(settled.invoice, text))
    assert evidence["total_amount"].score == MAX_SCORE
    assert evidence["supplier_name"].score > MAX_SCORE
