import importlib.util
from datetime import date
from pathlib import Path

import pytest

from ocr_pipeline.values import calendars
from ocr_pipeline.values.months import month_of, weekdays

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_month_names.py"


@pytest.mark.parametrize(
    ("year", "month", "day", "iso"),
    [(1, 1, 1, "0622-07-19"), (1445, 9, 1, "2024-03-11"), (1445, 8, 24, "2024-03-05"), (1400, 12, 30, None)],
)
def test_islamic_dates(year: int, month: int, day: int, iso: str | None) -> None:
    if iso is None:
        with pytest.raises(ValueError, match="Islamic"):
            calendars.hijri_date(year, month, day)
    else:
        assert calendars.hijri_date(year, month, day) == date.fromisoformat(iso)


def test_years_of_other_calendars() -> None:
    assert calendars.gregorian_year(2567) == 2024
    assert calendars.gregorian_year(2024) == 2024
    assert calendars.buddhist_short_year(67) == 2024
    assert calendars.era_year("令和", 6) == 2024
    assert calendars.era_year("R", 1) == 2019
    assert calendars.era_year("X", 1) is None
    assert calendars.minguo_year(113) == 2024


@pytest.mark.parametrize(
    "name",
    [
        "March",
        "Mar.",
        "März",
        "mars",
        "marzo",
        "março",
        "marca",
        "března",
        "марта",
        "березня",
        "maaliskuuta",
        "مارس",
        "मार्च",
    ],
)
def test_names_of_a_month(name: str) -> None:
    assert month_of(name) == 3


def test_names_of_weekdays() -> None:
    assert {"monday", "montag", "lundi", "pazartesi"} <= weekdays()


def test_names_are_those_of_babel() -> None:
    spec = importlib.util.spec_from_file_location("make_month_names", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PATH.read_text("utf-8") == module.text(), "run scripts/make_month_names.py"
