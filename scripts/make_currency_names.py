"""Writes `ocr_pipeline/values/currency_names.json`: codes and names of currencies from CLDR, as Babel ships it.

usage: python scripts/make_currency_names.py [--check]

Importing Babel's locale data takes longer than reading a document, so that the names are kept in a file. A test compares
the file with Babel. `--check` compares and writes nothing.
"""

import argparse
import json
import sys
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.numbers import get_currency_symbol

from ocr_pipeline.values.currencies import fold

PATH = Path(__file__).parents[1] / "ocr_pipeline" / "values" / "currency_names.json"
USED_SINCE = 2000
"""Currencies that were legal tender in this year or later: scanned paper may be old."""
_MAJOR = "USD EUR GBP CHF JPY CNY AUD CAD INR BRL SEK NOK DKK PLN CZK HUF TRY RUB UAH MXN KRW"
MAJOR = frozenset(_MAJOR.split())
"""Currencies whose names are kept in the languages of the whole world; others in those of their own countries and English."""
_WIDELY_SPOKEN = "en de fr es it pt nl ru uk pl cs sv da nb fi hu ro el tr ar he ja zh ko th vi id ms hi"
MIN_SHARE = 5.0
"""Percent of the people of a country who use a language whose names are kept."""


def currencies() -> dict[str, list[str]]:
    """Code of each currency in use -> territories where it is legal tender."""
    territories: dict[str, list[str]] = {}
    for territory, periods in sorted(get_global("territory_currencies").items()):
        for code, _start, end, tender in periods:
            if tender and (end is None or end[0] >= USED_SINCE):
                territories.setdefault(code, []).append(territory)
    return dict(sorted(territories.items()))


def languages(code: str, territories: list[str]) -> set[str]:
    spoken = get_global("territory_languages")
    own = {
        language
        for territory in territories
        for language, use in spoken.get(territory, {}).items()
        if use["population_percent"] >= MIN_SHARE or use["official_status"]
    }
    return own | set(_WIDELY_SPOKEN.split()) if code in MAJOR else own | {"en"}


def names(code: str, territories: list[str]) -> list[str]:
    """Names and signs of a currency in all the languages that are kept; single letters are left out."""
    found: set[str] = set()
    for language in languages(code, territories):
        try:
            locale = Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            continue
        own = locale._data["currency_names_plural"].get(code, {})
        found |= {locale.currencies.get(code, ""), *own.values(), get_currency_symbol(code, locale)}
    folded = {fold(name) for name in found}
    return sorted(
        name for name in folded - {"", code.casefold()} if len(name) > 1 or not name.isalpha() or name in "円元"
    )


def text() -> str:
    without_cents = sorted(code for code, digits in get_global("currency_fractions").items() if digits[0] == 0)
    in_use = currencies()
    entries = [
        f"    {json.dumps(code)}: {json.dumps(names(code, territories), ensure_ascii=False)}"
        for code, territories in in_use.items()
    ]
    without = json.dumps([code for code in without_cents if code in in_use])
    return f'{{\n  "without_cents": {without},\n  "names": {{\n' + ",\n".join(entries) + "\n  }\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the file; write nothing")
    if parser.parse_args().check:
        return int(PATH.read_text("utf-8") != text())
    PATH.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
