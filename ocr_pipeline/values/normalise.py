"""From the text of a value to the value: amounts, dates, names and identifiers.

Needed where a value comes as text: foreign labels, and extractors that read words. Every parser returns None for a
text that it does not understand as a whole. It never guesses around unknown words, so that what is unparseable can be
counted.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Literal

# Replaced before NFKC, which would turn the acute accent into a space and a combining mark.
_APOSTROPHES = "\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}\N{GRAVE ACCENT}"
_DASHES = "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
_PLAIN = str.maketrans(dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_DASHES, "-"))

_LONGEST = 64
"""Characters. An amount or a date is shorter; anything longer is a text that was handed over by mistake."""


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text.translate(_PLAIN)).casefold().split())


# ---- amounts ---------------------------------------------------------------------------------------------------------

_THREE_DECIMALS = frozenset({"bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"})
"""Currencies with three decimals (ISO 4217, minor unit 3)."""

_CURRENCY = (
    r"(?:(?:us|a|c|s|hk|nt|nz|r)?[$]|[€£¥₩₹₺₽₫₱₦₴₪฿]"
    r"|euro|eur|usd|gbp|chf|sek|nok|dkk|isk|pln|zł|czk|kč|huf|ft|ron|lei|bgn|try|tl|rub|uah"
    r"|rm|myr|sgd|idr|thb|php|vnd|krw|jpy|cny|rmb|inr|hkd|twd|aud|nzd|cad|brl|mxn|zar|aed|sar"
    r"|bhd|iqd|jod|kwd|lyd|omr|tnd|(?:sfr|fr|kr|rp|rs)\.?)"
)
_AMOUNT = re.compile(
    rf"(?P<sign1>[-+]?) ?(?P<currency1>{_CURRENCY}?) ?(?P<sign2>[-+]?) ?"
    r"(?P<number>[\d.,](?:[\d.,' ]*[\d.,])?)"
    rf" ?(?P<sign3>-?) ?(?P<currency2>{_CURRENCY}?) ?(?P<sign4>-?)"
)
_PARENTHESES = re.compile(r"([^\d()]*)\(([^()]*)\)([^\d()]*)")
_GROUPED = re.compile(
    r"\d*"
    r"|\d{1,3}(?P<mark>[., '])\d{3}(?:(?P=mark)\d{3})*"
    r"|\d{1,2}(?:,\d{2})+,\d{3}"  # Indian: 1,23,456
)


def parse_amount(
    text: str, *, decimal_separator: Literal[".", ","] | None = None, currency: str | None = None
) -> Decimal | None:
    """Read a printed amount of money: `1.234,56`, `RM 1,234.56`, `1'234.56`, `12,50- €`, `(12.50)`, `12,--`.

    Returns the amount in the currency's main unit with the decimals as printed, or None where the text is not one
    amount. A minus before or after, or parentheses, make it negative. A currency sign or code may stand on either side.

    Which mark is the decimal one: where `.` and `,` both occur, the last. Where one occurs several times, none: it
    groups thousands. Space and apostrophe only ever group. Where one occurs once, it is the decimal mark, except in the
    one shape that can be read both ways: one to three digits, mark, three digits (`1.234`, not `0.234`). That shape is
    read as thousands, because money is printed with two decimals, unless `decimal_separator` names this mark or the
    currency (in the text, or `currency` as ISO 4217) has three decimals. `decimal_separator` never overrules a text
    that is clear.
    """
    if len(text) > _LONGEST or any(unicodedata.category(character) == "No" for character in text):
        return None  # raised cents (12⁵⁰) and fractions would silently become other numbers in NFKC
    plain = _plain(text)
    plain = re.sub(r"(?<=\d)€(?=\d\d$)", ",", plain)  # French: 12€50
    plain = re.sub(r"(?<=\d)([.,]) ?-{1,2}(?! ?\d)", r"\g<1>00", plain)  # no cents: 12,- and 12.--
    parentheses = _PARENTHESES.fullmatch(plain)
    if parentheses:
        plain = "".join(parentheses.groups()).strip()
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        return None
    signs = "".join(match[f"sign{i}"] for i in (1, 2, 3, 4))
    if len(signs) + bool(parentheses) > 1:
        return None
    currencies = {match["currency1"], match["currency2"], (currency or "").casefold()}
    number = _parse_number(match["number"], decimal_separator, three_decimals=bool(currencies & _THREE_DECIMALS))
    if number is None:
        return None
    return -number if signs == "-" or parentheses else number


def _parse_number(number: str, decimal_separator: str | None, *, three_decimals: bool) -> Decimal | None:
    number = re.sub(r" ?([.,]) ?", r"\1", number)  # OCR puts spaces around marks
    marks = [character for character in number if character in ".,"]
    decimal_mark: str | None = marks[-1] if marks else None
    if len(marks) > 1 and len(set(marks)) == 1:
        decimal_mark = None
    elif len(marks) == 1 and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", number):
        decimal_mark = marks[0] if three_decimals or decimal_separator == marks[0] else None
    whole, fraction = number, ""
    if decimal_mark:
        whole, _, fraction = number.rpartition(decimal_mark)
    digits = re.sub(r"\D", "", whole)
    if not _GROUPED.fullmatch(whole) or re.search(r"\D", fraction) or not digits + fraction:
        return None
    return Decimal(f"{digits or '0'}.{fraction}" if fraction else digits)


# ---- dates -----------------------------------------------------------------------------------------------------------

# English, German, French, Spanish, Italian and Malay; without accents, as the lookup strips them.
_MONTH_NAMES: tuple[str, ...] = (
    "jan january januar janner janv janvier ene enero gen gennaio januari",
    "feb february februar feber fev fevr fevrier febrero febbraio februari",
    "mar march marz maerz mrz mars marzo mac",
    "apr april avr avril abr abril aprile",
    "may mai mayo mag maggio mei",
    "jun june juni juin junio giu giugno",
    "jul july juli juil juillet julio lug luglio julai",
    "aug august aout ago agosto ogos ogo",
    "sep sept september septembre septiembre setiembre set sett settembre",
    "oct october okt oktober octobre octubre ott ottobre",
    "nov november novembre noviembre",
    "dec december dez dezember decembre dic diciembre dicembre dis disember",
)
_MONTHS: dict[str, int] = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}

_WEEKDAY_NAMES = (
    "mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday "
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag "
    "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche "
    "mie jue vie sab dom lunes martes miercoles jueves viernes sabado domingo "
    "gio lunedi martedi mercoledi giovedi venerdi sabato domenica "
    "isnin selasa rabu khamis jumaat sabtu ahad"
)
_WEEKDAYS = frozenset(_WEEKDAY_NAMES.split())
_FILLERS = frozenset(["st", "nd", "rd", "th", "er", "o", "a", "de", "del", "of", "the", "den", "le", "il"])
"""Ordinal endings (1st, 1er, 1º) and articles (15 de enero de 2019)."""

_TIME = re.compile(
    r"(?:(?<=\d)t)?(?<![\d.:/-])"
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:[ap]\.? ?m\b\.?|uhr|hrs?|h|z))?(?:[+-]\d{2}:?\d{2}(?!\d))?"
    r"|\d{1,2}[.h]\d{2} ?uhr|\d{1,2}h\d{2})(?!\d)"
)
_PART = re.compile(r"\d+|[^\W\d_]+")


def parse_date(text: str, *, day_first: bool) -> date | None:
    """Read a printed date: `24/03/2018`, `24-3-18`, `24 MAR 2018`, `Oct 3, 2016`, `20180324`, `1er février 2019`.

    `day_first` says how to read numbers alone: True for `day month year`, False for `month day year`. It comes from the
    data set or from the document and has no default, as a library's silent month-first default shifts dates unseen. A
    text that is impossible in the stated order (`03/25/2018` with day first) is None, never swapped. It has no effect
    on a year of four digits in front (year month day) or on a month that is written out (English, German, French,
    Spanish, Italian, Malay).

    A year of two digits stands last and means 1969..2068, as in POSIX strptime %y; one of four digits is 1900..2099. A
    weekday, a time and brackets around the date are ignored. Eight digits alone are year month day where that is a
    date, else in the stated order: within 1900..2099 no text is both.
    """
    if len(text) > _LONGEST:
        return None
    decomposed = unicodedata.normalize("NFKD", _plain(text))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    plain = _TIME.sub(" ", plain)
    if re.search(r"[^ ./,'()\[\]°-]", _PART.sub("", plain)):
        return None
    parts = [part for part in _PART.findall(plain) if part not in _FILLERS]
    parts = [part for part in parts if part not in _WEEKDAYS or part in _MONTHS]
    if len(parts) == 4 and parts[0] in _WEEKDAYS:
        parts = parts[1:]  # "mar 12 mars 2019": a Tuesday, not a second month
    if len(parts) == 1 and re.fullmatch(r"\d{8}", parts[0]):
        digits = parts[0]
        year_first = _date(digits[:4], digits[4:6], digits[6:])
        return year_first or _ordered_date(digits[:2], digits[2:4], digits[4:], day_first=day_first)
    if len(parts) != 3:
        return None
    first, second, third = parts
    if len(first) == 4 and first.isdecimal():
        return _date(first, second, third)
    if first.isdecimal() and second.isdecimal():
        return _ordered_date(first, second, third, day_first=day_first)
    return _date(third, first, second) if first in _MONTHS else _date(third, second, first)


def _ordered_date(first: str, second: str, year: str, *, day_first: bool) -> date | None:
    return _date(year, second, first) if day_first else _date(year, first, second)


def _date(year: str, month: str, day: str) -> date | None:
    month_number = _MONTHS.get(month) or (int(month) if month.isdecimal() and len(month) <= 2 else 0)
    if not (year.isdecimal() and day.isdecimal() and len(day) <= 2):
        return None
    year_number = int(year)
    if len(year) == 2:
        year_number += 2000 if year_number <= 68 else 1900
    elif len(year) != 4 or not 1900 <= year_number <= 2099:
        return None
    try:
        return date(year_number, month_number, int(day))
    except ValueError:
        return None


# ---- names and identifiers -------------------------------------------------------------------------------------------


def normalise_name(text: str) -> str:
    """Unicode NFKC, casefold, and without anything but letters, their accents and digits.

    `LIDL  GmbH & Co. KG` and `Lidl GmbH&Co.KG` become `lidlgmbhcokg`: where an engine saw a space, or a printer left one
    out, says nothing about whether the name was read.
    """
    return "".join(_letters_and_digits(text).split())


def normalise_identifier(text: str) -> str:
    """The same for numbers and codes: `DE 123-456.789` becomes `de123456789`."""
    return normalise_name(text)


def _letters_and_digits(text: str) -> str:
    """Everything but letters, their marks and digits becomes a space; invisible characters (soft hyphen) go."""
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    folded = unicodedata.normalize("NFKC", visible).casefold()
    folded = unicodedata.normalize("NFKC", folded)  # casefolding can decompose; this makes the result stable
    kept: list[str] = []
    for character in folded:
        category = unicodedata.category(character)[0]
        if category in "LN" or (category == "M" and kept and kept[-1] != " "):
            kept.append(character)
        elif category != "M":  # a mark on nothing is half of what NFKC makes of an accent that stands alone
            kept.append(" ")
    return "".join(kept)
