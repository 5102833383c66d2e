"""Writes `ocr_pipeline/values/month_names.json`: names of months and weekdays in all languages of CLDR, as Babel ships it.

usage: python scripts/make_month_names.py [--check]

Wide and abbreviated names, as they stand alone and within dates. Where two languages call two months the same (`listopad`
is November in Polish and October in Croatian), the language with more speakers has it; abbreviations of two or three
letters are kept for widely spoken languages only. A test compares the file with Babel; `--check` compares and writes
nothing.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.localedata import locale_identifiers

from ocr_pipeline.values.months import fold

PATH = Path(__file__).parents[1] / "ocr_pipeline" / "values" / "month_names.json"
_FIRST = (
    "en de fr es it pt nl ru uk pl cs sk sv da nb nn fi hu ro el tr ar he ja zh ko th vi id ms hi bn ta te mr gu kn ml pa ur "
    "fa bg sr hr sl lt lv et is sq mk ca eu gl ga cy af sw fil ka hy az kk uz mn my km lo si ne am"
)
WIDELY_SPOKEN = tuple(_FIRST.split())
"""In this order: a language before another has a name that both use."""
MIN_LETTERS = 4
"""Names of fewer letters are kept for `WIDELY_SPOKEN` only."""


def languages() -> list[str]:
    known = {identifier for identifier in locale_identifiers() if "_" not in identifier}
    variants = ["sr_Latn", "uz_Cyrl", "de_AT", "pt_PT", "es_MX", "pa_Arab"]
    return [*WIDELY_SPOKEN, *variants, *sorted(known - set(WIDELY_SPOKEN) - {"root"})]


def names(language: str, kind: str) -> Iterator[tuple[int, str]]:
    """Number and folded name of each month (`months`) or weekday (`days`)."""
    table = getattr(Locale.parse(language), kind)
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in table.get(context, {}).get(width, {}).items():
                yield int(number), fold(name)


def is_kept(name: str, language: str) -> bool:
    letters = sum(map(str.isalpha, name))
    long = MIN_LETTERS if language not in WIDELY_SPOKEN else 2
    return " " not in name and letters >= (long if name.isascii() else min(long, 2)) and letters == len(name)


def text() -> str:
    months: dict[str, int] = {}
    weekdays: set[str] = set()
    for language in languages():
        for number, name in names(language, "months"):
            if is_kept(name, language):
                months.setdefault(name, number)
        weekdays |= {name for _, name in names(language, "days") if is_kept(name, language)}
    content = {"months": dict(sorted(months.items())), "weekdays": sorted(weekdays)}
    return json.dumps(content, ensure_ascii=False, indent=0) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the file; write nothing")
    if parser.parse_args().check:
        return int(PATH.read_text("utf-8") != text())
    PATH.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
