"""Names of months and weekdays in all languages of CLDR, and the small words of dates.

The names of `month_names.json` are written by `scripts/make_month_names.py` from Babel; `vocabulary` adds what CLDR lacks.
"""

import json
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ocr_pipeline.values.vocabulary import MONTHS, WEEKDAYS

_HEBREW_IN = "ב"
"""Hebrew `in` is written together with the month."""

ROMAN: Mapping[str, int] = {
    name: number
    for number, name in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], start=1)
}
"""Months in Roman numerals, lower case: 05.III.2024."""

THAI_ABBREVIATIONS: Mapping[str, int] = {
    name: number
    for number, name in enumerate(
        ("ม.ค", "ก.พ", "มี.ค", "เม.ย", "พ.ค", "มิ.ย", "ก.ค", "ส.ค", "ก.ย", "ต.ค", "พ.ย", "ธ.ค"), start=1
    )
}
"""Thai abbreviations of months, without the dot at their end. Folding would make January of March."""

HIJRI_MONTHS: Mapping[str, int] = {
    "محرم": 1, "المحرم": 1, "صفر": 2, "muharram": 1, "safar": 2, "رجب": 7, "rajab": 7, "شعبان": 8, "shaaban": 8, "shaban": 8,
    "رمضان": 9, "ramadan": 9, "ramazan": 9, "شوال": 10, "shawwal": 10,
}  # fmt: skip
"""Months of the Islamic calendar whose names are one word, folded."""

_FILLERS_TEXT = (
    "st nd rd th er re eme ro o a os day "  # ordinal endings: 1st, 1er, 1º
    "de del d of the den le il el la dia do di da am vom on "  # articles and prepositions: 15 de enero de 2019
    "ngay nam thang m r г года год р року рік roku gada ano an anno"  # the words for day, month and year
)
FILLERS = frozenset(_FILLERS_TEXT.split())
"""Words within a date that say nothing, folded."""


@lru_cache(maxsize=65536)
def fold(name: str) -> str:
    """Lower case without accents, vowel signs and dots: `Févr.` becomes `fevr`."""
    plain = unicodedata.normalize("NFKD", name).casefold().replace("ł", "l").replace("đ", "d").replace("ı", "i")
    return "".join(c for c in plain if unicodedata.category(c)[0] not in "MC").strip(" .'’")


def month_of(name: str) -> int | None:
    """The number of the month that a printed name or abbreviation means."""
    if "." in name and name.rstrip(".") in THAI_ABBREVIATIONS:
        return THAI_ABBREVIATIONS[name.rstrip(".")]
    folded = fold(name)
    return months().get(folded) or months().get(folded.removeprefix(_HEBREW_IN))


@lru_cache(maxsize=1)
def months() -> dict[str, int]:
    """Folded name -> number of the month."""
    known: dict[str, int] = _data()["months"]
    return known | {fold(name): number for name, number in MONTHS.items()}


@lru_cache(maxsize=1)
def weekdays() -> frozenset[str]:
    """Folded names and abbreviations of weekdays."""
    return WEEKDAYS | frozenset(_data()["weekdays"])


@lru_cache(maxsize=1)
def _data() -> Any:
    return json.loads(Path(__file__).with_name("month_names.json").read_text("utf-8"))
