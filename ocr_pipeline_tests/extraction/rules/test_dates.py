from datetime import date

import pytest

from ocr_pipeline_tests.extraction.rules.printed import read


def dates_in(*rows: str) -> list[str]:
    return [printed.value.isoformat() for printed in read("\n".join(rows)).dates]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("25/12/2018 8:13:39 PM", "2018-12-25"),
        ("09-04-2018 19:22:25", "2018-04-09"),
        ("31.12.2018", "2018-12-31"),
        ("2018-05-09", "2018-05-09"),
        ("2018/02/2213:34:14", "2018-02-22"),  # time glued on
        ("14/03/20185:57:07PM", "2018-03-14"),
        ("02.03.2015:59", "2020-03-02"),
        ("18:1524/05/18", "2018-05-24"),
        ("03/04/18 19:19", "2018-04-03"),
        ("05-02-18", "2018-02-05"),
        ("05~02-18", "2018-02-05"),
        ("05 02-18", "2018-02-05"),
        ("05 02 2018", "2018-02-05"),
        ("22/02,2018", "2018-02-22"),
        ("09 May 2018 18·24", "2018-05-09"),
        ("24 Mar 18 09:12:41 PM", "2018-03-24"),
        ("23-JUN-2018", "2018-06-23"),
        ("23/Jun/2018", "2018-06-23"),
        ("1st March 2018", "2018-03-01"),
        ("May 9, 2018", "2018-05-09"),
        ("5 5ep 2018", "2018-09-05"),  # OCR slips
        ("O1/O2/2O18", "2018-02-01"),
        ("l1/01/2018", "2018-01-11"),
        ("11. März 2014", "2014-03-11"),
        ("24. Januar 2014", "2014-01-24"),
        ("16 février 2019", "2019-02-16"),
        ("3 de octubre 2019", None),
        ("20180428/191204", "2018-04-28"),
        ("25032018", "2018-03-25"),
    ],
)
def test_a_date_is_read_in_every_shape(text: str, iso: str | None) -> None:
    assert dates_in("Date " + text) == ([iso] if iso else [])


@pytest.mark.parametrize(
    "text",
    [
        "Tel 03-5542 3228",
        "Invoice RE-20190610/507",
        "T03-18/199913",
        "6% 3.49 .21",
        "31/02/2018",
        "Jalan SS 15/4B 47500",
        "12 marketing 2018",
        "RM 12.50 1.20",
    ],
)
def test_other_text_is_no_date(text: str) -> None:
    assert dates_in(text) == []


@pytest.mark.parametrize(
    ("rows", "isos"),
    [
        (["03/04/2018", "25/12/2018"], ["2018-04-03", "2018-12-25"]),
        (["03/04/2018", "12/25/2018"], ["2018-03-04", "2018-12-25"]),  # the second date gives the order away
        (["Kuala Lumpur Malaysia", "03/04/2018"], ["2018-04-03"]),
        (["New York USA", "03/04/2018"], ["2018-03-04"]),
    ],
)
def test_day_and_month_stand_as_the_document_or_its_country_has_them(rows: list[str], isos: list[str]) -> None:
    assert dates_in(*rows) == isos


def test_the_other_readings_of_a_short_date_are_kept() -> None:
    (printed,) = read("Date 10/11/12").dates
    assert (printed.value, set(printed.other_values)) == (date(2012, 11, 10), {date(2012, 10, 11), date(2010, 11, 12)})
