from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.values.normalise import normalise_identifier, normalise_name, parse_amount, parse_date
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
    # both ways: money has two decimals, so three digits are thousands
    "1.234": "1234",
    "1,234": "1234",
    "999.999": "999999",
    "KWD 1.234": "1.234",
    "1,234 TND": "1.234",
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
        "12.50 kg",
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
        ("12.50", "12.50", "12.50"),  # clear without help, which never overrules it
        ("1.234,5", "1234.5", "1234.5"),
        ("1.234.567", "1234567", "1234567"),
    ],
)
def test_decimal_separator_decides_only_what_can_be_read_both_ways(text: str, point: str, comma: str) -> None:
    assert parse_amount(text, decimal_separator=".") == Decimal(point)
    assert parse_amount(text, decimal_separator=",") == Decimal(comma)


def test_currency_with_three_decimals() -> None:
    assert parse_amount("1.234", currency="KWD") == Decimal("1.234")
    assert parse_amount("1.234", currency="EUR") == Decimal("1234")


CENTS = st.integers(min_value=-(10**11), max_value=10**11)


@given(cents=CENTS, style=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]))
def test_amount_is_the_same_in_every_locale(cents: int, style: tuple[str, str]) -> None:
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


DAY_FIRST = {
    # the shapes of SROIE's labels and receipts
    "24/08/2017": "2017-08-24",
    "20-02-18": "2018-02-20",
    "26-06-2018": "2018-06-26",
    "25/04/18": "2018-04-25",
    "19 MAR 2018": "2018-03-19",
    "05-AUG-2017": "2017-08-05",
    "9/2/2017": "2017-02-09",
    "24 MAR 18": "2018-03-24",
    "20180428": "2018-04-28",
    "25032018": "2018-03-25",
    "2018-03-23": "2018-03-23",
    "25/FEB/2017": "2017-02-25",
    "17/1/2018": "2018-01-17",
    "(06/12/2016)": "2016-12-06",
    "4/02/2017": "2017-02-04",
    "2018/02/22": "2018-02-22",
    "11.02.18": "2018-02-11",
    "OCT 3, 2016": "2016-10-03",
    "28 DECEMBER, 2017": "2017-12-28",
    "05-Jan-2017 14:32:10": "2017-01-05",
    "23/03/2018 5:01 PM": "2018-03-23",
    "24/03/2018 (SAT)": "2018-03-24",
    "24MAR2018": "2018-03-24",
    "24 / 03 / 2018": "2018-03-24",
    # ISO
    "2018-03-23T10:00:00Z": "2018-03-23",
    "2018-03-23T10:00:00.123+02:00": "2018-03-23",
    "2018-3-5": "2018-03-05",
    "2018-MAR-24": "2018-03-24",
    # English
    "3rd March 2018": "2018-03-03",
    "March 3rd, 2018": "2018-03-03",
    "the 21st of Sept. 2018": "2018-09-21",
    "Fri, 23 Mar 2018": "2018-03-23",
    "Tue Mar 13 2018": "2018-03-13",
    "24 Mar '18": "2018-03-24",
    # German
    "12.03.2019": "2019-03-12",
    "1.3.19": "2019-03-01",
    "12. März 2019": "2019-03-12",
    "Montag, 4. Februar 2019": "2019-02-04",
    "Mo. 04.02.2019, 14.32 Uhr": "2019-02-04",
    "7. Jänner 2020": "2020-01-07",
    "31. Dez. 2019": "2019-12-31",
    "2. Mai 2020": "2020-05-02",
    # French
    "1er février 2019": "2019-02-01",
    "14 août 2019": "2019-08-14",
    "mardi 12 mars 2019": "2019-03-12",
    "mar. 12 mars 2019": "2019-03-12",
    "3 déc. 2019": "2019-12-03",
    "12/03/2019 14h32": "2019-03-12",
    "15 juillet 2020": "2020-07-15",
    # Spanish
    "15 de enero de 2019": "2019-01-15",
    "2 de septiembre de 2019": "2019-09-02",
    "07-ago-2019": "2019-08-07",
    "lunes, 4 de febrero del 2019": "2019-02-04",
    # Italian
    "1º maggio 2019": "2019-05-01",
    "10 gennaio 2019": "2019-01-10",
    "22 lug 2019": "2019-07-22",
    "5 ottobre 2019": "2019-10-05",
    # Malay
    "12 Mac 2018": "2018-03-12",
    "31 Ogos 2018": "2018-08-31",
    "Isnin, 5 Julai 2018": "2018-07-05",
    "25 Disember 2018": "2018-12-25",
    "1 Mei 2018": "2018-05-01",
}


