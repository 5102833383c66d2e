from decimal import Decimal

import pytest

from ocr_pipeline.extraction.rules import reading
from ocr_pipeline.extraction.rules.reading.numbers import parse
from ocr_pipeline.schemas import OcrText
from ocr_pipeline_tests.extraction.rules.printed import extract, printed, read


def test_an_amount_that_no_field_can_hold_costs_no_document() -> None:
    result = extract(
        """
        Harbour Tools Ltd
        Invoice 4711
        Total 1,234,567,890,123.45 EUR
        VAT 12.00
        """
    )
    assert result.invoice.supplier_name == "Harbour Tools Ltd"
    assert result.invoice.total_amount is None or result.invoice.total_amount < 10**12
    assert parse("999,999,999,999.99") is not None, "the largest amount"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("31.00", "31.00"),
        ("0,99", "0.99"),
        (".02", "0.02"),
        ("1,234.56", "1234.56"),
        ("18.310,63", "18310.63"),
        ("1'180.00", "1180.00"),
        ("1.234.567", "1234567"),
        ("RM31.00", "31.00"),
        ("RM.02", "0.02"),
        ("$6.60:", "6.60"),
        ("380,00€", "380.00"),
        ("2.07-", "-2.07"),
        ("-17808,00", "-17808.00"),
        ("RM-0.20", "-0.20"),
        ("(5.00)", "5.00"),
        ("1.60SR", "1.60"),
        ("0,99C", "0.99"),
        ("2.24*B", "2.24"),
        ("1,0000", "1.0000"),
        ("1O.5S", "10.55"),  # letters for digits
        ("RM5.O0", "5.00"),
        ("l2.00", "12.00"),
        ("6ST", "6"),
        ("1.428,\N{EN DASH}", "1428.00"),
        ("1'200.--", "1200.00"),
        ("Rs.1,180.00", "1180.00"),
        ("R$1.312,50", "1312.50"),
        ("A$1,375.00", "1375.00"),
        ("12,35,400.00", "1235400.00"),
        ("12.345.678.901,23", "12345678901.23"),
        ("1.234.56", "1234.56"),  # the comma was read as a point
        ("35\N{RIGHT SINGLE QUOTATION MARK}500,00", "35500.00"),
        ("\u0e51\u0e52\u0e53.\u0e54\u0e55", "123.45"),
        ("R1,250.00", "1250.00"),
        ("5.00CR", "-5.00"),
        ("26.9O0", "26.900"),
        ("W124,700", "124700"),  # the sign of won
    ],
)
def test_an_amount_is_read_in_every_spelling(text: str, value: str) -> None:
    parsed = parse(text)
    assert parsed is not None
    assert str(parsed.value) == value


@pytest.mark.parametrize(
    "text",
    [
        "BOO",
        "12-05-18",
        "R5",
        "K12",
        "l2.0",
        "18:24",
        "A1",
        "9556127101331",
        "1.2.3",
        "",
        "-",
        "01/02/2018",
        "S.OB.",
        "Total",
    ],
)
def test_other_text_is_no_number(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(("mark", "value"), [(".", "1.129"), (",", "1129")])
def test_three_digits_after_a_mark_are_decimals_or_thousands_as_the_document_prints(mark: str, value: str) -> None:
    parsed = parse("1.129", decimal_mark=mark)
    assert parsed is not None
    assert str(parsed.value) == value


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("Total   327 00", ["327.00"]),
        ("Total TTC   1 277 400,00 EUR", ["1277400.00"]),
        ("Wartung   1   12 500,00   12 500,00", ["12500.00", "12500.00"]),
        ("Att betala   15 625 kr", ["15625"]),
        ("Att betala   1 234:50 kr", ["1234.50"]),
        ("Summe   1.428, -", ["1428.00"]),
        ("Harga   Rp 45.000", ["45000"]),
        ("Total   ₹ 13,47,400.00", ["1347400.00"]),
        ("Menge   2 500   12,50", ["12.50"]),
        ("Lasagna   45 000", ["45000"]),
        ("Coupon   100 ,000", ["100000"]),
        ("Nasi   26. 950", ["26950"]),
        ("Total   12. 50", ["12.50"]),
        ("Total   12 .50", ["12.50"]),
        ("Capital   120 000,00", ["120000.00"]),
        ("Discount   5.00 -", ["-5.00"]),
        ("Discount   - 5.00", ["-5.00"]),
        ("Mo - Fr 08.30 - 12.30 Uhr", []),
        ("Open 9.00 am", []),
        ("Bananas 0.14 kg   0,29 B", ["0.29"]),
        ("GST 6%   4.68", ["4.68"]),
        ("Tel 03-5542 3228   1.00", ["1.00"]),
        ("SR   @ 6 %   82.15   4.93", ["82.15", "4.93"]),
    ],
)
def test_money_in_a_row(row: str, values: list[str]) -> None:
    assert [str(number.value) for number in read(row).numbers if number.is_money] == values


