import importlib.util
from pathlib import Path

import pytest

from ocr_pipeline.values import currencies
from ocr_pipeline.values.currencies import codes_of, decimals, is_weak, is_without_cents

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_currency_names.py"


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("€", "EUR"), ("EURO", "EUR"), ("Euros", "EUR"), ("CHF", "CHF"), ("Fr.", "CHF"), ("SFr.", "CHF"),
        ("Kč", "CZK"), ("zł", "PLN"), ("Ft", "HUF"), ("лв.", "BGN"), ("грн.", "UAH"), ("руб.", "RUB"), ("₽", "RUB"),
        ("₺", "TRY"), ("TL", "TRY"), ("R$", "BRL"), ("RM", "MYR"), ("Rs.", "INR"), ("₹", "INR"), ("S$", "SGD"),
        ("A$", "AUD"), ("NZ$", "NZD"), ("HK$", "HKD"), ("NT$", "TWD"), ("CA$", "CAD"), ("Bs", "BOB"), ("S/", "PEN"),
        ("S/.", "PEN"), ("Q", "GTQ"), ("₦", "NGN"), ("KSh", "KES"), ("R", "ZAR"), ("Dhs", "AED"), ("SR", "SAR"),
        ("฿", "THB"), ("บาท", "THB"), ("₫", "VND"), ("đ", "VND"), ("円", "JPY"), ("￥", "JPY"), ("元", "CNY"),
        ("RMB", "CNY"), ("CN¥", "CNY"), ("원", "KRW"), ("₩", "KRW"), ("Rp.", "IDR"), ("ש״ח", "ILS"), ("د.إ", "AED"),
        ("US Dollar", "USD"), ("Schweizer Franken", "CHF"), ("francs suisses", "CHF"), ("$", "USD"), ("kr.", "SEK"),
        ("TRY", "TRY"),
    ],
)  # fmt: skip
def test_likeliest_currency_of_a_spelling(spelling: str, code: str) -> None:
    assert codes_of(spelling)[0] == code


def test_a_shared_sign_names_all_its_currencies() -> None:
    assert {"USD", "CAD", "AUD", "MXN", "ARS"} <= set(codes_of("$"))
    assert set(codes_of("kr")) == {"SEK", "NOK", "DKK", "ISK"}
    assert set(codes_of("¥")) == {"JPY", "CNY"}


@pytest.mark.parametrize("word", ["try", "top", "all", "pen", "total", "", "xyz"])
def test_words_are_no_currencies(word: str) -> None:
    assert codes_of(word) == ()


def test_minor_units_are_those_of_iso_4217() -> None:
    assert {code: decimals(code) for code in ("EUR", "HUF", "IDR", "COP", "JPY", "KWD", "XOF", "CLP")} == {
        "EUR": 2, "HUF": 2, "IDR": 2, "COP": 2, "JPY": 0, "KWD": 3, "XOF": 0, "CLP": 0,
    }  # fmt: skip
    assert all(map(is_without_cents, ("IDR", "JPY", "KRW", "VND", "CLP", "HUF", "ISK", "COP", "PYG", "TWD")))
    assert not any(map(is_without_cents, ("EUR", "USD", "KWD", "INR", "SEK")))


def test_every_spelling_belongs_to_known_codes() -> None:
    codes = currencies.all_codes()
    assert {code for of in currencies.all_spellings().values() for code in of} == codes
    assert all(code.casefold() in currencies.spellings_of(code) for code in codes)
    assert len(codes) > 180


def test_weak_spellings() -> None:
    assert all(map(is_weak, ("fr", "R", "TOP", "km", "Q")))
    assert not any(map(is_weak, ("€", "RM", "CHF", "R$", "zł")))


def test_names_are_those_of_babel() -> None:
    spec = importlib.util.spec_from_file_location("make_currency_names", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PATH.read_text("utf-8") == module.text(), "run scripts/make_currency_names.py"
