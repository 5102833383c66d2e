"""Numbers of invoices and receipts: which spellings are of one number."""

import re

_MIN_DIGITS = 3
"""Digits behind a series that may be missing elsewhere: in `A-12`, the 12 could be anything."""


def same_number(first: str, second: str) -> bool:
    """Whether two texts are one number: `000.000.780` and `780`, `FS CDVF/12345` and `FS-CDVF 12345`, `T-27174` and `27174`.

    Codes have numbers as values, pages print them with leading zeros, groups, and with or without their series.
    """
    one, other = sorted((_plain(first), _plain(second)), key=len)
    if one == other:
        return bool(one)
    series, digits = other.removesuffix(one), sum(map(str.isdecimal, one))
    return len(series) < len(other) and series.isalpha() and one.isdecimal() and digits >= _MIN_DIGITS


def _plain(text: str) -> str:
    """Letters and digits, without the leading zeros of a group of digits."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", text).casefold())
