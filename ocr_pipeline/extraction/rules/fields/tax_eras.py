"""Years in which a tax existed: a date before them, on a page that names the tax, has a misread year.

Labels of a tax outlive it, so a later date proves nothing.
"""

import re
from datetime import date

from ocr_pipeline.extraction.rules.reading import Reading

YEAR_MISREAD = "year before the tax"

_ERAS = {
    "MY": (
        re.compile(r"\bGST", re.IGNORECASE),
        2015,
        2018,
    ),  # Goods and Services Tax Act 2014, repealed on 1 September 2018
    "IN": (re.compile(r"\b[CSI]?GST", re.IGNORECASE), 2017, 2099),  # 101st Amendment, in force from 1 July 2017
    "AE": (re.compile(r"\bVAT\b|\bTRN\b"), 2018, 2099),  # Federal Decree-Law 8 of 2017
    "SA": (re.compile(r"\bVAT\b"), 2018, 2099),  # Royal Decree M/113 of 2017
}
_LOOKALIKES = ("38", "08", "17", "68", "98", "56", "35", "58", "14")
"""Digits that OCR takes for each other, the likeliest first."""


def era(reading: Reading) -> tuple[int, int] | None:
    """First and last year of the tax that a document names; None if it names none with a known time."""
    known = _ERAS.get(reading.region.code) if reading.region else None
    if known is None or not any(known[0].search(row.text) for row in reading.rows):
        return None
    return known[1:]


def corrected(value: date, years: tuple[int, int]) -> date | None:
    """The date with one digit of its year read as a similar one, so that it is within these years; None if none is."""
    printed = str(value.year)
    for pair in _LOOKALIKES:
        for position in (3, 2):
            if printed[position] in pair:
                other = pair.replace(printed[position], "")
                year = int(printed[:position] + other + printed[position + 1 :])
                if years[0] <= year <= years[1] and (value.month, value.day) != (2, 29):
                    return value.replace(year=year)
    return None
