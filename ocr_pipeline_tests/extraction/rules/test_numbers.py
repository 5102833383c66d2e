from decimal import Decimal

import pytest

from ocr_pipeline.extraction.rules.reading.numbers import parse
from ocr_pipeline_tests.extraction.rules.printed import read


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
    ],
)
def test_an_amount_is_read_in_every_spelling(text: str, value: str) -> None:
    parsed = parse(text)
    assert parsed is not None
    assert str(parsed.value) == value


@pytest.mark.parametrize(
    "text", ["BOO", "12-05-18", "18:24", "A1", "9556127101331", "1.2.3", "", "-", "01/02/2018", "S.OB.", "Total"]
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