@pytest.mark.parametrize(("text", "day"), DAY_FIRST.items())
def test_date(text: str, day: str) -> None:
    assert parse_date(text, day_first=True) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [
        ("03/04/2018", "2018-04-03", "2018-03-04"),
        ("3-4-18", "2018-04-03", "2018-03-04"),
        ("03042018", "2018-04-03", "2018-03-04"),
        ("03/25/2018", None, "2018-03-25"),  # impossible in the stated order: never swapped
        ("25/03/2018", "2018-03-25", None),
        ("2018-03-04", "2018-03-04", "2018-03-04"),
        ("20180304", "2018-03-04", "2018-03-04"),
        ("4 Mar 2018", "2018-03-04", "2018-03-04"),
        ("Mar 4, 2018", "2018-03-04", "2018-03-04"),
    ],
)
def test_the_stated_order_is_kept(text: str, day_first: str | None, month_first: str | None) -> None:
    for order, day in ((True, day_first), (False, month_first)):
        assert parse_date(text, day_first=order) == (date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "March 2018",
        "24/03",
        "24/03/201",
        "24/03/20180",
        "31/02/2018",
        "00/03/2018",
        "24/13/2018",
        "24/03/1800",
        "2400-01-01",
        "240318",
        "12345678",
        "24 Xyz 2018",
        "Date: 24/03/2018",
        "24/03/2018 - 25/03/2018",
        "12.50 RM",
        "14:32:10",
        "24+03+2018",
        "1/2/3/4",
        "2" * 100,
    ],
)
def test_not_a_date(text: str) -> None:
    assert parse_date(text, day_first=True) is None


@pytest.mark.parametrize(("year", "full"), [("00", 2000), ("68", 2068), ("69", 1969), ("99", 1999)])
def test_years_of_two_digits(year: str, full: int) -> None:
    assert parse_date(f"24/03/{year}", day_first=True) == date(full, 3, 24)


ANY_DAY = st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31))


@given(day=ANY_DAY, mark=st.sampled_from(["/", "-", ".", " ", " / "]))
def test_date_is_the_same_in_every_spelling(day: date, mark: str) -> None:
    d, m, y = f"{day.day:02}", f"{day.month:02}", f"{day.year}"
    for spelling in (mark.join([d, m, y]), mark.join([str(day.day), str(day.month), y]), d + m + y, y + m + d):
        assert parse_date(spelling, day_first=True) == day
    for spelling in (mark.join([m, d, y]), m + d + y, day.isoformat(), f"{day:%d %B %Y}", f"{day:%b %d, %Y}"):
        assert parse_date(spelling, day_first=False) == day


@given(text=texts(80), day_first=st.booleans())
def test_any_text_is_a_date_or_none(text: str, day_first: bool) -> None:
    day = parse_date(text, day_first=day_first)
    assert day is None or 1900 <= day.year <= 2099


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("LIDL  GmbH & Co. KG", "lidlgmbhcokg"),
        ("Lidl GmbH&Co.KG", "lidlgmbhcokg"),
        ("S.H.H. MOTOR (SUNGAI RENGIT) SDN. BHD.", "shhmotorsungairengitsdnbhd"),
        ("Groß- und Außenhandel", "grossundaussenhandel"),
        ("CAFÉ\nMÜLLER", "cafémüller"),
        ("CAFE\u0301 MU\u0308LLER", "cafémüller"),  # combining accents
        ("\uff21\uff22\uff23 \ufb01ne", "abcfine"),  # full-width letters, ligature
        ("M\u00fcller\u00b4s", "müllers"),  # an acute accent for an apostrophe
        ("Wasser\u00adwerk", "wasserwerk"),  # soft hyphen
        ("\u0130\u05c1", "i\u05c1\u0307"),  # casefolding leaves two marks in the wrong order
        ("...", ""),
        ("", ""),
    ],
)
def test_name(text: str, name: str) -> None:
    assert normalise_name(text) == name


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("DE 123-456.789", "de123456789"),
        ("de123456789", "de123456789"),
        ("INV/2018/0042", "inv20180042"),
        ("#A_1", "a1"),
        ("\uff11\uff12\uff13", "123"),
        ("-", ""),
    ],
)
def test_identifier(text: str, identifier: str) -> None:
    assert normalise_identifier(text) == identifier


@given(texts(20))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise_name(normalise_name(text)) == normalise_name(text)
    assert normalise_identifier(normalise_identifier(text)) == normalise_identifier(text)
    assert normalise_identifier(normalise_name(text)) == normalise_identifier(text)


WORDS = st.lists(st.text("abcXYZ019äßé", min_size=1, max_size=6), min_size=1, max_size=5)


@given(words=WORDS, joint=st.sampled_from(["  ", ", ", " - ", "\n", ".", "\xa0", " & "]))
def test_a_name_does_not_depend_on_its_formatting(words: list[str], joint: str) -> None:
    assert normalise_name(f" {joint.join(words).upper()}. ") == normalise_name(" ".join(words))
    assert normalise_identifier(joint.join(words).upper()) == normalise_identifier("".join(words))
