"""Ways to print an amount or a date, to find it among the words of a page."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from ocr_pipeline.values.amounts import parse_amount

_INSIDE = re.compile(r"\d[\d.,']*\d|\d")


def number_spellings(texts: Sequence[str]) -> Iterator[str]:
    """Yield what may be an amount in these words: all of them or, in one word, the digits in it: `TOTAL9.00SR`."""
    if len(texts) == 1:
        yield from _INSIDE.findall(texts[0])
        return
    yield " ".join(texts)
    yield "".join(texts)


def amounts(text: str) -> set[Decimal]:
    """Return every amount that a text can mean, positive and in cents."""
    plain = text.strip(" :;*#%()")
    values = {
        parse_amount(plain),
        parse_amount(plain, decimal_separator="."),
        parse_amount(plain, decimal_separator=","),
    }
    try:
        return {abs(value).quantize(Decimal("0.01")) for value in values if value is not None}
    except InvalidOperation:
        return set()


def has_decimals(text: str) -> bool:
    """Whether a text has two decimals or a currency sign."""
    return re.search(r"[.,]\s?\d\d(?!\d)|[€$£¥]", text) is not None


def amount_spellings(cents: Decimal) -> list[str]:
    """Return common spellings of an amount, to compare with misread text."""
    plain, grouped = f"{cents:.2f}", f"{cents:,.2f}"
    swapped = grouped.translate(str.maketrans(".,", ",."))
    return list(dict.fromkeys([plain, grouped, swapped, plain.replace(".", ","), f"rm{plain}", f"${plain}"]))


def date_pattern(value: date) -> re.Pattern[str]:
    """Match every way to print this date. The groups `name` and `name_first` hold a month in letters, yet to be checked."""
    day, month = (f"0?{number}" if number < 10 else str(number) for number in (value.day, value.month))
    year = rf"(?:{value.year}|'?{value.year % 100:02d})"
    mark, loose = r"\s?[-/.,~ ]\s?", r"[-/.,'~\s]{0,3}"
    start, end = r"(?:(?<!\d)|(?<=:\d\d))", r"(?:(?!\d)|(?=\d{1,2}[:.]\d\d))"
    ordinal = r"(?:st|nd|rd|th|er|\.)?"
    numeric = "|".join(mark.join(order) for order in ((day, month, year), (month, day, year), (year, month, day)))
    compact = f"{value:%Y%m%d}|{value:%d%m%Y}|{value:%m%d%Y}"
    name = r"[^\W\d_]{3,10}\.?"
    return re.compile(
        rf"{start}(?:{numeric}|{compact}){end}"
        rf"|{start}(?:{day}{ordinal}{loose}(?:(?:de|of){loose})?(?P<name>{name}){loose}(?:(?:de|of){loose})?{year}){end}"
        rf"|(?P<name_first>{name}){loose}{day}{ordinal}{loose}{value.year}{end}",
        re.IGNORECASE,
    )


def date_spellings(value: date) -> list[str]:
    """Return common spellings of a date, to compare with misread text."""
    day, month, year = value.day, value.month, value.year
    orders = [
        f"{value:%d/%m/%Y}",
        f"{value:%d/%m/%y}",
        f"{day}/{month}/{year}",
        f"{value:%Y/%m/%d}",
        f"{value:%m/%d/%Y}",
    ]
    named = [f"{value:%d%b%Y}", f"{value:%d-%b-%Y}", f"{value:%d%b%y}", f"{value:%b%d,%Y}"]
    numeric = [text.replace("/", mark) for text in orders for mark in "/-."]
    return list(dict.fromkeys(text.casefold() for text in [*numeric, *named, f"{value:%Y%m%d}"]))
