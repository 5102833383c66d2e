"""Writes `extraction/rules/lexicon/country_names.json`: how countries are called in addresses, from CLDR through Babel.

usage: python scripts/make_country_names.py

Names in English, in the country's own languages and in those that many addresses are written in. Names that are other words as
well (Chad, Georgia, Jersey, Jordan, Turkey ...) are left out, like those in scripts without spaces.
"""

import json
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages

TARGET = Path(__file__).parents[1] / "ocr_pipeline" / "extraction" / "rules" / "lexicon" / "country_names.json"
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv")
NO_COUNTRIES = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB", "AC", "CP", "DG", "EA", "IC", "TA", "AQ", "BV", "HM"}
OTHER_WORDS = {
    "chad", "georgia", "jersey", "jordan", "turkey", "guinea", "mali", "niger", "togo", "man", "reunion", "cuba", "malta",
    "guernsey", "dominica", "montserrat", "martinique", "oman", "china", "india", "japan", "indonesia", "cile", "peru",
    "benin", "gabon", "grenada", "polen", "island", "luxembourg", "mexico", "brazil", "panama", "samoa", "palau", "aruba",
}  # fmt: skip
"""Names that are also first names, dishes, shops, states or common words, or that stand in `origin.yaml` with less weight."""


def names(code: str) -> list[str]:
    """All names of a country, lower case, without doubles."""
    found: dict[str, None] = {}
    for language in (*LANGUAGES, *get_official_languages(code, de_facto=True)):
        try:
            name = Locale.parse(language).territories.get(code, "")
        except UnknownLocaleError:
            continue
        name = name.casefold().split(" (")[0]
        spaced = all(character < "\u0590" for character in name)
        if len(name) > 3 and name not in OTHER_WORDS and spaced:
            found[name] = None
    return list(found)


def main() -> None:
    codes = [
        code for code in Locale("en").territories if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
    ]
    made = {code: names(code) for code in sorted(codes) if code != "CQ"}
    lines = ",\n".join(f"{json.dumps(code)}: {json.dumps(of, ensure_ascii=False)}" for code, of in made.items() if of)
    TARGET.write_text(f"{{\n{lines}\n}}\n", "utf-8")


if __name__ == "__main__":
    main()
