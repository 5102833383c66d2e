from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.values.amounts import parse_amount
from ocr_pipeline_tests.evaluation.strategies import texts

AMOUNTS = {
    # plain
    "12.50": "12.50",
    "12,50": "12.50",
    "12": "12",
    "43.7": "43.7",
    ".50": "0.50",
    "5,": "5",
    "0.125": "0.125",
    "0,005": "0.005",
    "1234.567": "1234.567",
    "7838.80": "7838.80",
    # English
    "1,234.56": "1234.56",
    "1,007.50": "1007.50",
    "12,345,678.90": "12345678.90",
    "1,234,567": "1234567",
    "$8.20": "8.20",
    "US$ 1,000.00": "1000.00",
    "£12.50": "12.50",
    "USD 99.95": "99.95",
    "A$5.00": "5.00",
    "S$ 5.00": "5.00",
    # German, Italian, Spanish
    "1.234,56": "1234.56",
    "1.234.567,89": "1234567.89",
    "1.234.567": "1234567",
    "12,50 €": "12.50",
    "€ 12,50": "12.50",
    "12,50 EUR": "12.50",
    "EUR 1.234,56": "1234.56",
    "12,-": "12.00",
    "12,-- €": "12.00",
    "1.234,-": "1234.00",
    "12.--": "12.00",
    "EURO 5,00": "5.00",
    # French, Swedish, Polish: spaces, also narrow and non-breaking ones
    "1 234,56": "1234.56",
    "1\u202f234,56 €": "1234.56",
    "1\xa0234\xa0567,89": "1234567.89",
    "12€50": "12.50",
    "1 234,50 kr": "1234.50",
    "99,00 zł": "99.00",
    # Swiss
    "1'234.56": "1234.56",
    "1\u2019234.56": "1234.56",
    "CHF 1'234.50": "1234.50",
    "Fr. 12.50": "12.50",
    "12.\u2013": "12.00",
    # Malaysian, Indonesian, Indian, Japanese
    "RM 12.50": "12.50",
    "RM12.50": "12.50",
    "rm 1,234.50": "1234.50",
    "12.50 MYR": "12.50",
    "Rp 111.000": "111000",
    "Rp. 111,000": "111000",
    "1,23,456.00": "123456.00",
    "Rs.500": "500",
    "¥1,200": "1200",
    "\uff11\uff12.\uff15\uff10": "12.50",  # full-width digits
    # negative
    "-1.73": "-1.73",
    "12.50-": "-12.50",
    "12,50- €": "-12.50",
    "12,50 €-": "-12.50",
    "(12.50)": "-12.50",
    "(RM 12.50)": "-12.50",
    "RM (12.50)": "-12.50",
    "\u221212.50": "-12.50",
    "RM -5.00": "-5.00",
    "-€5.00": "-5.00",
    "+3.00": "3.00",
    # spaces that an OCR engine puts around marks
    "12 .50": "12.50",
    "RM 1, 234.56": "1234.56",
    "  12.50\n": "12.50",
    # ambiguous: money has two decimals, so three digits are thousands
    "1.234": "1234",
    "1,234": "1234",
    "999.999": "999999",
    "KWD 1.234": "1.234",
    "1,234 TND": "1.234",
    "د.ك 1.234": "1.234",
    # a dash in place of the cents
    "1.428,\u2013": "1428.00",
    "130.\u2013": "130.00",
    "45,-": "45.00",
    "1'234.--": "1234.00",
    "EUR 45,--": "45.00",
    "Fr. 1\u2019200.\u2014": "1200.00",
    "12.500,- Kč": "12500.00",
    # glued signs and codes
    "Rs.1,180.00": "1180.00",
    "Rs.50": "50",
    "R$1.312,50": "1312.50",
    "A$1,375.00": "1375.00",
    "CA$ 5.00": "5.00",
    "15 625,00kr": "15625.00",
    "S/.45.50": "45.50",
    "1.250,00 лв.": "1250.00",
    "KSh1,200": "1200",
    "1,200円": "1200",
    "9,500원": "9500",
    "US$ 12.50 USD": "12.50",
    "12.50 Schweizer Franken": "12.50",
    "$.50": "0.50",
    # groups of every kind
    "12,34,567.00": "1234567.00",
    "15,89,932.00": "1589932.00",
    "1,00,00,000": "10000000",
    "1\u2009277\u2009400,00 €": "1277400.00",
    "12.345.678.901,23": "12345678901.23",
    "1 234:50 kr": "1234.50",
    "1 234:50": "1234.50",
    "45:- kr": "45.00",
    "1\u02bc234.50": "1234.50",
    # minus and brackets
    "(1,357.95)": "-1357.95",
    "($1,357.95)": "-1357.95",
    "$-5": "-5",
    "-$5": "-5",
    "-5,00 EUR": "-5.00",
    "12.50 CR": "-12.50",
    "¥14,740-": "14740",
    "￥1,000-円": "1000",
    "-¥1,000": "-1000",
    "▲1,000": "-1000",
    # digits of other scripts
    "\u0967\u0968\u0969.\u096b\u0966": "123.50",
    "\u0661\u066c\u0662\u0663\u0664\u066b\u0665\u0660": "1234.50",
    "\u0e51\u0e52\u0e53.\u0e54\u0e55 บาท": "123.45",
    "\uffe5\uff11\uff0c\uff12\uff13\uff14": "1234",
}


@pytest.mark.parametrize(("text", "amount"), AMOUNTS.items())
def test_amount(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        ".",
        "RM",
        "TOTAL 12.50",
        "19 %",
        "4 x 12.50",
        "12.50 13.50",
        "1.234,567.89",
        "1,234.567,89",
        "1.234.56",
        "1,23,45",
        "12 50",
        "1 2345,00",
        "--5.00",
        "-(5.00)",
        "-5.00-",
        "1O.50",
        "1e5",
        "NaN",
        "Infinity",
        "12\u2075\u2070",  # raised cents are not 1250
        "\u00bd",
        "24/03/2018",
        "12:50",
        "top 5.00",
        "12.50 kg",
        "1" * 100,
    ],
)
def test_not_an_amount(text: str) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1.234", "1.234", "1234"),
        ("1,234", "1234", "1.234"),
        ("12.50", "12.50", "12.50"),  # unambiguous: the argument never overrules it
        ("1.234,5", "1234.5", "1234.5"),
        ("1.234.567", "1234567", "1234567"),
    ],
)
def test_decimal_separator_resolves_only_ambiguous_amounts(text: str, point: str, comma: str) -> None:
    assert parse_amount(text, decimal_separator=".") == Decimal(point)
    assert parse_amount(text, decimal_separator=",") == Decimal(comma)


def test_currency_with_three_decimals() -> None:
    assert parse_amount("1.234", currency="KWD") == Decimal("1.234")
    assert parse_amount("1.234", currency="EUR") == Decimal("1234")


CENTS = st.integers(min_value=-(10**11), max_value=10**11)


@given(cents=CENTS, style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]))
def test_amounts_are_equal_in_every_locale(cents: int, style: tuple[str, str]) -> None:
    group, mark = style
    text = f"{abs(cents) // 100:,}".replace(",", group) + f"{mark}{abs(cents) % 100:02}"
    amount = Decimal(cents) / 100
    sign = "-" if cents < 0 else ""
    for spelling in (sign + text, f"RM {sign}{text}", f"{text}{sign} EUR", f" {sign}€{text} "):
        assert parse_amount(spelling) == amount


@given(texts(80))
def test_any_text_is_an_amount_or_none(text: str) -> None:
    amount = parse_amount(text)
    assert amount is None or amount.is_finite()
