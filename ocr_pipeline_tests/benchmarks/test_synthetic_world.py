"""The synthetic pages print numbers, dates and ids as CLDR and python-stdnum have them, and their sums are right."""

import sys
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

values: Any = import_module("synthetic_values")
layouts: Any = import_module("synthetic_layouts")
world: Any = import_module("synthetic_world")

PAGES = values.pages()
OF_TODAY = {"my", "sg", "de", "at", "ch", "fr", "es", "it", "gb", "us"}


def spaces(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")


@pytest.mark.parametrize("code", values.countries())
def test_first_number_style_is_that_of_cldr(code: str) -> None:
    from babel.numbers import format_decimal

    country = values.countries()[code]
    digits = country.get("digits", 2)
    pattern = "#,##,##0" if country["numbers"][0].startswith("12,") else "#,##0"
    for amount in ("1234567.89", "98765.4", "12.5"):
        value = Decimal(amount).quantize(Decimal(1).scaleb(-digits))
        cents = f".{'0' * digits}" if digits else ""
        expected = spaces(format_decimal(value, pattern + cents, locale=country["locale"]))
        assert values.printed_number(value, country["numbers"][0], digits) == expected


@pytest.mark.parametrize(
    ("sample", "value", "digits", "printed"),
    [
        ("12,34,567.89", "1234567.5", 2, "12,34,567.50"),
        ("1 234 567,89", "-1500", 2, "-1 500,00"),
        ("1234567.89", "1500", 2, "1500.00"),
        ("1.234.567,89", "1500", 0, "1.500"),
    ],
)
def test_number_follows_the_sample(sample: str, value: str, digits: int, printed: str) -> None:
    assert values.printed_number(Decimal(value), sample, digits) == printed


@pytest.mark.parametrize(
    ("pattern", "locale", "printed"),
    [
        ("long", "nl_NL", "4 maart 2024"),
        ("long", "cs_CZ", "4. března 2024"),
        ("{d}.{m}.{y}", "fi_FI", "4.3.2024"),
        ("buddhist", "th_TH", "4 มีนาคม 2567"),
        ("era", "ja_JP", "令和6年3月4日"),
    ],
)
def test_dates(pattern: str, locale: str, printed: str) -> None:
    assert values.printed_date(date(2024, 3, 4), pattern, locale) == printed


def test_sixty_pages_of_at_least_15_new_countries_a_third_held_out() -> None:
    names = [page.name for page in PAGES]
    assert len(set(names)) == 60
    assert len({page.country["currency"] for page in PAGES}) >= 15
    assert len({page.code.partition("-")[0] for page in PAGES} - OF_TODAY) >= 15
    assert len(world.held_out(names)) == 20
    assert {page.layout for page in PAGES} == set(values.LAYOUTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_prints_what_its_label_says(page: Any) -> None:
    content, keys = layouts.html(page)
    label = world.label(page, keys)["invoice"]
    again = next(other for other in values.pages() if other.name == page.name)
    assert layouts.html(again)[0] == content
    sums = {key: Decimal(label[key]) for key in ("net_amount", "total_tax_amount", "total_amount") if key in label}
    if len(sums) == 3:
        assert sums["net_amount"] + sums["total_tax_amount"] == sums["total_amount"]
    for amount in sums.values():
        assert page.number_of(amount) in content
        assert amount == amount.quantize(Decimal(1).scaleb(-page.digits))
    assert page.on(page.day) in content
    assert label["invoice_id"] in content
    assert label["supplier_tax_id"] in content


@pytest.mark.parametrize("code", values.countries())
def test_tax_ids_have_right_check_digits(code: str) -> None:
    import random

    spec = values.countries()[code]["tax_id"]
    number = values.tax_number(spec, random.Random(code))
    assert values.accepts(spec["check"])(number)
    assert values.grouped(number, spec["print"][0])