def test_a_number_with_a_currency_beside_it_is_money_without_decimals() -> None:
    (number,) = read("Total EUR 300").numbers
    assert (number.value, number.sign, number.is_money) == (Decimal(300), "EUR", True)


PAGES = {
    "the currency has no cents": ("Kopi   1   Rp 14.500\nTotal   14.500", {"14500"}),
    "a zero with groups says nothing": ("Kimchi   Rp 0.000\nNasi   36.000\nTotal   36.000", {"36000", "0.000"}),
    "the currency has three decimals": (
        "Lunch   KWD 1.250\nCoffee   0.750\nTotal   KWD 2.000",
        {"1.250", "0.750", "2.000"},
    ),
    "another amount has groups and decimals": ("Ware   1.234,50\nTotal EUR   14.875", {"1234.50", "14875"}),
    "a sum with an amount below a thousand": (
        "Netto USD   950\nTax USD   190\nTotal USD   1.140",
        {"950", "190", "1140"},
    ),
    "a product": ("Goods   2   850   USD 1.700\nTotal   USD 1.700", {"1700"}),
}


@pytest.mark.parametrize(("page", "values"), PAGES.values(), ids=PAGES)
def test_the_page_decides_what_three_digits_after_a_mark_are(page: str, values: set[str]) -> None:
    numbers = [number for number in read(page).numbers if number.is_money]
    assert {str(number.value) for number in numbers} >= values
    assert not any(number.open for number in numbers)


def test_where_nothing_decides_both_readings_are_candidates_and_confidence_is_low() -> None:
    result = extract("Net   USD 12.500\nTax   USD 2.375\nTotal   USD 14.875")
    assert result.invoice.total_amount == Decimal(14875)
    evidence = result.evidence["total_amount"]
    assert evidence.score is not None
    assert evidence.score < 0.5
    assert evidence.correction == "thousands or decimals"
    assert "14.875" in {entry.value for entry in result.candidates if entry.field == "total_amount"}


@pytest.mark.parametrize(
    ("page", "total"),
    [
        ("BUBUR 26,000\nSENDOK 0\nWAJIK 7,000\nSUBTOTAL 33,000\nTOTAL 33,000\nCASH 50,000", "33000"),
        ("Kaffe   45:-\nBulle   32:50\n2024-03-05 18:24\nTotal   77:50 kr", "77.50"),
        ("Kimbap   1   4,500\nRamyeon   1   5,000\nTotal   9,500", "9500"),
        ("Tea   300\nCake   450\nTotal   750", "750"),
        ("Wartung   12 500\nMoms 25%   3 125\nTotal   15 625 kr", "15625"),
        ("Goods   100.00\nGift voucher   -100.00\nSubtotal   0.00\nTotal   0.00", "0.00"),
        ("Credit Memo\nToner   (1,234.50)\nSubtotal   ($1,234.50)\nTotal   ($1,234.50)", "-1234.50"),
        ("Receipt\nTea (5.00)   10.00\nCake   4.00\nTotal   14.00", "14.00"),
    ],
)
def test_totals_without_cents_in_brackets_or_zero(page: str, total: str) -> None:
    assert str(extract(page).invoice.total_amount) == total


def test_raised_cents_are_decimals() -> None:
    text = printed("Total   12 50")
    words = [
        word.model_copy(update={"box": _raised(word.box)}) if word.text == "50" else word
        for word in text.pages[0].words
    ]
    page = text.pages[0].model_copy(update={"words": words})
    (number,) = reading.read(OcrText(pages=[page])).numbers
    assert number.value == Decimal("12.50")
    assert number.repair is None


def _raised(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return (x0 - 0.01, y0, x1 - 0.01, y0 + 0.55 * (y1 - y0))
