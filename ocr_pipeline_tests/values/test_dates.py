from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_pipeline.values.dates import parse_date
from ocr_pipeline_tests.evaluation.strategies import texts

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
    # other languages, with ordinals and particles
    "1er janvier 2022": "2022-01-01",
    "23 de marzo de 2024": "2024-03-23",
    "1º marzo 2024": "2024-03-01",
    "5 de março de 2024": "2024-03-05",
    "1st of June 2005": "2005-06-01",
    "2nd May, 2005": "2005-05-02",
    "3. března 2024": "2024-03-03",
    "5 marca 2024 r.": "2024-03-05",
    "den 5 mars 2024": "2024-03-05",
    "5. maaliskuuta 2024": "2024-03-05",
    "5 Mart 2024 Salı": "2024-03-05",
    "2024. március 5.": "2024-03-05",
    "2024 m. kovo 5": "2024-03-05",
    "5 березня 2024 року": "2024-03-05",
    "5 марта 2024 г.": "2024-03-05",
    "5 Μαρτίου 2024": "2024-03-05",
    "5 במרץ 2024": "2024-03-05",
    "5 مارس 2024": "2024-03-05",
    "٥ مارس ٢٠٢٤": "2024-03-05",
    "5 मार्च 2024": "2024-03-05",
    "ngày 5 tháng 3 năm 2024": "2024-03-05",
    "5 Agustus 2024": "2024-08-05",
    "1 d'abril de 2024": "2024-04-01",
    # Roman months
    "05.III.2024": "2024-03-05",
    "5 XII 2024": "2024-12-05",
    # other calendars
    "2024年3月5日": "2024-03-05",
    "2024年03月05日 18:30": "2024-03-05",
    "2024년 3월 5일": "2024-03-05",
    "2024. 3. 5.": "2024-03-05",
    "令和6年3月5日": "2024-03-05",
    "令和元年5月1日": "2019-05-01",
    "R6.3.5": "2024-03-05",
    "平成31年4月30日": "2019-04-30",
    "民國113年3月5日": "2024-03-05",
    "113年3月5日": "2024-03-05",
    "28/02/2567": "2024-02-28",
    "5 มีนาคม 2567": "2024-03-05",
    "5 มี.ค. 2567": "2024-03-05",
    "5 ม.ค. 67": "2024-01-05",
    "1 رمضان 1445": "2024-03-11",
    "1445/09/01 هـ": "2024-03-11",
    # a time glued to the date
    "14/03/201815:57": "2018-03-14",
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
        ("03/25/2018", None, "2018-03-25"),  # impossible in this order: never swapped
        ("25/03/2018", "2018-03-25", None),
        ("2018-03-04", "2018-03-04", "2018-03-04"),
        ("20180304", "2018-03-04", "2018-03-04"),
        ("4 Mar 2018", "2018-03-04", "2018-03-04"),
        ("Mar 4, 2018", "2018-03-04", "2018-03-04"),
    ],
)
def test_order_is_never_swapped(text: str, day_first: str | None, month_first: str | None) -> None:
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
def test_dates_are_equal_in_every_spelling(day: date, mark: str) -> None:
    d, m, y = f"{day.day:02}", f"{day.month:02}", f"{day.year}"
    for spelling in (mark.join([d, m, y]), mark.join([str(day.day), str(day.month), y]), d + m + y, y + m + d):
        assert parse_date(spelling, day_first=True) == day
    for spelling in (mark.join([m, d, y]), m + d + y, day.isoformat(), f"{day:%d %B %Y}", f"{day:%b %d, %Y}"):
        assert parse_date(spelling, day_first=False) == day


@given(text=texts(80), day_first=st.booleans())
def test_any_text_is_a_date_or_none(text: str, day_first: bool) -> None:
    day = parse_date(text, day_first=day_first)
    assert day is None or 1900 <= day.year <= 2099
