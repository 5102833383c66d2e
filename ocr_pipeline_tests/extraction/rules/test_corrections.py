"""Corrections of misread amounts by arithmetic, and that looking for them stays linear in the number of amounts."""

import random
from decimal import Decimal

import pytest

from ocr_pipeline.extraction.rules import capped
from ocr_pipeline.extraction.rules.fields import corrections
from ocr_pipeline.extraction.rules.fields.corrections import is_slip
from ocr_pipeline_tests.extraction.rules.printed import extract

PAGE = "\n".join(
    f"Total  {number % 97 + 1}.{number % 89:02d}   Net  {number % 83 + 1}.{number % 79:02d}" for number in range(40)
)


def comparisons(pages: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often two amounts are compared digit by digit in a document of so many pages of totals."""
    count = 0

    def counted(*arguments: object) -> bool:
        nonlocal count
        count += 1
        return is_slip(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(corrections, "is_slip", counted)
        extract(*[PAGE.replace("Total  ", f"Total  {page}") for page in range(1, pages + 1)])
    return count


def test_four_times_the_pages_take_about_four_times_the_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    """All amounts against all that arithmetic demands took minutes for 40 kB of PDF."""
    assert comparisons(8, monkeypatch) <= 6 * max(200, comparisons(2, monkeypatch))


def test_no_slip_is_overlooked() -> None:
    """The index finds all that the comparison of every pair would."""
    random.seed(18)
    values = [Decimal(random.randint(1, 9999)) / random.choice((1, 10, 100)) for _ in range(400)]
    for demanded in values[:60]:
        wanted = corrections._neighbours(corrections._digits(demanded.quantize(Decimal("0.01"))), demanded)
        for printed in values:
            if is_slip(printed, demanded):
                assert wanted & corrections._neighbours(corrections._digits(printed), printed)


def test_of_a_document_with_more_words_than_any_invoice_both_ends_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capped, "MAX_WORDS", 60)
    filler = "\n".join("some words of an item list  1.00" for _ in range(4))
    pages = ["Harbour Tools Ltd\nInvoice  A-17", *[filler] * 6, "Total  EUR 12.50"]
    extraction = extract(*pages)
    assert (extraction.invoice.supplier_name, str(extraction.invoice.total_amount)) == ("Harbour Tools Ltd", "12.50")
    assert "The rules read 60 of 176 words, on the first and last pages: 4 of 8." in extraction.warnings
