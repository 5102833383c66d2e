"""Amounts that are a power of ten away from what is printed."""

from decimal import Decimal

import pytest

from ocr_pipeline.extraction.scale import plain_amounts, scale_suspects
from ocr_pipeline_tests.extraction.llm.page import text_of

RECEIPT = "2 NASI GORENG    50.000\n1 AYAM BAKAR   1.111.000\nSUBTOTAL   1.161.000\nTOTAL   161.000\nTUNAI  200.000"
EURO = "2 Kaffee   5,60\n1 Torte   12,40\nSumme  EUR  18,00\nNr 1800"


@pytest.mark.parametrize(
    ("page", "value", "printed"),
    [
        (RECEIPT, "161", "161000"),
        (RECEIPT, "161.0", "161000"),
        (RECEIPT, "1161", "1161000"),
        (RECEIPT, "2", "200000"),
        (EURO, "1800", "18.00"),
        (EURO, "0.56", "5.60"),
        ("TOTAL 20.000\nCASH 20.000", "20", "20000"),
    ],
)
def test_a_value_off_by_a_power_of_ten_is_found(page: str, value: str, printed: str) -> None:
    [suspect] = scale_suspects([("total_amount", Decimal(value))], text_of(page))
    assert (suspect.field, suspect.value, suspect.printed) == ("total_amount", Decimal(value), Decimal(printed))
    assert suspect.text in page


@pytest.mark.parametrize(
    ("page", "value"),
    [
        (RECEIPT, "161000"),
        (RECEIPT, "200000"),
        (RECEIPT, "163"),
        (RECEIPT, "0"),
        (EURO, "18"),
        (EURO, "5.60"),
        ("TOTAL 20.000\nCASH 20.000", "20000"),
        ("TOTAL KWD 20.000", "20"),
    ],
)
def test_what_is_printed_or_has_other_digits_is_not_suspect(page: str, value: str) -> None:
    assert scale_suspects([("total_amount", Decimal(value))], text_of(page)) == []


def test_the_sentence_says_how_sure_the_page_is() -> None:
    sure, unsure = (
        scale_suspects([("total_amount", Decimal(value))], text_of(page))[0]
        for page, value in ((RECEIPT, "161"), ("TOTAL 20.000", "20"))
    )
    assert (sure.power, sure.open) == (3, False)
    assert sure.sentence == "total_amount is given as 161, but 161.000 is printed: this is 161000 here"
    assert "probably" in unsure.sentence


def test_what_is_plainly_printed_needs_no_look_at_the_page() -> None:
    texts = ["161.000", "1.161.000", "12,50", "19", "7.5%", "EUR5", "x1"]
    assert plain_amounts(texts) == {Decimal(1161000), Decimal("12.5"), Decimal(5)}
